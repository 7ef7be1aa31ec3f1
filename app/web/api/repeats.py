"""The same request twice, as after a lost answer: with the same Idempotency-Key it is carried out once.

Kept in this process for an hour, so it covers a client that tries again, not a server that went down in between. What a
yes is bound to (the seal) covers that: an effect that came about is another effect.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Response

from domain.errors import AttuneError

KEPT_FOR = timedelta(hours=1)
"""Not longer: answers hold what is on record of people, and an erasure does not look in here."""
MOST_KEPT = 2_000


class KeyReused(AttuneError):
    """An Idempotency-Key that stands for another request, or one that is under way."""


@dataclass
class _Kept:
    of: str
    at: datetime
    answer: tuple[int, bytes, str] | None = None


class Repeats:
    """Remembers what was answered, by whose request it was."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def once(self, whose: str, body: bytes, do: Callable[[], Awaitable[Response]]) -> Response:
        """Do it, or return what came of it the first time. What failed is forgotten, and may be tried again.

        Raises:
            KeyReused: the first is under way, or asked for something else.
        """
        now, of = self._clock(), hashlib.sha256(body).hexdigest()
        self._forget(now)
        if kept := self._kept.get(whose):
            if kept.of != of:
                raise KeyReused(
                    "This Idempotency-Key stands for another request. Nothing was done; use a new one."
                )
            if kept.answer is None:
                raise KeyReused("The same request is under way. Ask again in a moment.")
            status, content, media_type = kept.answer
            return Response(content, status, {"idempotency-replayed": "true"}, media_type)
        kept = self._kept[whose] = _Kept(of, now)
        try:
            answer = await do()
        except BaseException:
            self._kept.pop(whose, None)
            raise
        kept.answer = (answer.status_code, bytes(answer.body), answer.media_type or "application/json")
        return answer

    def _forget(self, now: datetime) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if len(self._kept) < MOST_KEPT and now - self._kept[oldest].at < KEPT_FOR:
                return
            del self._kept[oldest]

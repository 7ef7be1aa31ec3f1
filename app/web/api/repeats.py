"""The same request twice, as after a lost answer: with the same Idempotency-Key it is carried out once.

Kept in this process for an hour, so it covers a client that tries again, not a server that went down in between. What a
yes is bound to (the seal) covers that: an effect that came about is another effect.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Response

from domain.errors import AttuneError

KEPT_FOR = timedelta(hours=1)
MOST_KEPT = 200
"""Answers of one token: nobody's requests push another's out."""
MOST_BYTES = 64 * 1024


class KeyReused(AttuneError):
    """An Idempotency-Key that stands for another request, one under way, or one whose answer was not kept."""


class KeyNotTaken(AttuneError):
    """An Idempotency-Key came with a request whose answer is told as it happens."""

    def __init__(self) -> None:
        super().__init__(
            "This address takes no Idempotency-Key: nothing was done. Ask without it; after a lost answer look at the "
            "conversation, where everything stands, before asking again."
        )


@dataclass
class _Kept:
    of: str
    at: datetime
    is_over: bool = False
    answer: tuple[int, bytes, str] | None = None


class Repeats:
    """Remembers what was answered, by whose request it was.

    Args:
        clock: the time.
        erased: how many erasures there were. One more, by whichever process, and no answer is remembered any longer.

    """

    def __init__(self, clock: Callable[[], datetime], erased: Callable[[], int]) -> None:
        self._clock, self._erased = clock, erased
        self._erasures = -1
        self._kept: dict[str, OrderedDict[str, _Kept]] = {}

    async def once(
        self, whose: str, which: str, body: bytes, do: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Do it, or return what came of it the first time. What failed is forgotten, and may be tried again.

        Args:
            whose: the token it came with.
            which: the address and the key.
            body: what it asks for.
            do: does it.

        Raises:
            KeyReused: the first is under way, asked for something else, or its answer is not kept.

        """
        erasures = await asyncio.to_thread(self._erased)
        now, of = self._clock(), hashlib.sha256(body).hexdigest()
        if erasures != self._erasures:
            self.clear()
            self._erasures = erasures
        self._forget(now)
        mine = self._kept.setdefault(whose, OrderedDict())
        if there := mine.get(which):
            return _again(there, of)
        kept = mine[which] = _Kept(of, now)
        try:
            answer = await do()
        except BaseException:
            mine.pop(which, None)
            raise
        kept.is_over = True
        if len(answer.body) <= MOST_BYTES and await asyncio.to_thread(self._erased) == erasures:
            kept.answer = (answer.status_code, bytes(answer.body), answer.media_type or "application/json")
        return answer

    def clear(self) -> None:
        """Remember no answer any longer, only that they were given; for an erasure, which cannot look in here."""
        for mine in self._kept.values():
            for kept in mine.values():
                kept.answer = None

    def _forget(self, now: datetime) -> None:
        for whose, mine in list(self._kept.items()):
            over = [which for which, kept in mine.items() if kept.is_over]
            beyond = set(over[: max(len(over) - MOST_KEPT + 1, 0)])
            for which in over:
                if which in beyond or now - mine[which].at >= KEPT_FOR:
                    del mine[which]
            if not mine:
                del self._kept[whose]


def _again(there: _Kept, of: str) -> Response:
    if there.of != of:
        raise KeyReused("This Idempotency-Key stands for another request. Nothing was done; use a new one.")
    if not there.is_over:
        raise KeyReused("The same request is under way. Ask again in a moment.")
    if there.answer is None:
        raise KeyReused(
            "This request was done before, and nothing was done now. Its answer is not kept any more: it was too long, "
            "or somebody was erased since. Look at what came of it."
        )
    status, content, media_type = there.answer
    return Response(content, status, {"idempotency-replayed": "true"}, media_type)

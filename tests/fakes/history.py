"""Contact history in memory, for tests that are not about recall: words in common instead of vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from domain.history import MemoryKind, Recalled, Remembered


class FakeHistory:
    """Implements `domain.ports.ContactHistory`; similarity is the share of the question's words found."""

    def __init__(self, *, half_life_days: float = 60.0, recency_share: float = 0.1) -> None:
        self._items: dict[tuple[str, str], Remembered] = {}
        self._half_life_days = half_life_days
        self._recency_share = recency_share

    def remember(self, items: Sequence[Remembered]) -> int:
        """Keep what is new."""
        before = len(self._items)
        for item in items:
            kept = item.model_copy(update={"text": item.text.replace("\x00", "")})
            self._items.setdefault((item.contact_id, item.ref), kept)
        return len(self._items) - before

    def recall(
        self,
        contact_id: str,
        about: str,
        *,
        now: datetime,
        limit: int = 5,
        kinds: Sequence[MemoryKind] = (),
        least_score: float | None = None,
    ) -> list[Recalled]:
        """Return what shares words with `about`; the newest where `about` is blank."""
        asked = _words(about)
        floor = (0.01 if least_score is None else least_score) if about.strip() else 0.0
        share = self._recency_share if about.strip() else 1.0
        found = []
        for item in self._items.values():
            if item.contact_id != contact_id or item.at > now or (kinds and item.kind not in kinds):
                continue
            similarity = len(asked & _words(item.text)) / len(asked) if asked else 0.0
            recency = 0.5 ** ((now - item.at).total_seconds() / 86_400 / self._half_life_days)
            score = (1 - share) * similarity + share * recency
            if similarity >= floor:
                found.append(Recalled(remembered=item, score=score, similarity=similarity, recency=recency))
        return sorted(found, key=lambda one: (one.score, one.remembered.at), reverse=True)[: max(0, limit)]

    def forget(self, contact_id: str) -> int:
        """Drop one contact."""
        gone = [key for key in self._items if key[0] == contact_id]
        for key in gone:
            del self._items[key]
        return len(gone)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3} or {text}

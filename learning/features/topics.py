"""Topics as a fixed number of columns: the library's own by name, everything else hashed.

The first `NAMED` columns belong to topics of the content library, each to one topic. Unknown words (a form's
title, a page's name) share `HASHED` columns by their hash: two of them in one column are told as one, and
that is the price of a vector whose length never changes. Hashing is unsigned, because a topic's interest is
a share and must not become negative.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

NAMED = 12
HASHED = 4
WIDTH = NAMED + HASHED

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@dataclass(frozen=True)
class TopicBook:
    """Which topic stands in which column.

    named: `NAMED` places, each a topic or None. A topic keeps its place as the library grows; where the
        book was lost and is made again, only topics whose hashes meet may change places.
    words: word to topic, both folded: what a text must say to be about it.
    """

    named: tuple[str | None, ...] = (None,) * NAMED
    words: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        topics: Iterable[str],
        words: Mapping[str, str] | None = None,
        earlier: TopicBook | None = None,
    ) -> TopicBook:
        """Return a book with a place for these topics, in order of their names, after those it had.

        Args:
            topics: the library's; beyond the twelfth they are hashed like unknown ones.
            words: further words for topics, such as `{"price": "pricing"}`; a topic's name always is one.
            earlier: the book whose places are kept.
        """
        named = list(earlier.named if earlier else (None,) * NAMED)
        known = sorted({folded(topic) for topic in topics if folded(topic)})
        for topic in known:
            free = [place for place in range(NAMED) if named[place] is None]
            if topic in named or not free:
                continue
            wanted = bucket(topic, NAMED)
            named[min(free, key=lambda place: (place - wanted) % NAMED)] = topic
        spoken = {folded(word): folded(topic) for word, topic in (words or {}).items()}
        return cls(tuple(named), {**spoken, **{topic: topic for topic in known}})

    def place(self, topic: str) -> int:
        """Return the topic's column in [0, WIDTH)."""
        name = folded(topic)
        if name in self.named:
            return self.named.index(name)
        return NAMED + bucket(name, HASHED)

    def places_in(self, text: str) -> frozenset[int]:
        """Return the columns of the topics a text speaks of, each once, however often it is said."""
        said = {self.words[word] for word in _WORD.findall(text.casefold()) if word in self.words}
        return frozenset(self.place(topic) for topic in said)

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each of the WIDTH columns."""
        own = (topic or f"no topic yet ({place + 1})" for place, topic in enumerate(self.named))
        return (*own, *(f"other topics, group {place + 1}" for place in range(HASHED)))


def folded(name: str) -> str:
    """Return a name as it is compared: trimmed and without case."""
    return name.strip().casefold()


@lru_cache(maxsize=65_536)
def bucket(name: str, buckets: int) -> int:
    """Return a stable bucket in [0, buckets) of a folded name; the same on every machine."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % buckets

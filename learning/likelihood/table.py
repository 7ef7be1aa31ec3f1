"""Cases as one table: numbers with explicit gaps, words of open vocabularies, and when each was seen.

A case is one entity at one moment. What it knows lies before `at`; what came of it is known at `known_at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]

RARE_CASES = 15
"""A word seen in fewer training cases shares one level with all other rare and unseen words."""

_OTHER = "\x00other"


@dataclass(frozen=True)
class Table:
    """n cases. Rows of one entity are never taken for independent.

    numbers: shape (n, p), NaN where not known.
    words: shape (n, q), str, "" where not known.
    at: shape (n,), datetime64[s], UTC; NaT throughout where the cases have no dates.
    known_at: shape (n,), datetime64[s], when the outcome is settled.
    entities: shape (n,), str.
    """

    number_names: tuple[str, ...]
    word_names: tuple[str, ...]
    numbers: Floats
    words: NDArray[np.str_]
    at: Times
    known_at: Times
    entities: NDArray[np.str_]

    def __post_init__(self) -> None:
        n = len(self.at)
        wanted = {(n, len(self.number_names)): self.numbers, (n, len(self.word_names)): self.words}
        for shape, part in wanted.items():
            if part.shape != shape:
                raise ValueError(f"a part of shape {part.shape} does not fit {shape}")
        if len(self.known_at) != n or len(self.entities) != n:
            raise ValueError(f"{n} moments, but {len(self.known_at)} ends and {len(self.entities)} entities")

    def __len__(self) -> int:
        """How many cases."""
        return len(self.at)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, numbers first: the order of contributions."""
        return (*self.number_names, *self.word_names)

    @property
    def is_dated(self) -> bool:
        """Tell whether cases can be ordered in time."""
        return bool(len(self)) and not bool(np.isnat(self.at).any())

    def take(self, rows: Bools | Ints) -> Table:
        """Return some of the cases."""
        return replace(
            self,
            numbers=self.numbers[rows],
            words=self.words[rows],
            at=self.at[rows],
            known_at=self.known_at[rows],
            entities=self.entities[rows],
        )

    def changed(self, adds: Mapping[str, float], sets: Mapping[str, float]) -> Table:
        """Return the same cases with some numbers raised (a gap counts as 0) and others set."""
        numbers = self.numbers.copy()
        for name, by in adds.items():
            column = self.number_names.index(name)
            numbers[:, column] = np.nan_to_num(numbers[:, column]) + by
        for name, to in sets.items():
            numbers[:, self.number_names.index(name)] = to
        return replace(self, numbers=numbers)


def undated(
    number_names: Sequence[str],
    word_names: Sequence[str],
    numbers: Floats,
    words: NDArray[np.str_],
    entities: NDArray[np.str_] | None = None,
) -> Table:
    """Return a table of cases without dates, each its own entity unless told otherwise."""
    n = len(numbers)
    never = np.full(n, np.datetime64("NaT"), dtype="datetime64[s]")
    own = np.arange(n).astype(np.str_) if entities is None else entities
    return Table(tuple(number_names), tuple(word_names), numbers, words, never, never, own)


@dataclass(frozen=True)
class Levels:
    """The words of one column that stand for themselves; every other word is pooled, a gap is its own level."""

    known: tuple[str, ...]

    @classmethod
    def of(cls, words: NDArray[np.str_], rare: int = RARE_CASES) -> Levels:
        """Keep the words seen at least `rare` times, most frequent first. Looks at no outcome."""
        seen, counts = np.unique(words[words != ""], return_counts=True)
        order = np.lexsort((seen, -counts))
        kept = [str(seen[i]) for i in order if counts[i] >= rare]
        return cls(("", _OTHER, *kept[:200]))

    def codes(self, words: NDArray[np.str_]) -> Ints:
        """Return shape (n,): 0 for a gap, 1 for a rare or unseen word, else the word's own number."""
        place = {word: i for i, word in enumerate(self.known)}
        seen, back = np.unique(words, return_inverse=True)
        return np.array([place.get(str(word), 1) for word in seen], dtype=np.int64)[back]

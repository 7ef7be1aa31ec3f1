"""Deterministic scores of one message: each a number that can fall, and the words that made it fall."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """Why a measure is not better: the words concerned, and what is wrong with them."""

    measure: str
    span: str
    why: str


@dataclass
class Scores:
    """Measures of one message, and notes on what was found."""

    measures: dict[str, float] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def add(self, other: Scores) -> None:
        """Take another scorer's measures and notes too."""
        self.measures |= other.measures
        self.notes += other.notes

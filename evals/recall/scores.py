"""Counts: hits with their intervals, silence where it is right, and leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.recall.cases import Asked, Cases, Overlap, Question
from evals.recall.systems import Answer


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing is 0."""
        return self.hits / self.of if self.of else 0.0

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        """Return the 95 % Wilson score interval.

        Source: Wilson (1927), J. Amer. Statist. Assoc. 22(158).
        """
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle = p + z * z / (2 * n)
        half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.value:.3f} [{low:.2f}-{high:.2f}]"


@dataclass(frozen=True)
class Scores:
    """How one system did on some questions."""

    system: str
    questions: str
    hit_at_1: Share
    hit_at_3: Share
    reciprocal_rank: float
    silent_off_topic: Share
    silent_absent: Share
    leaks: int

    def as_json(self) -> dict[str, Any]:
        """Plain values, intervals included."""
        plain = asdict(self)
        for name, value in vars(self).items():
            if isinstance(value, Share):
                plain[name] = {**asdict(value), "value": value.value, "interval": value.interval()}
        return plain


def score(system: str, cases: Cases, answer: Answer, split: str) -> list[Scores]:
    """Ask every question of a split and count: all together, then by overlap of words."""
    asked = [question for question in cases.questions if question.split == split]
    own = {(item.contact_id, item.ref) for item in cases.memories}
    got: list[tuple[Question, list[str]]] = []
    leaks = 0
    for question in asked:
        found = answer(question.contact_id, question.about)
        leaks += sum(
            item.contact_id != question.contact_id or (item.contact_id, item.ref) not in own for item in found
        )
        got.append((question, [item.ref for item in found]))
    rows = [_count(system, f"{split}, all", got, leaks)]
    for overlap in Overlap:
        part = [(question, refs) for question, refs in got if question.overlap is overlap]
        rows.append(_count(system, f"{split}, overlap {overlap.value}", part, 0))
    return rows


def _count(system: str, name: str, got: Sequence[tuple[Question, list[str]]], leaks: int) -> Scores:
    places = [
        refs.index(question.answer) if question.answer in refs else None
        for question, refs in got
        if question.asked is Asked.PRESENT
    ]

    def silent(asked: Asked) -> Share:
        answers = [refs for question, refs in got if question.asked is asked]
        return Share(sum(not refs for refs in answers), len(answers))

    return Scores(
        system=system,
        questions=name,
        hit_at_1=Share(sum(place == 0 for place in places), len(places)),
        hit_at_3=Share(sum(place is not None and place < 3 for place in places), len(places)),
        reciprocal_rank=sum(1 / (place + 1) for place in places if place is not None) / max(1, len(places)),
        silent_off_topic=silent(Asked.OFF_TOPIC),
        silent_absent=silent(Asked.ABSENT),
        leaks=leaks,
    )

"""When a log says too little about a candidate: the answer is a refusal with its reason, never a number.

The bounds were set on synthetic logs such as `python -m evals.replay --scout` draws; its worlds and seeds are
not those that docs/replay.md reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from domain.counts import rounded_up
from learning.replay.evidence import Evidence
from learning.replay.overlap import Overlap, expected_square

LEAST_ESS = 100.0
"""Decisions, as the logged probabilities promise them, and contacts as seen, both by Kish."""
LEAST_REWARDED = 20.0
"""Rewarded decisions, by Kish over what each adds."""
MOST_UNSUPPORTED = 0.005
"""Share of the candidate's mass the log may say nothing about."""
_FAR = 5.0


class Lack(StrEnum):
    """What the log lacks."""

    DECISIONS = "decisions"
    SUPPORT = "support"
    OVERLAP = "overlap"
    REWARDS = "rewards"
    PROPENSITIES = "propensities"


@dataclass(frozen=True)
class Thin:
    """A refusal: what is lacking, in words, and about how many more decisions would do.

    more_decisions: None where no number of decisions like the logged ones would help.
    """

    lack: Lack
    reason: str
    more_decisions: int | None


def thinness(evidence: Evidence, overlap: Overlap) -> Thin | None:
    """Return why this log cannot answer for this candidate, or None where it can."""
    n = overlap.decisions
    if n == 0:
        return Thin(Lack.DECISIONS, "No logged decision has a known outcome yet.", ceil(LEAST_ESS))
    if overlap.unsupported > MOST_UNSUPPORTED:
        return Thin(
            Lack.SUPPORT,
            f"{overlap.unsupported:.1%} of what the candidate would do was never possible in the log, so "
            "nothing is known about it. Let the explorer try those actions first.",
            None,
        )
    # Given the contact, a weight's mean is one and its square is known: this error is exact, not estimated.
    error = (max(expected_square(evidence) - 1, 0.0) / n) ** 0.5
    if abs(overlap.mean_weight - 1) > _FAR * error + 0.01:
        return Thin(
            Lack.PROPENSITIES,
            f"The weights average {overlap.mean_weight:.2f} and should average 1 within {_FAR * error:.2f}: the "
            "logged probabilities are not those the logged actions were drawn with.",
            None,
        )
    for has, needs, lack, what in (
        (overlap.ess_expected, LEAST_ESS, Lack.OVERLAP, "decision{}"),
        (overlap.ess_contacts, LEAST_ESS, Lack.OVERLAP, "contact{}"),
        (overlap.ess_rewarded, LEAST_REWARDED, Lack.REWARDS, "decision{} with a reward"),
    ):
        if has < needs:
            more = max(ceil(n * (needs / max(has, 1.0) - 1)), 1)
            counts = f"{has:.0f}"
            return Thin(
                lack,
                f"For this candidate the log counts as {counts} {what.format('' if counts == '1' else 's')}, and "
                f"{needs:.0f} are needed: about {rounded_up(more)} more decision{'' if more == 1 else 's'} like the "
                "logged ones.",
                more,
            )
    return None

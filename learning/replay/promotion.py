"""Promotion: a candidate replaces the current learner only where the log shows that it is not worse."""

from __future__ import annotations

from dataclasses import dataclass

from domain.learner import DecisionLog
from learning.replay.doubly_robust import doubly_robust_difference
from learning.replay.evidence import Array, evidence_of
from learning.replay.interval import LEVEL, Interval
from learning.replay.overlap import overlap_of
from learning.replay.reward_model import cross_fitted
from learning.replay.spread import designed
from learning.replay.thin import Thin, thinness

MARGIN_CENTS = 0.0
"""How much worse, in cents a decision, a candidate may be and still be promoted. 0: not at all."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Promotion:
    """Whether a candidate may replace the current one, and why.

    gain: candidate less current, cents a decision; None where the log is too thin for either.
    """

    is_promoted: bool
    reason: str
    gain: float | None = None
    interval: Interval | None = None
    thin: Thin | None = None


def promote(
    log: DecisionLog,
    candidate: Array,
    current: Array | None = None,
    *,
    margin_cents: float = MARGIN_CENTS,
    level: float = LEVEL,
) -> Promotion:
    """Promote where the lower bound of candidate less current is not below `-margin_cents`.

    Args:
        log: n decisions; those whose reward is NaN are left out.
        candidate: shape (n, K), each row sums to one.
        current: shape (n, K), or None for the logged probabilities themselves.
        margin_cents: non-inferiority margin, >= 0, cents a decision.
        level: of the two-sided interval, in (0, 1).

    Raises:
        ValueError: as `replay`, or for a negative margin.
    """
    if margin_cents < 0:
        raise ValueError(f"margin_cents must not be negative, got {margin_cents}")
    evidence = evidence_of(log, candidate)
    others = evidence.logged if current is None else evidence_of(log, current).candidate
    for who, judged in (("candidate", evidence), ("current", evidence.of(others))):
        if thin := thinness(judged, overlap_of(judged)):
            return Promotion(False, f"Too thin to judge the {who}. {thin.reason}", thin=thin)
    expected = cross_fitted(log)
    gain = doubly_robust_difference(evidence, others, expected)
    bound = designed(gain, evidence, evidence.candidate - others, expected, level)
    is_promoted = bound.low >= -margin_cents - _ROUNDING
    verb = "is not below" if is_promoted else "is below"
    reason = (
        f"The lower bound of the gain, {_cents(bound.low)} a decision, {verb} the margin of "
        f"{_cents(-margin_cents)}."
    )
    return Promotion(is_promoted, reason, gain.value, bound)


def _cents(amount: float) -> str:
    return f"{round(amount, 2) + 0.0:.2f} cents"

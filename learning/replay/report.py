"""The door of replay: one log, one candidate, every estimator, and a refusal where the log is too thin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.learner import DecisionLog
from learning.replay.direct import direct
from learning.replay.doubly_robust import doubly_robust, doubly_robust_difference
from learning.replay.estimate import Estimate
from learning.replay.evidence import Array, Evidence, evidence_of
from learning.replay.interval import LEVEL, Interval, skew_corrected
from learning.replay.ips import ips
from learning.replay.overlap import Overlap, overlap_of
from learning.replay.reward_model import cross_fitted
from learning.replay.shrinkage import shrunk
from learning.replay.snips import snips
from learning.replay.spread import designed
from learning.replay.switch import switch
from learning.replay.thin import Thin, thinness


@dataclass(frozen=True)
class Answer:
    """One estimate, cents a decision, with its interval."""

    estimate: Estimate
    interval: Interval

    @property
    def value(self) -> float:
        """Cents a decision."""
        return self.estimate.value


@dataclass(frozen=True)
class Replay:
    """What a log says about a candidate.

    logged: what the logged choices earned.
    candidate: DR, the estimate verdicts rest on.
    difference: candidate less logged, in pairs, DR.
    others: IPS and SNIPS, for comparison; their intervals know nothing of unseen draws.
    biased: the direct method, Switch and shrunk. They trade noise for a bias of unknown size: no interval.
    """

    overlap: Overlap
    logged: Answer
    candidate: Answer
    difference: Answer
    others: tuple[Answer, ...]
    biased: tuple[Estimate, ...]


@dataclass(frozen=True)
class Refused:
    """The log is too thin for this candidate; no estimate is given."""

    overlap: Overlap
    thin: Thin


def replay(log: DecisionLog, candidate: Array, level: float = LEVEL) -> Replay | Refused:
    """Tell what a candidate would have earned on the logged decisions, or refuse.

    Args:
        log: n decisions; those whose reward is NaN are left out.
        candidate: shape (n, K), each row sums to one.
        level: of the intervals, in (0, 1).

    Raises:
        ValueError: where shapes disagree, rows do not sum to one, or a logged draw had no probability.
    """
    evidence = evidence_of(log, candidate)
    overlap = overlap_of(evidence)
    if thin := thinness(evidence, overlap):
        return Refused(overlap, thin)
    return answered(evidence, overlap, cross_fitted(log), level)


def answered(evidence: Evidence, overlap: Overlap, expected: Array, level: float = LEVEL) -> Replay:
    """Put every estimator to the evidence, whatever the overlap; `expected` as of `cross_fitted`."""

    def skewed(estimate: Estimate) -> Answer:
        return Answer(estimate, skew_corrected(estimate.terms, evidence.clusters, level))

    whole = doubly_robust(evidence, expected)
    gain = doubly_robust_difference(evidence, evidence.logged, expected)
    tilt = evidence.candidate - evidence.logged
    return Replay(
        overlap=overlap,
        logged=skewed(Estimate("logged", float(np.mean(evidence.rewards)), evidence.rewards)),
        candidate=Answer(whole, designed(whole, evidence, evidence.candidate, expected, level)),
        difference=Answer(gain, designed(gain, evidence, tilt, expected, level)),
        others=(skewed(ips(evidence)), skewed(snips(evidence))),
        biased=(direct(evidence, expected), switch(evidence, expected), shrunk(evidence, expected)),
    )

"""How often the truth lies within, over many synthetic logs, and how far off each estimator is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from evals.replay.worlds import World, draw_log, pool_of
from learning.replay.doubly_robust import doubly_robust
from learning.replay.evidence import evidence_of
from learning.replay.interval import Interval, empirical_likelihood, skew_corrected, student
from learning.replay.overlap import overlap_of
from learning.replay.report import answered
from learning.replay.reward_model import cross_fitted
from learning.replay.thin import thinness

LEVEL = 0.95


@dataclass
class Hits:
    """How often intervals held the truth, and how often they lay wholly above it (a false gain)."""

    within: int = 0
    above: int = 0
    of: int = 0
    widths: list[float] = field(default_factory=list)

    def take(self, interval: Interval, truth: float) -> None:
        """Count one."""
        self.of += 1
        self.within += truth in interval
        self.above += truth < interval.low
        self.widths.append(interval.high - interval.low)

    @property
    def share(self) -> float:
        """Share of intervals that held the truth."""
        return self.within / self.of if self.of else float("nan")

    @property
    def bounds(self) -> tuple[float, float]:
        """Its own 95 % interval (Clopper & Pearson 1934)."""
        if not self.of:
            return 0.0, 1.0
        exact = stats.binomtest(self.within, self.of).proportion_ci(0.95, method="exact")
        return float(exact.low), float(exact.high)


@dataclass
class Covered:
    """One world over many logs.

    answered: hits of the intervals that were given, by `candidate` and `difference`.
    whole: the same with refusals overruled, by method as well.
    errors: root mean squared error over truth, by estimator, refusals overruled.
    """

    world: World
    truth: float
    gain: float
    answered: dict[str, Hits] = field(default_factory=dict)
    whole: dict[str, Hits] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    ess: float = 0.0
    rewarded: float = 0.0
    logs: int = 0

    @property
    def refused(self) -> float:
        """Share of logs that were refused."""
        return self.refusals.total() / self.logs


def worlds(decisions: int) -> list[World]:
    """Overlap good, medium, thin; rewards from 1 to 7 %; fixed and heavy-tailed worth."""
    return [
        World(overlap, rate, tail, decisions)
        for overlap in ("good", "medium", "thin")
        for rate in (0.01, 0.03, 0.07)
        for tail in (0.0, 1.5)
    ]


def cover(world: World, logs: int, seed: int) -> Covered:
    """Draw `logs` logs of one world and ask each about its candidate."""
    pool = pool_of(world, seed)
    told = Covered(world, pool.truth, pool.truth - pool.on_log, logs=logs)
    squares: dict[str, list[float]] = {}
    ess, rewarded = [], []
    for draw in range(logs):
        log, candidate = draw_log(pool, seed * 1_000_003 + draw)
        evidence = evidence_of(log, candidate)
        overlap = overlap_of(evidence)
        expected = cross_fitted(log)
        found = answered(evidence, overlap, expected, LEVEL)
        thin = thinness(evidence, overlap)
        if thin:
            told.refusals[thin.lack.value] += 1
        for name, answer, truth in (
            ("candidate", found.candidate, told.truth),
            ("difference", found.difference, told.gain),
        ):
            for hits in (told.whole, *(() if thin else (told.answered,))):
                hits.setdefault(name, Hits()).take(answer.interval, truth)
        terms = doubly_robust(evidence, expected).terms
        for name, make in (("Student", student), ("skew", skew_corrected), ("EL", empirical_likelihood)):
            told.whole.setdefault(name, Hits()).take(make(terms, evidence.clusters, LEVEL), told.truth)
        for one in (found.candidate.estimate, *(a.estimate for a in found.others), *found.biased):
            squares.setdefault(one.name, []).append((one.value / told.truth - 1) ** 2)
        ess.append(overlap.ess_expected)
        rewarded.append(overlap.ess_rewarded)
    told.errors = {name: float(np.mean(of)) ** 0.5 for name, of in squares.items()}
    told.ess, told.rewarded = float(np.median(ess)), float(np.median(rewarded))
    return told


def together(told: Sequence[Covered], which: str, name: str) -> Hits:
    """Add up the hits of many worlds."""
    total = Hits()
    for one in told:
        hits = getattr(one, which).get(name, Hits())
        total.within, total.above, total.of = (
            total.within + hits.within,
            total.above + hits.above,
            total.of + hits.of,
        )
    return total

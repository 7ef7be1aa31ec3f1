"""Each Open Bandit log asked about the other log's chooser, against what that chooser earned itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.replay.open_bandit import CAMPAIGNS, Shown, log_of, odds_by_position, pair
from learning.replay.evidence import evidence_of
from learning.replay.interval import Interval, skew_corrected
from learning.replay.overlap import Overlap, overlap_of
from learning.replay.report import Replay, answered
from learning.replay.reward_model import cross_fitted
from learning.replay.thin import Thin, thinness


@dataclass(frozen=True)
class Crossing:
    """One log's answer about the other chooser.

    truth: the other chooser's mean clicks an impression in its own log, with its interval.
    errors: |estimate - truth| / truth by estimator: mean and standard deviation over bootstrap samples.
    """

    campaign: str
    direction: str
    truth: float
    truth_interval: Interval
    found: Replay
    overlap: Overlap
    thin: Thin | None
    errors: dict[str, tuple[float, float]]

    @property
    def meets(self) -> bool:
        """Whether DR's interval and the truth's own have a value in common."""
        own, said = self.truth_interval, self.found.candidate.interval
        return said.low <= own.high and own.low <= said.high


def cross(root: Path, samples: int, seed: int) -> list[Crossing]:
    """Ask every log about its counterpart."""
    crossings = []
    for campaign in CAMPAIGNS:
        logs = pair(root, campaign)
        for source, target in (("random", "bts"), ("bts", "random")):
            crossings.append(_crossing(campaign, source, target, logs[source], logs[target], samples, seed))
    return crossings


def _crossing(
    campaign: str, source: str, target: str, asked: Shown, truth: Shown, samples: int, seed: int
) -> Crossing:
    if target == "random":
        candidate = np.full((len(asked.items), asked.items_known), 1 / asked.items_known)
    else:
        candidate = odds_by_position(truth)[asked.positions]
    log = log_of(asked)
    evidence, expected = evidence_of(log, candidate), cross_fitted(log)
    overlap = overlap_of(evidence)
    found = answered(evidence, overlap, expected)
    own = float(truth.clicks.mean())
    rng = np.random.default_rng(seed)
    draws: dict[str, list[float]] = {}
    for _ in range(samples):
        rows = rng.integers(len(evidence), size=len(evidence))
        for name, value in _values(found, rows).items():
            draws.setdefault(name, []).append(abs(value - own) / own)
    return Crossing(
        campaign=campaign,
        direction=f"{source} -> {target}",
        truth=own,
        truth_interval=skew_corrected(truth.clicks, np.arange(len(truth.clicks))),
        found=found,
        overlap=overlap,
        thin=thinness(evidence, overlap),
        errors={name: (float(np.mean(of)), float(np.std(of))) for name, of in draws.items()},
    )


def _values(found: Replay, rows: NDArray[np.int64]) -> dict[str, float]:
    """Every estimate on a bootstrap sample, its model and setting as chosen on the whole log."""
    estimates = [answer.estimate for answer in (*found.others, found.candidate)] + list(found.biased)
    return {one.name: float(one.terms[rows].mean()) for one in estimates}

"""One row of figures: how well a set of probabilities ranks, and how honest it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learning.likelihood.calibration import calibration_error, debiased_calibration_error
from learning.likelihood.skill import area
from learning.likelihood.table import Floats


@dataclass(frozen=True)
class Score:
    """AUC with DeLong's 95 % interval, binned and debiased calibration error, log-loss (nats), mean probability."""

    auc: float
    low: float
    high: float
    ece: float
    debiased: float
    log_loss: float
    mean: float


def score(probabilities: Floats, outcomes: Floats) -> Score:
    """Measure probabilities of cases that were not trained on."""
    found = area(probabilities, outcomes)
    assert found is not None
    p = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return Score(
        auc=found.value,
        low=found.low,
        high=found.high,
        ece=calibration_error(probabilities, outcomes),
        debiased=debiased_calibration_error(probabilities, outcomes),
        log_loss=float(-(outcomes * np.log(p) + (1 - outcomes) * np.log(1 - p)).mean()),
        mean=float(probabilities.mean()),
    )


def mean(scores: list[Score]) -> Score:
    """The mean of each figure."""
    return Score(*(float(np.mean([getattr(s, name) for s in scores])) for name in Score.__dataclass_fields__))


HEADING = f"{'':<34} {'AUC [95 %]':<22} {'ECE':>6} {'debiased':>9} {'log-loss':>9} {'mean p':>7}"


def told(name: str, s: Score) -> str:
    """One line of a table."""
    interval = f"{s.auc:.3f} [{s.low:.3f}, {s.high:.3f}]"
    return f"{name:<34} {interval:<22} {s.ece:>6.3f} {s.debiased:>9.3f} {s.log_loss:>9.4f} {s.mean:>7.3f}"

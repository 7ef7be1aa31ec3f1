"""Switch-DR: large weights are not used at all; there the model speaks alone. Less noise, some bias.

Source: Wang, Agarwal & Dudik (2017), Optimal and adaptive off-policy evaluation, ICML.
"""

from __future__ import annotations

import numpy as np

from learning.replay.doubly_robust import residuals
from learning.replay.estimate import Estimate, mean_of
from learning.replay.evidence import Array, Evidence
from learning.replay.slope import grid_of, slope


def switch_at(evidence: Evidence, expected: Array, tau: float) -> Estimate:
    """Return DR with every weight above `tau` set to zero."""
    w = evidence.weights
    model = (evidence.candidate * expected).sum(axis=1)
    kept = np.where(w <= tau, w, 0.0)
    return mean_of("Switch-DR", model + kept * residuals(evidence, expected), tau)


def switch(evidence: Evidence, expected: Array) -> Estimate:
    """Return Switch-DR with `tau` chosen by SLOPE."""
    grid = grid_of(evidence.weights)
    return slope([switch_at(evidence, expected, tau) for tau in grid], evidence.clusters)

"""The interval verdicts rest on: its width and skew count draws that could have come, not only those that did.

A candidate that favours actions the log rarely drew has a few huge weights, mostly unseen; a spread taken from
the seen terms is then too small, and most so where the estimate is too low. But the log states every
probability. Given the contact, the second moment of w (r - q) is exactly sum_k c_k^2 / p_k E[(r - q)^2 | k],
and the third has c_k^3 / p_k^2: only the size of a residual has to be estimated, not how often a large weight
comes. Residuals are taken to grow with what the model expects (an action that earns more also scatters more).
The error is never smaller than the cluster-robust one of the terms themselves. Each end is the outer of Hall's
(1992) skew-corrected one and of the plain one: a single giant reward lifts the estimate and the skewness
together, and must not lift the lower end a promotion rests on.
"""

from __future__ import annotations

import numpy as np

from learning.replay.doubly_robust import residuals
from learning.replay.estimate import Estimate
from learning.replay.evidence import Array, Evidence
from learning.replay.interval import LEVEL, Interval, hall, standard_error

_FLOOR = 0.1


def designed(
    estimate: Estimate, evidence: Evidence, tilt: Array, expected: Array, level: float = LEVEL
) -> Interval:
    """Return the interval of a DR estimate, or of a difference of two.

    Args:
        estimate: of `doubly_robust` or `doubly_robust_difference`.
        tilt: shape (n, K): the candidate's probabilities, or candidate less other.
        expected: shape (n, K), cents, the reward model the estimate was made with.
        level: in (0, 1).
    """
    n = len(evidence)
    seen = standard_error(estimate.terms, evidence.clusters)
    second, third = _moments(evidence, tilt, expected)
    alone = float(estimate.terms.std()) / n**0.5
    # Decisions about one contact move together: what that adds to the seen error, it adds to the other.
    design = max(1.0, (seen / alone) ** 2) if alone > 0 else 1.0
    error = max(seen, (second * design / n) ** 0.5)
    skew = third * design / n**2 / error**3 if 0 < error < float("inf") else 0.0
    degrees = int(evidence.clusters.max())
    ends = [hall(estimate.value, error, shape, degrees, level) for shape in (skew, 0.0)]
    return Interval(min(low for low, _ in ends), max(high for _, high in ends), level, "designed")


def _moments(evidence: Evidence, tilt: Array, expected: Array) -> tuple[float, float]:
    """Expected second and third moments of one decision's term, over draws that could have come."""
    rows = np.arange(len(evidence))
    off = residuals(evidence, expected)
    size = np.maximum(np.abs(expected), max(_FLOOR * float(np.abs(evidence.rewards).mean()), 1e-12))
    taken = size[rows, evidence.actions]
    weights = np.abs(tilt[rows, evidence.actions]) / evidence.propensities
    square, cube = (_scale(off**power, taken, weights) for power in (2, 3))
    p = np.where(evidence.logged > 0, evidence.logged, 1.0)
    model = (tilt * expected).sum(axis=1)
    second = square * float((tilt**2 / p * size).sum(axis=1).mean()) + float(model.var())
    return second, cube * float((tilt**3 / p**2 * size).sum(axis=1).mean())


def _scale(power: Array, size: Array, weights: Array) -> float:
    """A residual's moment per unit of size: the larger of what the log and the candidate see."""
    plain = float(power.sum()) / float(size.sum())
    mass = float(weights @ size)
    return max(plain, float(weights @ power) / mass if mass > 0 else 0.0, key=abs)

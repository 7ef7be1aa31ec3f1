"""DR with optimistic shrinkage: every weight w becomes lambda w / (w^2 + lambda).

lambda = infinity is DR, lambda = 0 the direct method.

Source: Su, Dimakopoulou, Krishnamurthy & Dudik (2020), Doubly robust off-policy evaluation with shrinkage, ICML.
"""

from __future__ import annotations

from learning.replay.doubly_robust import residuals
from learning.replay.estimate import Estimate, mean_of
from learning.replay.evidence import Array, Evidence
from learning.replay.slope import grid_of, slope


def shrunk_at(evidence: Evidence, expected: Array, lam: float) -> Estimate:
    """Return DR with shrunken weights, `lam` > 0."""
    w = evidence.weights
    model = (evidence.candidate * expected).sum(axis=1)
    kept = w / (w**2 / lam + 1)
    return mean_of("DR shrunk", model + kept * residuals(evidence, expected), lam)


def shrunk(evidence: Evidence, expected: Array) -> Estimate:
    """Return DR with optimistic shrinkage, lambda chosen by SLOPE."""
    grid = [tau**2 for tau in grid_of(evidence.weights)]
    return slope([shrunk_at(evidence, expected, lam) for lam in grid], evidence.clusters)

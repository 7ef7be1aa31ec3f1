"""DR: the direct method, corrected by the weighted residuals of what was seen.

Right where the propensities or the model are right; with logged propensities the model only buys precision.

Source: Dudik, Langford & Li (2011), Doubly robust policy evaluation and learning, ICML.
"""

from __future__ import annotations

import numpy as np

from learning.replay.estimate import Estimate, mean_of
from learning.replay.evidence import Array, Evidence


def residuals(evidence: Evidence, expected: Array) -> Array:
    """Shape (n,), cents: reward less what the model expected of the action taken."""
    return evidence.rewards - expected[np.arange(len(evidence)), evidence.actions]


def doubly_robust(evidence: Evidence, expected: Array) -> Estimate:
    """Return mean(sum_k candidate_k expected_k + w (r - expected_a)); `expected` has shape (n, K), cents."""
    model = (evidence.candidate * expected).sum(axis=1)
    return mean_of("DR", model + evidence.weights * residuals(evidence, expected))


def doubly_robust_difference(evidence: Evidence, other: Array, expected: Array) -> Estimate:
    """Return DR of the candidate minus DR of `other`, in pairs on the same decisions.

    `other` has shape (n, K). For the logged probabilities themselves every weight is one, and a candidate
    equal to them differs by exactly zero in every term.
    """
    rows = np.arange(len(evidence))
    gap = evidence.weights - other[rows, evidence.actions] / evidence.propensities
    model = ((evidence.candidate - other) * expected).sum(axis=1)
    return mean_of("DR difference", model + gap * residuals(evidence, expected))

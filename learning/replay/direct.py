"""The direct method: what a reward model expects of the candidate. Only as good as the model."""

from __future__ import annotations

from learning.replay.estimate import Estimate, mean_of
from learning.replay.evidence import Array, Evidence


def direct(evidence: Evidence, expected: Array) -> Estimate:
    """Return mean over decisions of sum_k candidate_k expected_k.

    Args:
        expected: shape (n, K), cents, from a model not fitted on the decisions it judges.
    """
    return mean_of("direct", (evidence.candidate * expected).sum(axis=1))

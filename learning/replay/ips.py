"""IPS: unbiased wherever propensities are right and cover the candidate; noisy where weights are large.

Source: Horvitz & Thompson (1952), J. Amer. Statist. Assoc. 47(260).
"""

from __future__ import annotations

from learning.replay.estimate import Estimate, mean_of
from learning.replay.evidence import Evidence


def ips(evidence: Evidence) -> Estimate:
    """Return mean(w r)."""
    return mean_of("IPS", evidence.weights * evidence.rewards)

"""SNIPS: IPS over the mean weight; adding a constant to every reward adds just that constant.

Source: Swaminathan & Joachims (2015), The self-normalized estimator for counterfactual learning, NeurIPS.
"""

from __future__ import annotations

import numpy as np

from learning.replay.estimate import Estimate
from learning.replay.evidence import Evidence


def snips(evidence: Evidence) -> Estimate:
    """Return sum(w r) / sum(w), terms by the delta method; 0 where the candidate meets no logged draw."""
    w = evidence.weights
    total = float(w.sum())
    if total <= 0:
        return Estimate("SNIPS", 0.0, np.zeros(len(w)))
    value = float(w @ evidence.rewards) / total
    return Estimate("SNIPS", value, value + w * (evidence.rewards - value) * (len(w) / total))

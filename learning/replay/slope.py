"""SLOPE: choose among estimates from least biased to least noisy, without knowing any bias.

Goes on to less noisy estimates while their intervals still meet those of all earlier ones.

Source: Su, Srinath & Krishnamurthy (2020), Adaptive estimator selection for off-policy evaluation, ICML;
the tighter constant is Tucker & Lee (2021), Improved estimator selection for off-policy evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learning.replay.estimate import Estimate
from learning.replay.evidence import Array
from learning.replay.interval import standard_error

_SPREAD = 1.96
_REACH = 6**0.5 - 1


def slope(estimates: Sequence[Estimate], clusters: NDArray[np.int64]) -> Estimate:
    """Return the last estimate, in the order given, that agrees with all before it.

    Args:
        estimates: least biased (and most noisy) first.
        clusters: shape (n,), as `Evidence.clusters`.
    """
    chosen = estimates[0]
    seen: list[tuple[float, float]] = []
    for estimate in estimates:
        width = _SPREAD * standard_error(estimate.terms, clusters)
        if any(abs(estimate.value - value) > width + _REACH * other for value, other in seen):
            break
        seen.append((estimate.value, width))
        chosen = estimate
    return chosen


def grid_of(weights: Array, steps: int = 12) -> list[float]:
    """Return thresholds on weights, largest (nothing is cut) first, down to the weights' median but one at most."""
    positive = weights[weights > 0]
    if not len(positive):
        return [1.0]
    top = float(positive.max())
    low = max(float(np.median(positive)), 1e-3 * top)
    between = np.geomspace(top, low, steps)[1:] if low < top else np.array([])
    # The first is DR itself, within a thousandth of every weight: nothing is cut or shrunk.
    return [30.0 * top, *map(float, between)]

"""What actions are like, as loadings: through them an outcome of one action teaches its kin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_KIN = 8
"""What actions are like is kept in at most so many numbers: a few dozen actions cannot tell more apart."""


def loadings_of(actions: int, features: Floats | None) -> Floats:
    """Return Z, shape (K, 1+q): ones, then the actions' features, centred, rows of length about one.

    More than `MOST_KIN` features are turned into their principal components, of which the first ones are kept.
    """
    ones = np.ones((actions, 1))
    if features is None or not features.shape[1]:
        return ones
    z = features - features.mean(axis=0)
    if z.shape[1] > MOST_KIN:
        left, sizes, _ = np.linalg.svd(z, full_matrices=False)
        z = left[:, :MOST_KIN] * sizes[:MOST_KIN]
    return np.hstack([ones, z / max(float(np.sqrt((z**2).sum(axis=1).mean())), 1e-12)])

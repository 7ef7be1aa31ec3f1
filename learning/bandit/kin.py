"""What actions are like, as loadings: through them an outcome of one action teaches its kin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_KIN = 8
"""What actions are like is kept in at most so many numbers: a few dozen actions cannot tell more apart."""


def loadings_of(actions: int, features: Floats | None, apart: Sequence[int] = ()) -> Floats:
    """Return Z, shape (K, 1+q): ones, then the actions' features, centred, rows of length about one.

    More than `MOST_KIN` features are turned into their principal components, of which the first ones are kept. The rows
    of actions that stand apart are zero: they have no part in what the others share.
    """
    together = np.setdiff1d(np.arange(actions), np.asarray(apart, dtype=np.int64))
    ones = np.zeros((actions, 1))
    ones[together] = 1
    if features is None or not features.shape[1] or not len(together):
        return ones
    z = features[together] - features[together].mean(axis=0)
    if z.shape[1] > MOST_KIN:
        left, sizes, _ = np.linalg.svd(z, full_matrices=False)
        z = left[:, :MOST_KIN] * sizes[:MOST_KIN]
    kin = np.zeros((actions, z.shape[1]))
    kin[together] = z / max(float(np.sqrt((z**2).sum(axis=1).mean())), 1e-12)
    return np.hstack([ones, kin])

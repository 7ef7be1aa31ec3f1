"""How much actions may differ, from one another and from what they share: learned from the data.

The prior of one input's K coefficients (one an action) has three parts: `own`, each action by itself; `shared`,
all actions alike; `kin`, actions alike as far as their features are. Each block of inputs has its own three
variances. They are fitted so that the data is likeliest (`fitting`; empirical Bayes; Lindley & Smith
1972, "Bayes Estimates for the Linear Model"): where the data shows no difference, they shrink to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learning.bandit.basis import DYADS, INTERCEPT

LEAST = 1e-6
"""Least variance, in squared units of the target."""


KIN_BLOCKS = np.isin(np.arange(4), (INTERCEPT, DYADS))
"""Shape (4,): what kin share, the intercept and how an action fits."""


def _start(value: float) -> NDArray[np.float64]:
    return np.full(4, value)


@dataclass
class Scales:
    """Prior variances by block (see `basis.BLOCKS`), and the noise.

    own, shared, kin: shape (4,). noise: variance of a target around its expectation.
    """

    own: NDArray[np.float64] = field(default_factory=lambda: _start(0.25))
    shared: NDArray[np.float64] = field(default_factory=lambda: _start(0.25))
    kin: NDArray[np.float64] = field(default_factory=lambda: _start(0.25))
    noise: float = 0.1

    def share_nothing(self, least: float) -> bool:
        """Tell whether actions without features share nothing: each block's `shared` is its `own`, up to this share."""
        return bool((np.abs(self.shared - self.own) <= least * np.minimum(self.own, self.shared)).all())

    def of_one(self, actions: int, *, has_kin: bool) -> NDArray[np.float64]:
        """Return by block how much one coefficient of one of so many actions varies in all, shape (4,)."""
        varies = self.own + (self.shared - self.own) / actions
        return varies + np.where(KIN_BLOCKS, self.kin, 0.0) if has_kin else varies

    def coupling(self, block: int, loadings: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Q, shape (1+q, 1+q): the prior precision of a block is I / own + Z Q Z'.

        Args:
            block: which one.
            loadings: Z, shape (K, 1+q): a column of ones, then the actions' centred features; see `kin.loadings_of`.

        The ones' variance is (shared - own) / K, with K those that do not stand apart. It may be negative; then Q still
        gives a proper prior, because shared > 0 is the variance of the mean direction. By the Woodbury identity.
        """
        own = self.own[block]
        k, width = max(float(loadings[:, 0].sum()), 1.0), loadings.shape[1]
        variances = np.full(width, self.kin[block])
        variances[0] = (self.shared[block] - own) / k
        inner = np.eye(width) + (loadings.T @ loadings) * variances / own
        return np.asarray(-np.diag(variances) @ np.linalg.inv(inner).T / own**2)

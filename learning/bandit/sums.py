"""What is remembered of the past: one set of sums an action, and nothing else.

Every belief is a function of these sums, so learners merge by adding, order does not matter, an outcome
that is corrected later is taken out and put in again, and forgetting is a multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Sums:
    """Weighted sums of one regression an action, over K actions and P inputs.

    grams: shape (K, P, P), sum of w f f'. moments: shape (K, P), sum of w r f.
    squares: shape (K,), sum of w r^2. counts: shape (K,), sum of w. scatters: shape (K,), sum of w s, where s is as
    how much of an outcome a row was taught: so much less it scatters than the count says. What fades keeps its s: it
    is old, not many (docs/decisions/0014-uneven-noise.md).
    """

    grams: NDArray[np.float64]
    moments: NDArray[np.float64]
    squares: NDArray[np.float64]
    counts: NDArray[np.float64]
    scatters: NDArray[np.float64]

    @classmethod
    def empty(cls, actions: int, width: int) -> Sums:
        """Return sums of nothing."""
        return cls(
            np.zeros((actions, width, width)),
            np.zeros((actions, width)),
            np.zeros(actions),
            np.zeros(actions),
            np.zeros(actions),
        )

    def add(
        self,
        inputs: NDArray[np.float64],
        actions: NDArray[np.int64],
        targets: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
        taught_as: float = 1.0,
    ) -> None:
        """Take rows in; negative weights take rows out again.

        Args:
            inputs: shape (n, P). actions: shape (n,), in [0, K). targets: shape (n,).
            weights: shape (n,), or None for ones. taught_as: > 0, the part of the weights that is not age.
        """
        if len(actions) == 1:
            k, f, weight = int(actions[0]), inputs[0], 1.0 if weights is None else float(weights[0])
            self.grams[k] += weight * np.outer(f, f)
            self.moments[k] += weight * float(targets[0]) * f
            self.squares[k] += weight * float(targets[0]) ** 2
            self.counts[k] += weight
            self.scatters[k] += weight * taught_as
            return
        w = np.ones(len(actions)) if weights is None else weights
        for k in np.unique(actions):
            of_k = actions == k
            f, wk, rk = inputs[of_k], w[of_k], targets[of_k]
            weighted = f * wk[:, None]
            self.grams[k] += weighted.T @ f
            self.moments[k] += weighted.T @ rk
            self.squares[k] += float(wk @ rk**2)
            self.counts[k] += float(wk.sum())
            self.scatters[k] += float(wk.sum()) * taught_as

    def merge(self, other: Sums) -> None:
        """Add another learner's sums to these."""
        self.grams += other.grams
        self.moments += other.moments
        self.squares += other.squares
        self.counts += other.counts
        self.scatters += other.scatters

    def fade(self, share: float, where: int | slice | NDArray[np.int64] | None = None) -> None:
        """Keep `share` (in [0, 1]) of everything remembered, or of what is remembered of some actions."""
        where = slice(None) if where is None else where
        for part in (self.grams, self.moments, self.squares, self.counts, self.scatters):
            part[where] *= share

    def extend(self, actions: int) -> None:
        """Make room for `actions` new actions, of which nothing is known."""
        more = Sums.empty(actions, self.moments.shape[1])
        self.grams = np.concatenate([self.grams, more.grams])
        self.moments = np.concatenate([self.moments, more.moments])
        self.squares = np.concatenate([self.squares, more.squares])
        self.counts = np.concatenate([self.counts, more.counts])
        self.scatters = np.concatenate([self.scatters, more.scatters])

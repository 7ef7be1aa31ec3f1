"""Scoring many contacts at once: in single precision and in blocks of rows that stay in a processor's cache.

Exact to single precision: means to 1e-5 of the largest coefficient's reach, standard deviations to one in a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import strmm

from learning.bandit.basis import Basis

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

BLOCK_FLOATS = 300_000
"""A block has about so many inputs."""


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Yield the rows of each block, for inputs of this width."""
    step = max(64, BLOCK_FLOATS // max(width, 1))
    for start in range(0, rows, step):
        yield slice(start, start + step)


class Plane:
    """Regressions over the same inputs, ready to score: made once for a whole audience."""

    def __init__(self, basis: Basis, theta: Floats) -> None:
        """Prepare coefficients `theta`, shape (M, P), of M regressions."""
        self.basis = basis
        first, last = 1 + basis.features, 1 + basis.features + basis.dyads
        single = theta.astype(np.float32)
        self.constant = single[:, 0].copy()
        self.lines = np.ascontiguousarray(single[:, 1:first].T)
        self.fits = single[:, first:last].copy()
        self.bends = np.ascontiguousarray(single[:, last:].T)

    def products(self, features: Floats, dyads: Floats | None) -> Floats:
        """Return shape (n, K): the first K regressions' expected targets times those of the last K, M = 2 K.

        Args:
            features: shape (n, d). dyads: shape (n, K, m), or None.
        """
        count = len(self.constant) // 2
        found = np.empty((len(features), count))
        for rows in blocks(len(features), self.basis.width):
            scored = self._score(features[rows], None if dyads is None else dyads[rows])
            np.multiply(scored[:, :count], scored[:, count:], out=found[rows])
        return found

    def _score(self, features: Floats, dyads: Floats | None) -> Singles:
        """Shape (n, M), expected targets; dyads of shape (n, K, m) count for both halves of the regressions."""
        x = features.astype(np.float32)
        x *= np.float32(self.basis.shrink)
        scored = x @ self.lines
        scored += self.constant
        if self.basis.patterns:
            scored += self.basis.bends.singles(x) @ self.bends
        if dyads is not None:
            both = self.fits.reshape(2, -1, self.fits.shape[1])
            fits = np.einsum("nkm,hkm->nhk", dyads.astype(np.float32), both)
            scored += fits.reshape(len(x), -1)
        return scored


def factors(covariances: Floats) -> list[Singles]:
    """Return L_k, shape (P, P), lower, with L_k L_k' = C_k (Cholesky), for covariances of shape (K, P, P)."""
    return [_factor(C) for C in covariances]


def variances(inputs: Floats, dyads: Floats | None, roots: list[Singles], dyad_columns: slice) -> Floats:
    """Return f' C_k f for every row f and every k, shape (n, K), at least 0.

    It is the squared length of L_k' f: half of the work, and nothing cancels.

    Args:
        inputs: shape (n, P). dyads: shape (n, K, m), or None. roots: see `factors`.
        dyad_columns: where the dyads stand among the inputs.
    """
    found = np.empty((len(inputs), len(roots)))
    for rows in blocks(*inputs.shape):
        f = inputs[rows].astype(np.float32)
        for k, L in enumerate(roots):
            if dyads is not None:
                f[:, dyad_columns] = dyads[rows, k]
            mapped = strmm(1.0, L, f.T, lower=1, trans_a=1).T
            found[rows, k] = np.einsum("ni,ni->n", mapped, mapped)
    return found


def _factor(C: Floats) -> Singles:
    """L, shape (P, P); directions that rounding made negative count as nothing."""
    try:
        L = np.linalg.cholesky(C)
    except np.linalg.LinAlgError:
        size, turn = np.linalg.eigh((C + C.T) / 2)
        root = turn * np.sqrt(np.maximum(size, 0))
        L = np.asarray(np.linalg.qr(root.T)[1]).T
    return np.asfortranarray(L, dtype=np.float32)

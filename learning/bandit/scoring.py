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
        shrink = basis.shrink
        first, last = 1 + basis.features, 1 + basis.features + basis.dyads
        single = theta.astype(np.float32)
        self.constant = single[:, 0].copy()
        self.lines = np.ascontiguousarray((theta[:, 1:first] * shrink).T.astype(np.float32))
        self.fits = single[:, first:last].copy()
        self.bends = np.ascontiguousarray(theta[:, last:].T * np.sqrt(2 / max(basis.patterns, 1))).astype(
            np.float32
        )
        directions, phases = basis._waves
        self.directions = (directions * shrink).astype(np.float32)
        self.phases = phases.astype(np.float32)

    def means(self, features: Floats, dyads: Floats | None) -> Floats:
        """Return expected targets, shape (n, M), for features of shape (n, d).

        Args:
            features: shape (n, d). dyads: shape (n, M, m), or None.
        """
        found = np.empty((len(features), len(self.constant)))
        for rows in blocks(len(features), self.basis.width):
            x = features[rows].astype(np.float32)
            scored = x @ self.lines
            scored += self.constant
            if self.basis.patterns:
                waves = x @ self.directions
                waves += self.phases
                np.cos(waves, out=waves)
                scored += waves @ self.bends
            if dyads is not None:
                scored += np.einsum("nkm,km->nk", dyads[rows].astype(np.float32), self.fits)
            found[rows] = scored
        return found


def variances(inputs: Floats, dyads: Floats | None, covariances: Floats, dyad_columns: slice) -> Floats:
    """Return f' C_k f for every row f and every k, shape (n, K), at least 0.

    With C = L L' (Cholesky), f' C f is the squared length of L' f: half of the work, and nothing cancels.

    Args:
        inputs: shape (n, P). dyads: shape (n, K, m), or None. covariances: shape (K, P, P).
        dyad_columns: where the dyads stand among the inputs.
    """
    factors = [_factor(C) for C in covariances]
    found = np.empty((len(inputs), len(covariances)))
    for rows in blocks(*inputs.shape):
        f = inputs[rows].astype(np.float32)
        for k, L in enumerate(factors):
            if dyads is not None:
                f[:, dyad_columns] = dyads[rows, k]
            mapped = strmm(1.0, L, f.T, lower=1, trans_a=1).T
            found[rows, k] = np.einsum("ni,ni->n", mapped, mapped)
    return found


def _factor(C: Floats) -> Singles:
    """L, shape (P, P), lower, with L L' = C; directions that rounding made negative count as nothing."""
    try:
        L = np.linalg.cholesky(C)
    except np.linalg.LinAlgError:
        size, turn = np.linalg.eigh((C + C.T) / 2)
        root = turn * np.sqrt(np.maximum(size, 0))
        L = np.asarray(np.linalg.qr(root.T)[1]).T
    return np.asfortranarray(L, dtype=np.float32)

"""Inverses of symmetric positive definite matrices, by their Cholesky factors: half the work of any matrix's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri

Floats = NDArray[np.float64]


def inverse(matrices: Floats) -> Floats:
    """Return the inverses, shape (K, P, P), symmetric to the last bit.

    One that rounding left short of positive definite is inverted as any matrix is.

    Args:
        matrices: shape (K, P, P), symmetric positive definite; only one half of each is read.

    Raises:
        numpy.linalg.LinAlgError: one is singular.

    """
    found = np.empty_like(matrices)
    for matrix, out in zip(matrices, found, strict=True):
        # LAPACK reads columns first: our lower half is its upper one.
        factor, fault = dpotrf(matrix.T, lower=0, clean=1)
        if fault == 0:
            half, fault = dpotri(factor, lower=0, overwrite_c=1)
        if fault == 0:
            np.add(half, half.T, out=out)
            out.flat[:: len(matrix) + 1] *= 0.5
        else:
            out[:] = np.linalg.inv(matrix)
    return found

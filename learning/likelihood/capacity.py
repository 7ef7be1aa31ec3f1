"""Whom to take when only so many can be taken, and how many of those will come true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.leads import Expected
from learning.likelihood.table import Floats, Ints

_DRAWS = 4_000


def pick(worths: Floats, ids: NDArray[np.str_], capacity: int) -> Ints:
    """Return the row numbers of the `capacity` worthiest, best first; ties go by id, so it is repeatable.

    Args:
        worths: shape (n,), probability, or probability times value.
        ids: shape (n,).
        capacity: how many can be taken; fewer come back only where there are fewer.

    Raises:
        ValueError: if the capacity is below 1.
    """
    if capacity < 1:
        raise ValueError(f"a capacity of {capacity} takes nobody")
    return np.asarray(np.lexsort((ids, -worths))[:capacity], dtype=np.int64)


def expect(draws: Floats, seed: int) -> Expected:
    """Return how many of the picked come true, with a 90 % interval.

    Args:
        draws: shape (D, n), probabilities of the n picked under D draws of the calibration.
        seed: of the outcomes' draws.

    Both doubts count: that of the calibration (which moves all together) and that of each outcome.
    """
    rng = np.random.default_rng(seed)
    again = draws[rng.integers(len(draws), size=_DRAWS)]
    counts = (rng.random(again.shape) < again).sum(axis=1)
    low, high = np.quantile(counts, [0.05, 0.95])
    return Expected(
        picked=draws.shape[1], mean=float(draws.mean(axis=0).sum()), low=float(low), high=float(high)
    )

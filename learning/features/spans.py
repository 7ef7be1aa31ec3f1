"""Ranges of a sorted column: which entries belong to each of some owners, without a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def entries_of(
    sorted_owners: NDArray[Any], wanted: NDArray[Any], ends: NDArray[Any] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (entries, positions): entry `entries[i]` belongs to `wanted[positions[i]]`.

    Args:
        sorted_owners: shape (e,), ascending: the owner of each entry.
        wanted: shape (n,), owners asked for, in any order.
        ends: shape (n,): with it, an entry belongs where `wanted <= owner < ends`.
    """
    low = np.searchsorted(sorted_owners, wanted, "left")
    if ends is None:
        high = np.searchsorted(sorted_owners, wanted, "right")
    else:
        high = np.searchsorted(sorted_owners, ends, "left")
    many = high - low
    positions = np.repeat(np.arange(len(many)), many)
    starts = np.repeat(low - (np.cumsum(many) - many), many)
    return np.arange(len(positions)) + starts, positions

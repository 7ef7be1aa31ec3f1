"""Lapses: what was expected and did not come.

A stage or a signal is credited with what is expected of it. If neither the goal nor an end followed within the
goal's window, that credit is taken back from whoever had it: late revenue corrects earlier credit downwards too,
or a mature decision would go on being paid for hopes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal
from learning.signs import LOST, Signs
from learning.worth import goal_codes


def lapsed(signs: Signs, goal: Goal, now: np.datetime64) -> NDArray[np.bool_]:
    """Tell which signs' gains no longer stand, shape (m,).

    Args:
        signs: everything until `now`, in any order.
        goal: its outcome and window.
        now: datetime64[s].

    """
    days = goal.stage_windows_days.get(goal.outcome, goal.window_days)
    window = np.timedelta64(days * 86_400, "s")
    is_end = np.isin(signs.code, goal_codes(goal.outcome)) | signs.closes | (signs.code >= LOST)
    is_over = signs.at + window <= now
    hope = ~is_end & is_over & ~_any_within(signs, is_end, signs.at, signs.at + window)
    # A loss takes back what lately stood; what had lapsed is taken back already.
    in_vain = (signs.code == LOST) & ~_any_within(signs, ~is_end, signs.at - window, signs.at)
    return np.asarray(hope | in_vain, dtype=bool)


def _any_within(
    signs: Signs,
    which: NDArray[np.bool_],
    since: NDArray[np.datetime64],
    until: NDArray[np.datetime64],
) -> NDArray[np.bool_]:
    """Whether the sign's contact has one of `which` at since ≤ time ≤ until, shape (m,)."""
    if not which.any():
        return np.zeros(len(signs), dtype=bool)
    first, last = (bound.astype("datetime64[s]").astype(np.int64) for bound in (since, until))
    at = signs.at[which].astype("datetime64[s]").astype(np.int64)
    origin = min(first.min(), at.min())
    stride = max(last.max(), at.max()) - origin + 1
    key = np.sort(signs.contact[which] * stride + at - origin)
    low = np.searchsorted(key, signs.contact * stride + first - origin, side="left")
    high = np.searchsorted(key, signs.contact * stride + last - origin, side="right")
    return np.asarray(high > low, dtype=bool)

"""The part of a contact's own day in which something happened: what makes a habit of a send slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.campaign import SendSlot
from learning.features.decay import MICROSECONDS_A_DAY

PARTS = ("morning", "midday", "afternoon", "evening or night")
"""Local hours 5 to 11, 11 to 14, 14 to 18, and the rest."""

PART_OF_SLOT = {SendSlot.MORNING: 0, SendSlot.MIDDAY: 1, SendSlot.AFTERNOON: 2}
"""`NOW` has no part of its own: it is the part in which the decision falls."""

_PART_OF_HOUR = np.array([3] * 5 + [0] * 6 + [1] * 3 + [2] * 4 + [3] * 6, dtype=np.int8)
_MICROSECONDS_AN_HOUR = MICROSECONDS_A_DAY // 24
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def parts_of_day(at: NDArray[np.int64], zones: NDArray[np.int16], names: Sequence[str]) -> NDArray[np.int8]:
    """Return the place in `PARTS` of each moment, shape (n,); -1 where the zone is unknown.

    The offset is the one of that UTC day's noon, so on the two days a year on which clocks change
    some hours are told one off.

    Args:
        at: shape (n,), microseconds since 1970, UTC.
        zones: shape (n,), place in `names`, or -1.
        names: IANA zone names; one that does not exist is an unknown zone.
    """
    days = at // MICROSECONDS_A_DAY
    pairs, back = np.unique(zones.astype(np.int64) * 2**32 + days, return_inverse=True)
    offsets = np.array(
        [_offset(names[pair >> 32] if pair >= 0 else "", int(pair & (2**32 - 1))) for pair in pairs.tolist()],
        dtype=np.float64,
    )[back.reshape(-1)]
    local = (at // _MICROSECONDS_AN_HOUR * 60 + at // 60_000_000 % 60 + np.nan_to_num(offsets)) // 60 % 24
    return np.where(np.isnan(offsets), np.int8(-1), _PART_OF_HOUR[local.astype(np.int64)])


@lru_cache(maxsize=262_144)
def _offset(zone: str, day: int) -> float:
    """Minutes ahead of UTC at noon of a day since 1970, NaN for an unknown zone."""
    try:
        there = (_1970 + timedelta(days=day, hours=12)).astimezone(ZoneInfo(zone))
    except (OSError, ValueError, KeyError):
        return float("nan")
    offset = there.utcoffset()
    return offset.total_seconds() / 60 if offset is not None else float("nan")

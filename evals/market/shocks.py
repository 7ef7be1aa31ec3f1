"""Common random numbers: what chance brings a contact on a day is the same whoever plays.

Two players who treat a contact alike get the same outcome, so that their difference is due to what they
did. Source: Glasserman & Yao (1992), Management Science 38(6), on common random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Chance(IntEnum):
    """One row of a day's shocks for each thing that is left to chance."""

    VISIT = 0
    TOPIC_NOISE = 1
    TOPIC = 2
    ACT = 3
    CONTENT = 4
    CLICK = 5
    CLICK_DELAY = 6
    REPLY = 7
    REPLY_DELAY = 8
    BOOKING = 9
    BOOKING_DELAY = 10
    MEETING_DELAY = 11
    UNSUBSCRIBE = 12
    COMPLAINT = 13
    STAGE = 14
    DISQUALIFIED = 15
    WORDS = 16


@dataclass(frozen=True)
class Shocks:
    """One day's shocks. contacts: shape (len(Chance), n), accounts: shape (2, a); uniform in [0, 1)."""

    contacts: NDArray[np.float64]
    accounts: NDArray[np.float64]

    def __getitem__(self, chance: Chance) -> NDArray[np.float64]:
        """Shape (n,)."""
        return np.asarray(self.contacts[chance])


def shocks(seed: int, day: int, contacts: int, accounts: int) -> Shocks:
    """Return the shocks of one day (which may be negative: before the game); a function of its arguments."""
    rng = np.random.default_rng([seed, 3, day + 10_000])
    return Shocks(rng.random((len(Chance), contacts)), rng.random((2, accounts)))

"""Many entities at many moments: what each had done by then, in arrays, with nothing later able to enter.

A journal becomes one sorted key a kind (entity, then time); every count is two binary searches. 1M events
and 100,000 questions take well under a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learning.likelihood.table import Floats, Ints, Times

_SPAN = np.int64(1) << 34
"""More seconds than there are between 1970 and any date of ours."""
_DAY = 86_400
MOST_CASES = 200_000
"""More do not make a ranking better, only slower; a week more or less is left out instead."""
HALF_DAYS = 14.0
"""A recency is halved every so many days."""


def seconds(at: Times) -> Ints:
    """Return seconds since 1970."""
    return np.asarray(at.astype("datetime64[s]").astype(np.int64))


@dataclass(frozen=True)
class Log:
    """m things that happened, in any order.

    who: shape (m,), int, number of the entity, at least 0. kind: shape (m,), str. at: shape (m,), datetime64[s], UTC.
    """

    who: Ints
    kind: np.ndarray[tuple[int], np.dtype[np.str_]]
    at: Times

    def of(self, *kinds: str) -> Track:
        """Return what happened of these kinds, ready to be asked."""
        rows = np.isin(self.kind, kinds)
        return Track(np.sort(self.who[rows] * _SPAN + seconds(self.at[rows])))


@dataclass(frozen=True)
class Track:
    """When each entity did one thing. keys: shape (m,), sorted, entity x 2^34 + seconds."""

    keys: Ints

    def count(self, who: Ints, moments: Times, days: float) -> Floats:
        """Return shape (n,): how often in the `days` up to and including the moment."""
        return self._upto(who, moments, 0) - self._upto(who, moments, days)

    def between(self, who: Ints, moments: Times, days: float) -> Floats:
        """Return shape (n,): how often in the `days` after the moment, which itself does not count."""
        return self._upto(who, moments, -days) - self._upto(who, moments, 0)

    def days_since(self, who: Ints, moments: Times) -> Floats:
        """Return shape (n,): days since the last one up to the moment; NaN where there was none."""
        place = np.searchsorted(self.keys, who * _SPAN + seconds(moments), side="right") - 1
        if not len(self.keys):
            return np.full(len(who), np.nan)
        last = self.keys[np.maximum(place, 0)]
        is_own = (place >= 0) & (last // _SPAN == who)
        return np.where(is_own, (seconds(moments) - last % _SPAN) / _DAY, np.nan)

    def recency(self, who: Ints, moments: Times) -> Floats:
        """Return shape (n,), in [0, 1]: 1 just now, halved every 14 days, 0 where it never happened."""
        return np.asarray(0.5 ** (np.nan_to_num(self.days_since(who, moments), nan=np.inf) / HALF_DAYS))

    def _upto(self, who: Ints, moments: Times, days: float) -> Floats:
        ends = np.clip(seconds(moments) - np.int64(days * _DAY), 0, _SPAN - 1)
        first = np.searchsorted(self.keys, who * _SPAN, side="left")
        return np.asarray(
            np.searchsorted(self.keys, who * _SPAN + ends, side="right") - first, dtype=np.float64
        )


def weekly(first: np.datetime64, last: np.datetime64, most: int = 104) -> Times:
    """Return the moments one week apart that end at `last`, none before `first`, at most `most`, oldest first."""
    count = int((last - first) / np.timedelta64(7 * _DAY, "s")) + 1 if last >= first else 0
    back = np.arange(min(count, most))[::-1]
    return np.asarray(last - back * np.timedelta64(7 * _DAY, "s"))


def thinned(found: Sequence[tuple[Ints, np.datetime64]], most: int = MOST_CASES) -> tuple[Ints, Times]:
    """Return entities and moments of all cases; where there are too many, of every second, third, ... week.

    Args:
        found: who there was at each moment, oldest first; the newest moment always stays.
    """
    step = max(-(-sum(len(who) for who, _ in found) // most), 1)
    kept = list(found[::-1][::step][::-1])
    if not kept:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype="datetime64[s]")
    moments = np.array([moment for _, moment in kept], dtype="datetime64[s]")
    return np.concatenate([who for who, _ in kept]), np.repeat(moments, [len(who) for who, _ in kept])


@dataclass(frozen=True)
class States:
    """Which state each entity entered when. who, state: shape (m,), int; at: shape (m,), datetime64[s]."""

    keys: Ints
    state: Ints

    @classmethod
    def of(cls, who: Ints, at: Times, state: Ints) -> States:
        """Sort changes given in any order; of several in one second the highest state counts."""
        keys = who * _SPAN + seconds(at)
        order = np.lexsort((state, keys))
        return cls(keys[order], state[order])

    def at(self, who: Ints, moments: Times) -> tuple[Ints, Floats]:
        """Return each entity's state (-1 where not known yet) and how many days it has been in it."""
        if not len(self.keys):
            return np.full(len(who), -1), np.full(len(who), np.nan)
        place = np.searchsorted(self.keys, who * _SPAN + seconds(moments), side="right") - 1
        last = self.keys[np.maximum(place, 0)]
        is_own = (place >= 0) & (last // _SPAN == who)
        days = np.where(is_own, (seconds(moments) - last % _SPAN) / _DAY, np.nan)
        return np.where(is_own, self.state[np.maximum(place, 0)], -1), days

"""Funnel metrics: how fast, how often and how soon, each with how sure we are.

Whoever entered a stage last week has had no time to leave it, so conversions and times are estimated with
censoring (Kaplan & Meier (1958), J. Amer. Statist. Assoc. 53(282)), never as bare shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; None where an end, or the value, cannot be told."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Survival:
    """Share still without the event after each time at which one happened.

    days: shape (k,), rising. share: shape (k,), falling, in [0, 1].
    log_variance: shape (k,), Greenwood's variance of log share (inf where share is 0).
    """

    days: NDArray[np.float64]
    share: NDArray[np.float64]
    log_variance: NDArray[np.float64]

    def at(self, days: float) -> Interval:
        """Return the share still without the event after `days`, log-log interval."""
        row = int(np.searchsorted(self.days, days, side="right")) - 1
        if row < 0:
            return Interval(1.0, None, None)
        low, high = self.band()
        return Interval(float(self.share[row]), float(low[row]), float(high[row]))

    def band(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the ends of the 95 % interval, shape (k,). Source: Kalbfleisch & Prentice (1980), log-log."""
        inside = (self.share > 0) & (self.share < 1)
        log = np.log(np.where(inside, self.share, 0.5))
        spread = Z95 * np.sqrt(np.where(inside, self.log_variance, 0)) / np.abs(log)
        low, high = np.exp(log * np.exp(spread)), np.exp(log * np.exp(-spread))
        return np.where(inside, low, self.share), np.where(inside, high, self.share)

    def median(self) -> Interval:
        """Return the days by which half had the event. Source: Brookmeyer & Crowley (1982), Biometrics 38(1)."""
        low, high = self.band()
        return Interval(self._first(self.share), self._first(low), self._first(high))

    def _first(self, share: NDArray[np.float64]) -> float | None:
        row = np.flatnonzero(share <= 0.5)
        return float(self.days[row[0]]) if len(row) else None


def survival(days: NDArray[np.float64], happened: NDArray[np.bool_]) -> Survival:
    """Estimate how long it takes, from n contacts of whom some are still waiting.

    Args:
        days: shape (n,), ≥ 0, until the event, or until now where it has not happened.
        happened: shape (n,), whether it was the event.

    """
    times, number = np.unique(days[happened], return_counts=True)
    at_risk = len(days) - np.searchsorted(np.sort(days), times, side="left")
    share = np.asarray(np.cumprod(1 - number / at_risk), dtype=float)
    left = at_risk - number
    with np.errstate(divide="ignore"):
        log_variance = np.cumsum(np.where(left > 0, number / (at_risk * np.maximum(left, 1)), np.inf))
    return Survival(times, share, log_variance)


@dataclass(frozen=True)
class Conversion:
    """How many of those who entered one stage reached the next.

    entered, converted: contacts seen. share: within `within_days`, censoring allowed for.
    """

    entered: int
    converted: int
    within_days: float
    share: Interval


def conversion(
    days_to_next: NDArray[np.float64], followed_days: NDArray[np.float64], within_days: float
) -> Conversion:
    """Return the conversion of n contacts from a stage to the next within some days.

    Args:
        days_to_next: shape (n,), ≥ 0, inf where not reached.
        followed_days: shape (n,), ≥ 0, since entering.
        within_days: asked; where nobody was followed that long, the share is not told.

    """
    n = len(days_to_next)
    happened = days_to_next <= np.minimum(followed_days, within_days)
    converted = int(happened.sum())
    if n == 0 or followed_days.max() < within_days:
        return Conversion(n, converted, within_days, Interval(None, None, None))
    if converted == 0:
        mature = int((followed_days >= within_days).sum())
        return Conversion(n, 0, within_days, wilson(0, mature))
    waited = np.where(happened, days_to_next, np.minimum(followed_days, within_days))
    stay = survival(waited, happened).at(within_days)
    ends = (None if stay.high is None else 1 - stay.high, None if stay.low is None else 1 - stay.low)
    return Conversion(n, converted, within_days, Interval(1 - (stay.value or 0.0), *ends))


def wilson(hits: int, n: int) -> Interval:
    """Return a share with its 95 % interval. Source: Wilson (1927), J. Amer. Statist. Assoc. 22(158)."""
    if n == 0:
        return Interval(None, None, None)
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Interval(share, max(centre - half, 0.0), min(centre + half, 1.0))


@dataclass(frozen=True)
class Velocity:
    """Pipeline velocity: what the open pipeline turns into a day.

    open_deals × win_rate × value_cents / cycle_days. cents_per_day has a 95 % interval by the delta method on
    its logarithm; the open deals are counted, not estimated.
    """

    open_deals: int
    win_rate: Interval
    value_cents: float | None
    cycle_days: float | None
    cents_per_day: Interval


def velocity(
    open_deals: int,
    won: NDArray[np.bool_],
    value_cents: NDArray[np.float64],
    cycle_days: NDArray[np.float64],
) -> Velocity:
    """Return the pipeline velocity from k closed deals.

    Args:
        open_deals: how many are open now.
        won: shape (k,), of closed deals.
        value_cents: shape (k,), NaN where unknown; those won count.
        cycle_days: shape (k,), > 0, created to closed, NaN where unknown; those won count.

    """
    wins = int(won.sum())
    rate = wilson(wins, len(won))
    value = value_cents[won & np.isfinite(value_cents)]
    cycle = cycle_days[won & np.isfinite(cycle_days)]
    if wins == 0 or len(value) == 0 or len(cycle) == 0 or cycle.mean() <= 0:
        return Velocity(open_deals, rate, None, None, Interval(None, None, None))
    found = open_deals * (wins / len(won)) * float(value.mean()) / float(cycle.mean())
    low = high = None
    if min(len(value), len(cycle)) > 1:
        variance = (1 - wins / len(won)) / wins
        variance += sum(float(x.var(ddof=1)) / (len(x) * float(x.mean()) ** 2) for x in (value, cycle))
        stretch = math.exp(Z95 * math.sqrt(variance))
        low, high = found / stretch, found * stretch
    return Velocity(open_deals, rate, float(value.mean()), float(cycle.mean()), Interval(found, low, high))

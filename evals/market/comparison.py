"""Compares players over paired seeds: means, shares of the way, ratios, each with a bootstrap interval.

Intervals resample seeds, all players of a seed together, so what a market has in common cancels.
Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.tally import Outcome

Floats = NDArray[np.float64]

RESAMPLES = 4_000
MONEY = ("revenue_cents", "expected_revenue_cents", "true_value_cents")
SHOWN = (
    *MONEY,
    "mql_to_sql",
    "new_sqls",
    "deals_won",
    "engagement_days",
    "engaged_share",
    "messages",
    "clicks",
    "replies",
    "meetings",
    "unsubscribes",
    "complaints",
)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval over seeds."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Plain values; a number that cannot be told is null."""
        told = {"value": self.value, "low": self.low, "high": self.high}
        return {key: number if np.isfinite(number) else None for key, number in told.items()}  # type: ignore[misc]


@dataclass(frozen=True)
class Comparison:
    """Games of several players on the same seeds, in the same order.

    Raises:
        ValueError: if players did not play the same seeds.
    """

    games: Mapping[str, Sequence[Outcome]]

    def __post_init__(self) -> None:
        seeds = {tuple(game.seed for game in games) for games in self.games.values()}
        if len(seeds) != 1:
            raise ValueError("players must have played the same seeds in the same order to be compared")

    def of(self, player: str, measure: str) -> Floats:
        """Shape (seeds,)."""
        return np.array([getattr(game, measure) for game in self.games[player]], dtype=float)

    def estimate(self, statistic: Callable[..., Any], *samples: Floats) -> Estimate:
        """Apply a statistic of means to samples that share their seeds; resample seeds for the interval."""
        count = len(samples[0])
        rows = np.random.default_rng(11).integers(count, size=(RESAMPLES, count))
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = np.asarray(statistic(*(sample[rows].mean(axis=1) for sample in samples)))
            value = float(statistic(*(np.float64(sample.mean()) for sample in samples)))
        # Where the two ends of a way meet in a resample, it has no length and tells nothing.
        told = drawn[np.isfinite(drawn)]
        low, high = np.percentile(told, [2.5, 97.5]) if len(told) else (np.nan, np.nan)
        return Estimate(value, float(low), float(high))

    def mean(self, player: str, measure: str) -> Estimate:
        """Mean of a measure over seeds."""
        return self.estimate(lambda mean: mean, self.of(player, measure))

    def way(self, player: str, measure: str, start: str = "rules", end: str = "oracle") -> Estimate:
        """(player - start) / (end - start): 0 plays like `start`, 1 like `end`."""
        samples = (self.of(name, measure) for name in (player, start, end))
        return self.estimate(lambda p, s, e: (p - s) / (e - s), *samples)

    def ratio(self, player: str, measure: str, base: str = "rules") -> Estimate:
        """Player's mean over the base's mean."""
        return self.estimate(lambda p, b: p / b, self.of(player, measure), self.of(base, measure))

    def difference(self, player: str, measure: str, base: str) -> Estimate:
        """Player's mean less the base's mean."""
        return self.estimate(lambda p, b: p - b, self.of(player, measure), self.of(base, measure))

    def weekly(self, player: str) -> Floats:
        """Shape (weeks,): mean true value of a week's messages, cents."""
        weekly = np.array([game.weekly_true_value_cents for game in self.games[player]])
        return np.asarray(weekly.mean(axis=0))

    def weekly_way(self, player: str) -> list[float] | None:
        """Share of the way from rules to oracle by week, on the true value; None without the two."""
        if not {"rules", "oracle"} <= set(self.games):
            return None
        start, end = self.weekly("rules"), self.weekly("oracle")
        return [float(share) for share in ((self.weekly(player) - start) / (end - start)).round(4)]

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        told: dict[str, Any] = {}
        has_rules, has_both = "rules" in self.games, {"rules", "oracle"} <= set(self.games)
        is_informed = {"rules", "informed"} <= set(self.games)
        for player, games in self.games.items():
            told[player] = {
                "mean": {measure: self.mean(player, measure).as_json() for measure in SHOWN},
                "share_of_way": {m: self.way(player, m).as_json() for m in MONEY} if has_both else None,
                "share_of_way_to_informed": {m: self.way(player, m, end="informed").as_json() for m in MONEY}
                if is_informed
                else None,
                "mql_to_sql_over_rules": self.ratio(player, "mql_to_sql").as_json() if has_rules else None,
                "weekly_true_value_cents": self.weekly(player).round(1).tolist(),
                "weekly_share_of_way": self.weekly_way(player),
                "games": [game.as_json() for game in games],
            }
        return told

"""From games to a table: shares of the way from random to the reference, with intervals, and who is first where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.bakeoff.game import Game

Floats = NDArray[np.float64]

RANDOM = "random"
BEST_ARM = "best single arm"
EXPERT = "expert: "
DRAWS = 2_000


def share_of_the_way(reward: float, random: float, reference: float) -> float:
    """Return 0 at random's reward and 1 at the reference's; more where a player beats the reference.

    Raises:
        ValueError: if the reference is not better than random: there is no way to go.
    """
    if reference <= random:
        raise ValueError(f"the reference ({reference:.3f}) is not better than random ({random:.3f})")
    return (reward - random) / (reference - random)


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Place:
    """One family's place on one set.

    player: the family's best entry on this set, by mean reward. rewards, shares: shape (seeds,).
    """

    family: str
    set_name: str
    player: str
    rewards: Floats
    shares: Floats


class Ranking:
    """All families on all sets."""

    def __init__(self, games: Sequence[Game], families: Mapping[str, str]) -> None:
        """Sort the games.

        Args:
            games: played to the end, random and best single arm and experts among them.
            families: family of each player's name; players named nowhere are left out.

        Raises:
            ValueError: if a set's random player or experts are missing.
        """
        by_set: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
        for game in games:
            by_set[game.set_name][game.player][game.seed] = game.reward
        self.sets = tuple(by_set)
        self.random: dict[str, float] = {}
        self.reference: dict[str, float] = {}
        self.reference_name: dict[str, str] = {}
        self.rows: dict[tuple[str, str], Place] = {}
        for name, players in by_set.items():
            experts = {p: _mean(r.values()) for p, r in players.items() if p.startswith(EXPERT)}
            if not experts or RANDOM not in players:
                raise ValueError(f"set {name!r} has no games of random and of experts; play them first")
            self.random[name] = _mean(players[RANDOM].values())
            best = max(experts, key=lambda p: experts[p])
            self.reference_name[name], self.reference[name] = best.removeprefix(EXPERT), experts[best]
            self._rank(name, players, families)

    def _rank(self, name: str, players: Mapping[str, dict[int, float]], families: Mapping[str, str]) -> None:
        seeds = sorted({seed for results in players.values() for seed in results})
        best: dict[str, tuple[float, str]] = {}
        for player, results in players.items():
            family = families.get(player)
            if family is None or len(results) < len(seeds):
                continue
            best[family] = max(best.get(family, (-1.0, "")), (_mean(results.values()), player))
        for family, (_, player) in best.items():
            rewards = np.array([players[player][seed] for seed in seeds])
            self.rows[family, name] = Place(family, name, player, rewards, self._share(name, rewards))

    def add_one_setting(self, family: str, games: Sequence[Game], families: Mapping[str, str]) -> None:
        """Rank a family once more as `NAME, one setting`: the entry whose mean share over all sets is highest."""
        by_player: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
        for game in games:
            if families.get(game.player) == family:
                by_player[game.player][game.set_name].append((game.seed, game.reward))
        wanted = {name: len(shares) for name, shares in self.shares(family).items()}
        best: tuple[float, str, dict[str, Floats]] | None = None
        for player, results in by_player.items():
            if any(len(results[name]) < seeds for name, seeds in wanted.items()):
                continue
            rewards = {name: np.array([reward for _, reward in sorted(results[name])]) for name in wanted}
            mean = float(np.mean([self._share(name, values).mean() for name, values in rewards.items()]))
            if best is None or mean > best[0]:
                best = (mean, player, rewards)
        if best is not None:
            called = f"{family}, one setting"
            for name, values in best[2].items():
                self.rows[called, name] = Place(called, name, best[1], values, self._share(name, values))

    def _share(self, name: str, rewards: Floats) -> Floats:
        way = (self.random[name], self.reference[name])
        return np.array([share_of_the_way(float(reward), *way) for reward in rewards])

    @property
    def families(self) -> list[str]:
        """Families, best mean share first."""
        names = {family for family, _ in self.rows}
        return sorted(names, key=lambda f: -float(np.mean([s.mean() for s in self.shares(f).values()])))

    def shares(self, family: str) -> dict[str, Floats]:
        """Shares by set, shape (seeds,) each, where the family played to the end."""
        return {name: self.rows[family, name].shares for name in self.sets if (family, name) in self.rows}

    def first_on(self, family: str, among: Iterable[str]) -> list[str]:
        """Return the sets on which the family has the highest mean reward among these."""
        rivals = [f for f in among if f != family]
        return [
            name
            for name in self.sets
            if (family, name) in self.rows
            and all(
                self.rows[family, name].rewards.mean() > self.rows[rival, name].rewards.mean()
                for rival in rivals
                if (rival, name) in self.rows
            )
        ]

    def mean_share(self, family: str) -> Interval:
        """Mean over sets of the share of the way, sets and seeds drawn anew for the interval."""
        shares = list(self.shares(family).values())
        draws = [np.mean([drawn[0] for drawn in _drawn(rng, [shares])]) for rng in _rngs()]
        return _interval(float(np.mean([s.mean() for s in shares])), draws)

    def ratio(self, family: str, rival: str) -> Interval:
        """Mean share divided by a rival's, on the sets both played, drawn anew together."""
        mine, theirs = self.shares(family), self.shares(rival)
        both = [name for name in mine if name in theirs]
        pair = [[mine[name] for name in both], [theirs[name] for name in both]]
        draws = []
        for rng in _rngs():
            drawn = np.array(_drawn(rng, pair))
            draws.append(float(drawn[:, 0].mean() / drawn[:, 1].mean()))
        middle = np.mean([s.mean() for s in pair[0]]) / np.mean([s.mean() for s in pair[1]])
        return _interval(float(middle), draws)


def _mean(numbers: Iterable[float]) -> float:
    return float(np.mean(list(numbers)))


def _rngs() -> list[np.random.Generator]:
    return [np.random.default_rng(draw) for draw in range(DRAWS)]


def _drawn(rng: np.random.Generator, of: Sequence[Sequence[Floats]]) -> list[list[float]]:
    """Draw sets with replacement and, in each, seeds; the same draw for everyone in `of`."""
    count = len(of[0])
    means = []
    for at in rng.integers(count, size=count):
        seeds = rng.integers(len(of[0][at]), size=len(of[0][at]))
        means.append([float(shares[at][seeds].mean()) for shares in of])
    return means


def _interval(mean: float, draws: Sequence[float | np.floating]) -> Interval:
    low, high = np.quantile(np.asarray(draws, dtype=float), [0.025, 0.975])
    return Interval(mean, float(low), float(high))

"""What a player is, what it is told at the start, and the simplest ones: random, silence, one asset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from evals.market.truth import Truth

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Briefing:
    """What a player is told at the start. action_features: shape (K, q); the last action is silence.

    answer_cents: what an answer of each contact is worth by the table rewards are paid from, shape (n,), from features
    of shape (n, d).
    """

    action_names: tuple[str, ...]
    action_features: Floats
    action_feature_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    dyad_names: tuple[str, ...]
    answer_cents: Callable[[Floats], Floats]


class Player(Protocol):
    """Decides for every contact who may get something today, and learns from what came of it."""

    name: str

    def choose(self, features: Floats, allowed: Bools, dyads: Floats, seed: int) -> Choice:
        """Draw one action a row.

        Args:
            features: shape (n, d), as named in the briefing.
            allowed: shape (n, K); silence is always allowed.
            dyads: shape (n, K, m).
            seed: reproduces the draw.
        """
        ...

    def learn(
        self,
        features: Floats,
        actions: Ints,
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Take in outcomes whose window has closed.

        Args:
            features: shape (n, d), as at the decision.
            actions: shape (n,).
            rewards: shape (n,), cents.
            propensities: shape (n,), as the player stated them.
            at: shape (n,), datetime64[s], when it was decided.
            dyads: shape (n, m), of the action taken.
        """
        ...


class Seer(Protocol):
    """A player who is shown the hidden truth: the oracle. Nobody else has `see`."""

    def see(self, truth: Truth, who: Ints) -> None:
        """Look at the truth about the contacts of the next choice."""
        ...


Maker = Callable[[Briefing], Player]


def certain(actions: Ints, k: int) -> Choice:
    """Return a choice made with certainty among K actions."""
    probabilities = np.zeros((len(actions), k))
    probabilities[np.arange(len(actions)), actions] = 1
    return Choice(actions=actions, propensities=np.ones(len(actions)), probabilities=probabilities)


def draw(probabilities: Floats, seed: int) -> Choice:
    """Draw one column a row from rows that sum to one."""
    cumulative = probabilities.cumsum(axis=1)
    at = np.random.default_rng(seed).random(len(probabilities)) * cumulative[:, -1]
    actions = (cumulative <= at[:, None]).sum(axis=1)
    return Choice(actions, probabilities[np.arange(len(actions)), actions], probabilities)


class _Unlearning:
    """A player who does not learn."""

    def learn(
        self,
        features: Floats,
        actions: Ints,
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Take no notice."""


class Random(_Unlearning):
    """Draws evenly among everything allowed, silence included."""

    name = "random"

    def __init__(self, briefing: Briefing) -> None:
        self._k = len(briefing.action_names)

    def choose(self, features: Floats, allowed: Bools, dyads: Floats, seed: int) -> Choice:
        """Draw evenly."""
        return draw(allowed / allowed.sum(axis=1, keepdims=True), seed)


class Silence(_Unlearning):
    """Never sends anything: what happens without us."""

    name = "silence"

    def __init__(self, briefing: Briefing) -> None:
        self._k = len(briefing.action_names)

    def choose(self, features: Floats, allowed: Bools, dyads: Floats, seed: int) -> Choice:
        """Stay silent."""
        return certain(np.full(len(allowed), self._k - 1), self._k)


class BestSingle(_Unlearning):
    """Sends one asset to everyone it is declared for, once a week; the best one on the tuning seeds."""

    name = "best-single"

    def __init__(
        self, briefing: Briefing, asset_id: str = "compare-spreadsheet", every_days: int = 7
    ) -> None:
        self._k = len(briefing.action_names)
        names = [name.partition("|")[0] for name in briefing.action_names]
        self._action = names.index(asset_id)
        self._week = briefing.feature_names.index("pressure:days_7")
        self._most = max(7 // every_days, 1)

    def choose(self, features: Floats, allowed: Bools, dyads: Floats, seed: int) -> Choice:
        """Send it where it may go and nothing went this week."""
        sends = allowed[:, self._action] & (features[:, self._week] < self._most)
        return certain(np.where(sends, self._action, self._k - 1), self._k)

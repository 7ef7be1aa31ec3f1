"""The product's learner at the table: `learning.bandit.Bandit` behind the players' protocol."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import AttuneError
from domain.learner import Choice
from evals.market.players.player import Briefing


class Learner:
    """Hands everything on to a fresh bandit.

    Raises:
        AttuneError: while there is no `learning.bandit` to play.
    """

    name = "learner"

    def __init__(self, briefing: Briefing, **settings: Any) -> None:
        try:
            bandit = import_module("learning.bandit").Bandit
        except (ImportError, AttributeError) as missing:
            raise AttuneError(
                "There is no `learning.bandit.Bandit` in this tree yet, so the learner cannot play. "
                "Leave `learner` out of --players; `shared-linear` and `per-arm-linear` play without it."
            ) from missing
        self._bandit = bandit(
            actions=briefing.action_names,
            action_features=briefing.action_features,
            feature_names=briefing.feature_names,
            dyad_names=briefing.dyad_names,
            **settings,
        )

    def choose(
        self,
        features: NDArray[np.float64],
        allowed: NDArray[np.bool_],
        dyads: NDArray[np.float64],
        seed: int,
    ) -> Choice:
        """Let the bandit draw."""
        choice: Choice = self._bandit.choose(features, allowed, dyads, seed)
        return choice

    def learn(
        self,
        features: NDArray[np.float64],
        actions: NDArray[np.int64],
        rewards: NDArray[np.float64],
        propensities: NDArray[np.float64],
        at: NDArray[np.datetime64],
        dyads: NDArray[np.float64],
    ) -> None:
        """Let the bandit learn."""
        self._bandit.learn(features, actions, rewards, propensities, at, dyads)

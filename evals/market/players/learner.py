"""The product's learner at the table: `learning.bandit.Bandit` behind the players' protocol."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from evals.market.players.player import Briefing
from learning.bandit import Bandit, Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIORS = Settings(
    boldness=0.1, floor=0.02, prior_rate=0.03, prior_worth=1.0, prior_spread=0.03, prior_worth_spread=0.3
)
"""As the product sets them (`app/teaching.py`)."""

TILT = {
    "topic_affinity": 0.02,
    "topic_sure": 0.02,
    "stage_declared": 0.01,
    "stage_usual": 0.02,
    "brevity_fit": 0.005,
    "industry_declared": 0.005,
    "form_affinity": 0.01,
    "form_unanswered": -0.005,
    "had_before": -0.02,
    "alike_interest": 0.05,
    "alike_answers": 0.05,
}
"""The product's defaults for how content fits, each under this market's name for the like."""


class Learner:
    """Hands everything on to a fresh bandit, which measures in what an answer of each contact is worth."""

    name = "learner"

    def __init__(self, briefing: Briefing, settings: Settings = PRIORS) -> None:
        self.bandit = Bandit(
            briefing.action_names,
            len(briefing.feature_names),
            dyads=len(briefing.dyad_names),
            action_features=briefing.action_features,
            tilt=np.array([TILT.get(name, 0.0) for name in briefing.dyad_names]),
            apart=(len(briefing.action_names) - 1,),
            settings=settings,
            in_units=True,
        )
        self._units = briefing.answer_cents
        self._waiting: list[tuple[Floats, Ints, Floats]] = []

    def choose(
        self,
        features: NDArray[np.float64],
        allowed: NDArray[np.bool_],
        dyads: NDArray[np.float64],
        seed: int,
    ) -> Choice:
        """Let the bandit draw, knowing how many are decided on at once and whose outcomes are on their way."""
        units = self._units(features)
        self.bandit.expect(features, allowed, dyads, units)
        choice = self.bandit.choose(features, allowed, dyads, seed, units)
        self._waiting.append((features, choice.actions, dyads[np.arange(len(dyads)), choice.actions]))
        self.bandit.await_outcomes(*self._waiting[-1])
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
        units = self._units(features)
        self.bandit.learn(features, actions, rewards, propensities, at, dyads, units=units)
        if not self._waiting:
            return
        # Outcomes come in the order of the decisions, a whole day's at a time.
        self._waiting.pop(0)
        self.bandit.forget_awaited()
        for decided in self._waiting:
            self.bandit.await_outcomes(*decided)

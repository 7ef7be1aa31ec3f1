"""The oracle: sees every hidden trait and sends what is truly worth most, if anything is.

Myopic in content, aware of fatigue in timing: it stays silent while `tired` = pressure weight * wearies *
recent messages is at or above a limit. With a response of exp(-tired), sending at a steady rate pays most
where tired is near 1; the limit is tuned on the tuning seeds. It is not told what chance will bring.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from evals.market.players.player import Briefing, certain
from evals.market.truth import Truth


class Oracle:
    """Plays on the truth it was last shown."""

    name = "oracle"

    def __init__(self, briefing: Briefing, most_tired: float = 0.4) -> None:
        self._k, self._most_tired = len(briefing.action_names), most_tired
        self._values: NDArray[np.float64] | None = None
        self._tired: NDArray[np.float64] | None = None

    def see(self, truth: Truth, who: NDArray[np.int64]) -> None:
        """Look at what each action is worth for the contacts of the next choice."""
        world = truth.world
        self._values = truth.values(who)
        self._tired = -world.params.click_pressure * world.hidden.wearies[who] * world.pressure[who]

    def choose(
        self,
        features: NDArray[np.float64],
        allowed: NDArray[np.bool_],
        dyads: NDArray[np.float64],
        seed: int,
    ) -> Choice:
        """Take the most valuable allowed action, or silence.

        Raises:
            RuntimeError: if it was not shown the truth about these contacts.
        """
        if self._values is None or self._tired is None or len(self._values) != len(allowed):
            raise RuntimeError("the oracle was not shown these contacts; call `see` before `choose`")
        values = np.where(allowed, self._values, -np.inf)
        values[self._tired >= self._most_tired, :-1] = -np.inf
        return certain(values.argmax(axis=1), self._k)

    def learn(
        self,
        features: NDArray[np.float64],
        actions: NDArray[np.int64],
        rewards: NDArray[np.float64],
        propensities: NDArray[np.float64],
        at: NDArray[np.datetime64],
        dyads: NDArray[np.float64],
    ) -> None:
        """Take no notice: there is nothing to learn."""

"""The newest outcomes, kept as they were, so that after a change of the market they can be learned from alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 2_000


@dataclass
class Recent:
    """At most `MOST` newest rows: inputs (n, P), actions (n,), rewards (n,) in what they are learned in, acted (n,)."""

    inputs: list[Floats] = field(default_factory=list)
    actions: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    acted: list[bool] = field(default_factory=list)

    def add(self, f: Floats, action: int, reward: float, acted: bool) -> None:
        """Keep one row and let the oldest go."""
        self.inputs.append(f)
        self.actions.append(action)
        self.rewards.append(reward)
        self.acted.append(acted)
        if len(self.actions) > 2 * MOST:
            del self.inputs[:-MOST], self.actions[:-MOST], self.rewards[:-MOST], self.acted[:-MOST]

    def since(
        self, count: int, action: int | None
    ) -> tuple[Floats, NDArray[np.int64], Floats, NDArray[np.bool_]]:
        """Return the newest `count` rows, or those of one action: inputs, actions, rewards, acted."""
        rows = range(max(0, len(self.actions) - min(count, MOST)), len(self.actions))
        if action is not None:
            mine = [i for i in range(len(self.actions)) if self.actions[i] == action]
            rows = mine[-min(count, MOST) :]  # type: ignore[assignment]
        picked = list(rows)
        width = len(self.inputs[0]) if self.inputs else 0
        return (
            np.array([self.inputs[i] for i in picked]).reshape(len(picked), width),
            np.array([self.actions[i] for i in picked], dtype=np.int64),
            np.array([self.rewards[i] for i in picked]),
            np.array([self.acted[i] for i in picked], dtype=bool),
        )

"""What every estimator looks at: logged draws, what came of them, and a candidate's probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.learner import DecisionLog

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """n logged decisions with a mature reward, and how likely a candidate would have taken each action.

    logged: shape (n, K), each row sums to one: probabilities before the draw, as logged.
    actions: shape (n,), int, index of the action taken.
    rewards: shape (n,), cents, finite.
    candidate: shape (n, K), each row sums to one.
    clusters: shape (n,), int in [0, G): decisions about one contact share a number.
    """

    logged: Array
    actions: NDArray[np.int64]
    rewards: Array
    candidate: Array
    clusters: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raise ValueError where shapes disagree, rows do not sum to one or a drawn action had no chance."""
        n, k = self.logged.shape
        if self.candidate.shape != (n, k) or len(self.actions) != n or len(self.rewards) != n:
            raise ValueError(
                f"logged {self.logged.shape}, candidate {self.candidate.shape}, actions "
                f"{self.actions.shape} and rewards {self.rewards.shape} do not describe the same decisions"
            )
        for name, rows in (("logged", self.logged), ("candidate", self.candidate)):
            if n and (rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1, atol=1e-6)):
                raise ValueError(f"{name} probabilities must be non-negative and each row sum to one")
        if n and self.propensities.min() <= 0:
            raise ValueError("an action was taken that the log gives no probability")
        if not np.isfinite(self.rewards).all():
            raise ValueError("rewards must be finite: leave out decisions whose window is still open")

    def __len__(self) -> int:
        """How many decisions."""
        return len(self.actions)

    @property
    def propensities(self) -> Array:
        """Shape (n,), in (0, 1]: logged probability of the action taken."""
        return self.logged[np.arange(len(self)), self.actions]

    @property
    def weights(self) -> Array:
        """Shape (n,), >= 0: candidate's over logged probability of the action taken; mean one in expectation."""
        return self.candidate[np.arange(len(self)), self.actions] / self.propensities

    def of(self, candidate: Array) -> Evidence:
        """Return the same log beside another candidate."""
        return replace(self, candidate=candidate)


def mature(log: DecisionLog) -> NDArray[np.bool_]:
    """Shape (n,): which decisions have a known reward.

    Sound only where whether a reward is known depends on time alone, never on the reward: an early
    success must stay NaN until its window has closed.
    """
    return np.isfinite(log.rewards)


def evidence_of(log: DecisionLog, candidate: Array) -> Evidence:
    """Return the mature part of a log beside a candidate's probabilities, shape (n, K) over the whole log."""
    known = mature(log)
    _, clusters = np.unique(log.contact_ids[known], return_inverse=True)
    return Evidence(
        logged=log.probabilities[known],
        actions=log.actions[known],
        rewards=log.rewards[known],
        candidate=np.asarray(candidate, dtype=np.float64)[known],
        clusters=clusters.astype(np.int64),
    )

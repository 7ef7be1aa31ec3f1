"""What a chooser returns for a whole audience, and what the log of decisions gives back: arrays.

Rows are contacts (or decisions), columns are actions. The last action, column K-1, is silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Choice:
    """One draw for n contacts among K actions.

    actions: shape (n,), int, index of the action taken.
    propensities: shape (n,), in (0, 1], probability before the draw of the action taken.
    probabilities: shape (n, K), each row sums to one, zero where not allowed.
    values: shape (n, K), expected worth in cents, or None where nothing is believed yet.
    uncertainties: shape (n, K), standard deviation in cents, or None.
    doubts: shape (n, K), the standard deviation in cents that the odds were reckoned with, or None: as if outcomes on
        their way, of decisions of before and of half of this batch, were known already.
    """

    actions: NDArray[np.int64]
    propensities: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    values: NDArray[np.float64] | None = None
    uncertainties: NDArray[np.float64] | None = None
    doubts: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class DecisionLog:
    """n decisions as they were drawn, with what came of them.

    action_keys: K names of actions, as `Action.key`.
    features: shape (n, d), what the chooser saw; all before `at`.
    dyads: shape (n, K, m), how each action fits each contact (m numbers a pair), or None.
    probabilities: shape (n, K), each row sums to one, zero where not allowed, as logged.
    actions: shape (n,), int, index of the action taken.
    rewards: shape (n,), cents; NaN where the outcome's window is still open.
    at: shape (n,), datetime64[s], UTC, time of the decision.
    contact_ids: shape (n,), str.
    units: shape (n,), cents a unit as kept with the decision, NaN where none was; None where nobody keeps them.
    """

    action_keys: tuple[str, ...]
    features: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    at: NDArray[np.datetime64]
    contact_ids: NDArray[np.str_]
    dyads: NDArray[np.float64] | None = None
    units: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """How many decisions."""
        return len(self.actions)

    @property
    def propensities(self) -> NDArray[np.float64]:
        """Shape (n,), in (0, 1]: logged probability of the action taken."""
        return self.probabilities[range(len(self.actions)), self.actions]

"""What a chooser returns for a whole audience: arrays, one row a contact."""

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
    """

    actions: NDArray[np.int64]
    propensities: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    values: NDArray[np.float64] | None = None
    uncertainties: NDArray[np.float64] | None = None

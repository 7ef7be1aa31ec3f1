"""How much larger than usual a company's deal is likely to be, from how many people work there.

amount = usual * (employees / usual employees)^power, fitted to the deals whose amount and company are known. Without
deals the power is 0 and every company is of usual size; a few deals move it a little, many as far as they show.
Source: a regression of logarithms with a normal prior on its slope (Gelman et al., BDA3, ch. 14).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_SPREAD = 0.5
"""Standard deviation of the power before deals were seen; its mean is 0. House default."""

LEAST_NOISE = 0.05
"""Variance of a logarithm of an amount that is taken to be there in any case."""

FEW_DEALS = 5
"""Fewer say nothing."""

MOST = 5.0
"""No company counts for more than so many times the usual one, nor for less than its inverse."""


@dataclass(frozen=True)
class DealSizes:
    """What was found. power: in [0, 1]. usual_employees: at a company of size 1. deals: it was fitted to."""

    power: float = 0.0
    usual_employees: float = 200.0
    deals: int = 0

    def of(self, employees: Floats) -> Floats:
        """Return shape (n,), how many times the usual deal each company's is; 1 where `employees` is NaN."""
        known = np.maximum(np.nan_to_num(employees, nan=self.usual_employees), 1.0)
        return np.clip((known / self.usual_employees) ** self.power, 1 / MOST, MOST)


def fit_sizes(employees: Floats, amounts: Floats) -> DealSizes:
    """Fit the power.

    Args:
        employees: shape (n,), of each deal's company, NaN where unknown.
        amounts: shape (n,), in one currency, NaN where unknown.
    """
    known = (employees > 0) & (amounts > 0)
    if known.sum() < FEW_DEALS:
        return DealSizes()
    x, y = np.log(employees[known]), np.log(amounts[known])
    usual, x, y = float(np.exp(x.mean())), x - x.mean(), y - y.mean()
    square = float(x @ x)
    slope = float(x @ y) / square if square > 0 else 0.0
    noise = max(float(((y - slope * x) ** 2).sum()) / max(len(x) - 2, 1), LEAST_NOISE)
    shrunk = float(x @ y) / (square + noise / PRIOR_SPREAD**2)
    # That larger companies buy for less is not believed of a few deals.
    return DealSizes(float(np.clip(shrunk, 0, 1)), usual, int(known.sum()))

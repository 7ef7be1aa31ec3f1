"""Confidence sequences: intervals that hold at every moment somebody looks, not only at one planned end.

A fixed-n interval is wrong about the truth with probability alpha at one look; looking each week until it
says something makes that several times alpha. These are wrong at any look at all with probability alpha.

Sources: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Ann. Statist. 52(6), "Time-uniform central limit
theory and asymptotic confidence sequences" (eq. for the boundary and its tuning); Waudby-Smith & Ramdas (2024),
J. R. Statist. Soc. B 86(1), thm 2 (predictable plug-in empirical Bernstein, for bounded outcomes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TUNED_AT = 2_000
"""Contacts at which the boundary is tightest. Fixed before any data is seen; it is wider elsewhere, never wrong."""


def tuning(alpha: float, tuned_at: float = TUNED_AT) -> float:
    """Return rho, the boundary's one parameter, tightest at `tuned_at` observations."""
    log = -2 * np.log(alpha)
    return float(np.sqrt((log + np.log(log + 1)) / tuned_at))


def radius(n: NDArray[np.float64] | float, alpha: float, tuned_at: float = TUNED_AT) -> NDArray[np.float64]:
    """Return the half-width of the asymptotic confidence sequence of a mean, in standard deviations.

    Args:
        n: observations so far, > 0.
        alpha: probability of ever being wrong, in (0, 1).
        tuned_at: where it is tightest.

    """
    rho2 = tuning(alpha, tuned_at) ** 2
    seen = np.asarray(n, dtype=float) * rho2 + 1
    return np.asarray(
        np.sqrt(2 * seen / (np.asarray(n, dtype=float) ** 2 * rho2) * np.log(np.sqrt(seen) / alpha))
    )


def observations_for(width: float, alpha: float, margin: float = 0.0, tuned_at: float = TUNED_AT) -> float:
    """Return how many observations bring the half-width plus `margin` standard errors to `width`.

    Args:
        width: in standard deviations, > 0.
        alpha: as in `radius`.
        margin: normal quantile of the wanted power, such as 0.84 for 80 %.
        tuned_at: as in `radius`.

    """
    low, high = 1.0, 1e15
    while high / low > 1.001:
        middle = float(np.sqrt(low * high))
        is_enough = float(radius(middle, alpha, tuned_at)) + margin / np.sqrt(middle) <= width
        low, high = (low, middle) if is_enough else (middle, high)
    return high


def bernstein(x: NDArray[np.float64], alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper ends, shape (n,), for the mean of x, valid at every prefix and any n.

    Needs no approximation, only bounds; wider than `radius`.

    Args:
        x: shape (n,), in [0, 1], in the order they came.
        alpha: probability that the mean is ever outside.

    Raises:
        ValueError: if a value lies outside [0, 1].

    """
    if len(x) and (x.min() < 0 or x.max() > 1):
        raise ValueError("bounded sequences need values in [0, 1]")
    t = np.arange(1, len(x) + 1)
    mean = (0.5 + x.cumsum()) / (t + 1)
    variance = (0.25 + ((x - mean) ** 2).cumsum()) / (t + 1)
    # Bets may use the past only: the variance before each observation.
    past = np.concatenate([[0.25], variance[:-1]])
    past_mean = np.concatenate([[0.5], mean[:-1]])
    bet = np.minimum(np.sqrt(2 * np.log(2 / alpha) / (past * t * np.log1p(t))), 0.5)
    cost = (-np.log1p(-bet) - bet) * (x - past_mean) ** 2
    total = bet.cumsum()
    centre = (bet * x).cumsum() / total
    half = (np.log(2 / alpha) + cost.cumsum()) / total
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)

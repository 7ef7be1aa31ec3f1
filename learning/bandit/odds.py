"""From beliefs to a draw whose probabilities are known: posterior sampling with a floor.

An action is drawn as often as it is likely to be the best one, under what is believed (Thompson 1933). That
probability is computed and not sampled, and the draw is made from the computed numbers, so a logged propensity is
exact by construction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

CELLS = 40
REACH = 4.0
"""The grid runs from where the best action surely is above to where all surely are below, in deviations."""

BLOCK_FLOATS = 4_000_000
"""Rows are worked on in blocks of about so many numbers."""


def chances(values: Floats, spreads: Floats, allowed: NDArray[np.bool_], floor: float) -> Floats:
    """Return shape (n, K): how likely each action is drawn; rows sum to one, zero where not allowed.

    Each allowed action gets the probability that it is the best of all, taken as independent normals:
    the integral of the product of the others' distribution functions over its own, on a grid of `CELLS` cells;
    then `floor` of the mass is spread evenly over all allowed actions.

    Args:
        values: shape (n, K), expected worth. spreads: shape (n, K), standard deviation times boldness.
        allowed: shape (n, K), at least one True a row.
        floor: in [0, 1], share of the mass that is spread evenly.

    Raises:
        ValueError: if a row allows nothing.
    """
    count = allowed.sum(axis=1, keepdims=True)
    if not count.all():
        raise ValueError("a row allows no action at all; silence must be among the actions and allowed")
    best = np.empty(values.shape)
    step = max(1, BLOCK_FLOATS // (values.shape[1] * CELLS))
    for start in range(0, len(values), step):
        rows = slice(start, start + step)
        best[rows] = _best(values[rows], spreads[rows], allowed[rows])
    return np.asarray((1 - floor) * best + floor * allowed / count)


def _best(values: Floats, spreads: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """Shape (n, K): the probability that each allowed action is the best; rows sum to one."""
    s = np.maximum(spreads, 1e-9 * (1 + np.abs(values)))
    low = np.where(allowed, values - REACH * s, -np.inf).max(axis=1)
    high = np.where(allowed, values + REACH * s, -np.inf).max(axis=1)
    edges = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, CELLS + 1)
    # (n, cells + 1, K): distribution functions at the edges of the cells; 1 where an action is not allowed.
    below = ndtr((edges[:, :, None] - values[:, None, :]) / s[:, None, :])
    below = np.where(allowed[:, None, :], below, 1.0)
    mass = np.diff(below, axis=1, prepend=0.0)
    middle = np.maximum(
        (below + np.concatenate([np.zeros_like(below[:, :1]), below[:, :-1]], axis=1)) / 2, 1e-300
    )
    product = np.exp(np.log(middle).sum(axis=2, keepdims=True))
    wins = np.where(allowed, (mass * product / middle).sum(axis=1), 0.0)
    return np.asarray(wins / wins.sum(axis=1, keepdims=True))


def draw(probabilities: Floats, seed: int) -> NDArray[np.int64]:
    """Draw one column a row from shape (n, K) probabilities by inverting each row's cumulative sum."""
    rng = np.random.default_rng(seed)
    cumulative = probabilities.cumsum(axis=1)
    # The last sum may be 1 - 1e-16: scaling the draw by it keeps the pick inside the row.
    at = rng.random(len(probabilities)) * cumulative[:, -1]
    return np.asarray((cumulative <= at[:, None]).sum(axis=1), dtype=np.int64)

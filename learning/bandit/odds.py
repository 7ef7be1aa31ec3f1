"""From beliefs to a draw whose probabilities are known: posterior sampling with a floor.

An action is drawn as often as it is likely to be the best one, under what is believed (Thompson 1933). That
probability is computed and not sampled, and the draw is made from the computed numbers, so a logged propensity is
exact by construction.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-3
"""Actions that together are the best one less often than this (in all) are not looked at closer."""

CELLS = 20
LEVELS = np.linspace(0, 1, CELLS + 1) ** 2
"""Between which shares of the highest value's distribution the cells of the grid lie: finer where it is low."""

REACH = 4.0
"""The grid runs from where the best action surely is above to where all surely are below, in deviations."""

LOOKS = np.array([-2.2, -1.1, -0.4, 0.4, 1.1, 2.2], dtype=np.float32)
MOST_LOOKS = 64
"""A first look at each contender here (in deviations), at so many points in all, shows where the grid should lie."""
EVENLY = np.linspace(0, 1, MOST_LOOKS)

BLOCK_FLOATS = 200_000
"""Rows are worked on in blocks of about so many numbers: what fits a processor's own cache."""

PIECE_FLOATS = 60_000
"""Rows of the grid are worked on so many numbers at a time."""

NARROWEST = 1e-4
"""A spread below this share of the widest contender's is taken as this share."""

STEEPNESS = np.float32(0.035282 ** (1 / 3))
CUBED = np.float32(0.797885 / 0.035282 ** (1 / 3))
"""Page's cubic a x + b x^3 is y^3 + `CUBED` y, with y = `STEEPNESS` x."""


def chances(values: Floats, spreads: Floats, allowed: Bools, floor: float) -> Floats:
    """Return shape (n, K): how likely each action is drawn; rows sum to one, zero where not allowed.

    Each allowed action gets the probability that it is the best of all, taken as independent normals; then `floor`
    of the mass is spread evenly over all allowed actions. Within 3e-3 of the exact integral (with a hundred actions
    whose spreads differ tenfold and more, within 1e-2): actions without a prospect are passed over (`TOLERANCE`),
    two contenders are compared in closed form, and for more the product of the others' distribution functions is
    integrated over each one's own, on a grid that is dense where the best action's value lies.

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
    s = np.maximum(spreads, 1e-9 * (1 + np.abs(values)))
    hoped = values if allowed.all() else np.where(allowed, values, -np.inf)
    first = hoped.argmax(axis=1)
    best = _contest(hoped, s, first)
    best *= 1 - floor
    best += floor * allowed / count
    return best


def _contest(values: Floats, s: Floats, first: NDArray[np.int64]) -> Floats:
    """Shape (n, K): the probability that each action is the best; values are -inf where not allowed.

    Args:
        values: shape (n, K). s: shape (n, K), above 0. first: shape (n,), where each row's highest value is.
    """
    n, width = values.shape
    rows = np.arange(n)
    top, top_s = values[rows, first][:, None], s[rows, first][:, None]
    # An action is the best at most as often as it beats the one with the highest value.
    least = float(ndtri(TOLERANCE / width))
    prospects = (values - top) > least * np.sqrt(s**2 + top_s**2)
    many = prospects.sum(axis=1)
    best = np.zeros((n, width))
    best[rows, first] = 1.0
    if width > 1:
        _two(best, values, s, first, prospects, np.flatnonzero(many == 2))
    low, size = 2, 4
    while low < width:
        of_size = np.flatnonzero((many > low) & (many <= size))
        if len(of_size):
            best[of_size] = _few(values[of_size], s[of_size], prospects[of_size], min(size, width))
        low, size = size, 2 * size
    return best


def _two(
    best: Floats,
    values: Floats,
    s: Floats,
    first: NDArray[np.int64],
    prospects: Bools,
    rows: NDArray[np.int64],
) -> None:
    """Fill in rows with two contenders: the difference of two normals is normal."""
    if not len(rows):
        return
    one = first[rows]
    others = prospects[rows]
    others[np.arange(len(rows)), one] = False
    other = others.argmax(axis=1)
    gap = values[rows, one] - values[rows, other]
    wins = ndtr(gap / np.sqrt(s[rows, one] ** 2 + s[rows, other] ** 2))
    best[rows, one] = wins
    best[rows, other] = 1 - wins


def _few(values: Floats, s: Floats, prospects: Bools, most: int) -> Floats:
    """Shape (n, K): as `_contest`, for rows with at most `most` contenders."""
    n, width = values.shape
    found = np.zeros((n, width))
    step = max(1, BLOCK_FLOATS // (most * CELLS))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        ranked = np.where(prospects[rows], values[rows], -np.inf)
        if most < width:
            places = np.argpartition(ranked, width - most, axis=1)[:, width - most :]
        else:
            places = np.broadcast_to(np.arange(width), ranked.shape)
        v = np.take_along_axis(ranked, places, axis=1)
        wide = np.take_along_axis(s[rows], places, axis=1)
        is_in = np.isfinite(v)
        # In units of the widest contender, from the highest value on, so that single precision is enough.
        unit = np.where(is_in, wide, 0.0).max(axis=1, keepdims=True)
        z = np.where(is_in, (v - v.max(axis=1, keepdims=True)) / unit, -1e3).astype(np.float32)
        w = np.where(is_in, np.maximum(wide / unit, NARROWEST), 1.0).astype(np.float32)
        wins = _wins(z, w)
        np.put_along_axis(found[rows], places, np.where(is_in, wins, 0.0), axis=1)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _wins(z: Singles, w: Singles) -> Singles:
    """Shape (n, k): how often each of k normals is the highest; rows sum to about one.

    With F the distribution function of the highest one, ln F is the sum of the ln Phi_i, and i's chance is the
    integral of d ln Phi_i / d ln F over dF. Cells of about even dF are wide enough for none of the k to change much
    unseen, because each ln Phi_i rises by at most what ln F rises.
    """
    reach = REACH * w
    low, high = (z - reach).max(axis=1, keepdims=True), (z + reach).max(axis=1, keepdims=True)
    points = np.maximum(z[:, :, None] + w[:, :, None] * LOOKS, low[:, :, None]).reshape(len(z), -1)
    points.sort(axis=1)
    if points.shape[1] > MOST_LOOKS:
        # Thinned evenly from where the highest value may lie.
        start = (points <= low).sum(axis=1, keepdims=True)
        picked = start + (points.shape[1] - 1 - start) * EVENLY
        points = np.take_along_axis(points, np.minimum(picked, points.shape[1] - 1).astype(np.int64), axis=1)
    points = np.concatenate([low, np.minimum(points, high), high], axis=1)
    steep = STEEPNESS / w
    lines = np.stack([steep, -z * steep], axis=2)
    highest = np.empty_like(points)
    for rows, room in _pieces(len(z), z.shape[1], points.shape[1]):
        below = _below(points[rows], lines[rows], room)
        np.multiply.reduce(below, axis=1, out=highest[rows])
    edges = _edges(points, highest)
    found = np.empty_like(z)
    for rows, room in _pieces(len(z), z.shape[1], edges.shape[1]):
        found[rows] = _integral(_below(edges[rows], lines[rows], room))
    return found


def _integral(below: Singles) -> Singles:
    """Shape (n, k): each one's chance, from the distribution functions at the edges, shape (n, k, cells + 1)."""
    np.maximum(below, np.float32(1e-30), out=below)
    np.log(below, out=below)
    log_highest = np.matmul(np.ones(below.shape[1], dtype=np.float32), below)
    rises = log_highest[:, 1:] - log_highest[:, :-1]
    highest = np.exp(log_highest)
    share = (highest[:, 1:] - highest[:, :-1]) / np.maximum(rises, np.float32(1e-30))
    # The sum over cells of rise times share, by parts.
    by_edge = np.zeros_like(log_highest)
    by_edge[:, 1:] = share
    by_edge[:, :-1] -= share
    return np.asarray(np.matmul(below, by_edge[:, :, None])[:, :, 0], dtype=np.float32)


def _pieces(rows: int, width: int, edges: int) -> Iterator[tuple[slice, Singles]]:
    """Yield rows whose grids fit a processor's own cache, and room for two such grids."""
    step = max(1, min(rows, PIECE_FLOATS // (width * edges)))
    room = np.empty((2, step, width, edges), dtype=np.float32)
    for start in range(0, rows, step):
        upto = min(start + step, rows)
        yield slice(start, upto), room[:, : upto - start]


def _below(edges: Singles, lines: Singles, room: Singles) -> Singles:
    """Shape (n, k, edges): distribution functions at the edges, shape (n, edges).

    Page (1977), "Approximations to the Cumulative Normal Function", Appl. Statist. 26(1): off by at most 1.4e-4.

    Args:
        edges: shape (n, edges). lines: shape (n, k, 2), `STEEPNESS` / w, and -z times that.
        room: shape (2, n, k, edges), written over; what is returned lies in it.
    """
    x: Singles = room[0]
    cube: Singles = room[1]
    np.matmul(lines, np.stack([edges, np.ones_like(edges)], axis=1), out=x)
    np.multiply(x, x, out=cube)
    cube += CUBED
    x *= cube
    np.tanh(x, out=x)
    x *= np.float32(0.5)
    x += np.float32(0.5)
    return x


def _edges(points: Singles, highest: Singles) -> Singles:
    """Shape (n, CELLS + 1): edges between which the highest value falls about as often as `LEVELS` says.

    Args:
        points: shape (n, p), rising. highest: shape (n, p), the distribution function of the highest value there.
    """
    n = len(points)
    # One interpolation for all rows: each row's levels lie in a stretch of their own.
    lift = 2.0 * np.arange(n)[:, None]
    rising = np.maximum.accumulate(highest.astype(np.float64), axis=1)
    rising[:, 0], rising[:, -1] = 0.0, 1.0
    at = np.interp((LEVELS + lift).ravel(), (rising + lift).ravel(), points.ravel())
    return np.asarray(at.reshape(n, -1), dtype=np.float32)


def draw(probabilities: Floats, seed: int) -> NDArray[np.int64]:
    """Draw one column a row from shape (n, K) probabilities by inverting each row's cumulative sum."""
    rng = np.random.default_rng(seed)
    cumulative = probabilities.cumsum(axis=1)
    # The last sum may be 1 - 1e-16: scaling the draw by it keeps the pick inside the row.
    at = rng.random(len(probabilities)) * cumulative[:, -1]
    return np.asarray((cumulative <= at[:, None]).sum(axis=1), dtype=np.int64)

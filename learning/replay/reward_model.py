"""What a decision's actions were worth, as a small ridge model; never fitted on the contact it judges.

One number an action, a linear part in the contact's features, a linear part in the dyads (how an action
fits a contact): enough to take noise out of DR, cheap enough to refit in every fold. It need not be right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from domain.learner import DecisionLog
from learning.replay.evidence import Array, mature

FOLDS = 5
_PENALTIES = 10.0 ** np.arange(-1, 6)


def cross_fitted(log: DecisionLog, folds: int = FOLDS) -> Array:
    """Return shape (m, K), cents: expected reward of every action at each of the m mature decisions.

    Each contact's rows come from a model that saw no decision of that contact.
    """
    known = mature(log)
    _, contacts = np.unique(log.contact_ids[known], return_inverse=True)
    dyads = None if log.dyads is None else log.dyads[known]
    k = log.probabilities.shape[1]
    return cross_fit(
        log.features[known], log.actions[known], log.rewards[known], contacts, k, dyads=dyads, folds=folds
    )


def cross_fit(
    features: Array,
    actions: NDArray[np.int64],
    rewards: Array,
    clusters: NDArray[np.int64],
    k: int,
    *,
    dyads: Array | None = None,
    folds: int = FOLDS,
) -> Array:
    """Return shape (n, k), cents, each cluster judged by a model fitted on the others.

    Args:
        features: shape (n, d); all known before the decision.
        actions: shape (n,), index in [0, k).
        rewards: shape (n,), cents.
        clusters: shape (n,), int.
        k: number of actions.
        dyads: shape (n, k, m), or None.
        folds: how many parts the clusters are dealt into, by a fixed shuffle.
    """
    n = len(actions)
    expected = np.zeros((n, k))
    fold_of = np.random.default_rng(0).permutation(int(clusters.max(initial=-1)) + 1) % folds
    fold = fold_of[clusters]
    x = _scaled(features)
    for part in range(folds):
        judged = fold == part
        taught = ~judged
        if not judged.any() or not taught.any():
            continue
        model = _Ridge(x[taught], actions[taught], rewards[taught], k, _taken(dyads, actions, taught))
        expected[judged] = model.expect(x[judged], None if dyads is None else dyads[judged])
    return expected


class _Ridge:
    """Reward = mean + features beta + one number an action + dyads gamma, all but the mean shrunken."""

    def __init__(
        self, x: Array, actions: NDArray[np.int64], rewards: Array, k: int, dyads: Array | None
    ) -> None:
        n, d = x.shape
        counts = np.bincount(actions, minlength=k).astype(np.float64)
        wide = x if dyads is None else np.hstack([x, dyads])
        self._d, self._mean = d, float(rewards.mean())
        y = rewards - self._mean
        # Gram matrix of [wide, one-hot of actions], centred, built without the one-hot itself.
        one_hot = sparse.csr_array((np.ones(n), (np.arange(n), actions)), shape=(n, k))
        sums = np.asarray(one_hot.T @ wide)
        middle = np.concatenate([wide.mean(axis=0), counts / n])
        gram = np.block([[wide.T @ wide, sums.T], [sums, np.diag(counts)]]) - n * np.outer(middle, middle)
        moment = np.concatenate([wide.T @ y, np.bincount(actions, weights=y, minlength=k)])
        values, vectors = np.linalg.eigh(gram)
        values, turned = np.maximum(values, 0.0), vectors.T @ moment
        theta = vectors @ (turned / (values + _penalty(values, turned, float(y @ y), n)))
        self._beta, self._gamma, self._alpha = theta[:d], theta[d : wide.shape[1]], theta[wide.shape[1] :]
        self._mean -= float(middle @ theta)

    def expect(self, x: Array, dyads: Array | None) -> Array:
        """Shape (n, K), cents."""
        expected: Array = self._mean + (x @ self._beta)[:, None] + self._alpha[None, :]
        return expected if dyads is None else expected + dyads @ self._gamma


def _penalty(values: Array, turned: Array, square: float, n: int) -> float:
    """The ridge penalty of least generalised cross-validation error (Golub, Heath & Wahba 1979)."""
    best, least = float(_PENALTIES[-1]), float("inf")
    for penalty in map(float, _PENALTIES):
        shrunk = 1 / (values + penalty)
        residual = square - 2 * float(turned**2 @ shrunk) + float((turned * shrunk) ** 2 @ values)
        score = residual / max(n - 1 - float(values @ shrunk), 1.0) ** 2
        if score < least:
            best, least = penalty, score
    return best


def _taken(dyads: Array | None, actions: NDArray[np.int64], rows: NDArray[np.bool_]) -> Array | None:
    if dyads is None:
        return None
    which = np.flatnonzero(rows)
    return dyads[which, actions[which]]


def _scaled(features: Array) -> Array:
    """Features with mean zero and spread one; missing values at the mean, constant columns at zero."""
    if not features.shape[1]:
        return features
    known = np.isfinite(features)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, features, 0.0)
    middle = filled.sum(axis=0) / count
    centred = np.where(known, features - middle, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    return np.asarray(centred / np.where(spread > 1e-12, spread, 1.0), dtype=np.float64)

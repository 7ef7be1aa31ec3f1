"""The best fixed action as a candidate, chosen without looking at the contacts it is judged on.

Chosen and judged on the same log, the luckiest action would look like the best one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.learner import DecisionLog
from learning.replay.evidence import Array, mature


def best_single(log: DecisionLog, folds: int = 2) -> Array:
    """Return shape (n, K): all mass on the allowed action that did best for the other contacts.

    Actions are ranked by their weighted mean reward, shrunken to the mean of all by one rewarded draw's
    worth of weight. Where the best is not allowed, the next best that is.
    """
    n, k = log.probabilities.shape
    _, contacts = np.unique(log.contact_ids, return_inverse=True)
    fold = (np.random.default_rng(1).permutation(int(contacts.max(initial=-1)) + 1) % folds)[contacts]
    chosen = np.zeros((n, k))
    for part in range(folds):
        judged = fold == part
        ranking = _ranking(log, ~judged & mature(log))
        allowed = log.probabilities[judged] > 0
        first = np.argmax(allowed[:, ranking], axis=1)
        chosen[np.flatnonzero(judged), ranking[first]] = 1.0
    return chosen


def _ranking(log: DecisionLog, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Actions, best first; silence (the last) first where nothing is known."""
    k = log.probabilities.shape[1]
    if not rows.any():
        return np.arange(k)[::-1].astype(np.int64)
    weights = 1 / log.propensities[rows]
    rewards, actions = log.rewards[rows], log.actions[rows]
    overall = float(weights @ rewards / weights.sum())
    rate = max(float((rewards != 0).mean()), 1 / len(rewards))
    prior = float(weights.mean()) / rate
    earned = np.bincount(actions, weights=weights * rewards, minlength=k)
    mass = np.bincount(actions, weights=weights, minlength=k)
    value = (earned + prior * overall) / (mass + prior)
    return np.argsort(-value, kind="stable").astype(np.int64)

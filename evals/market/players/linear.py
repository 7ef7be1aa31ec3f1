"""Bayesian linear players: one model an arm without sharing, and one model shared by all arms.

Thompson sampling with probabilities that are counted from draws, then mixed with an even floor, so that the
propensity stated is the one drawn with. Source: Agrawal & Goyal (2013), ICML, "Thompson sampling for
contextual bandits with linear payoffs". Rewards are in dollars inside, silence is worth 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from evals.market.players.player import Briefing, draw

Floats = NDArray[np.float64]

DRAWS = 32
FLOOR = 0.03
"""Share of the probability that is spread evenly over what is allowed."""


def thompson(samples: Floats, allowed: NDArray[np.bool_], seed: int) -> Choice:
    """Draw by the share of samples in which each action was best; samples has shape (n, K, DRAWS)."""
    hidden = np.where(allowed, samples.transpose(2, 0, 1), -np.inf)
    best = hidden.argmax(axis=2)
    n, k = allowed.shape
    wins = np.bincount((best + k * np.arange(n)).ravel(), minlength=n * k).reshape(n, k)
    even = allowed / allowed.sum(axis=1, keepdims=True)
    return draw((1 - FLOOR) * wins / len(best) + FLOOR * even, seed)


class _Ridge:
    """Bayesian ridge regressions with known noise, one a group. A: shape (g, d, d), b: shape (g, d)."""

    def __init__(self, groups: int, d: int, noise: float, prior: float) -> None:
        self.A = np.tile(np.eye(d) / prior**2, (groups, 1, 1))
        self.b = np.zeros((groups, d))
        self.noise = noise
        self.refresh()

    def add(self, group: int, x: Floats, y: Floats) -> None:
        self.A[group] += x.T @ x / self.noise**2
        self.b[group] += x.T @ y / self.noise**2

    def refresh(self) -> None:
        self.A_inv = np.linalg.inv(self.A)
        self.theta_hat = np.einsum("gij,gj->gi", self.A_inv, self.b)

    def sample(self, seed: int) -> Floats:
        """Shape (g, d, DRAWS): draws from each group's posterior."""
        z = np.random.default_rng([seed, 5]).standard_normal((*self.b.shape, DRAWS))
        return np.asarray(self.theta_hat[:, :, None] + np.linalg.cholesky(self.A_inv) @ z)


class PerArmLinear:
    """One regression an arm on the contact's features and that arm's dyads; arms share nothing."""

    name = "per-arm-linear"

    def __init__(self, briefing: Briefing, noise: float = 15.0, prior: float = 1.0) -> None:
        self._k = len(briefing.action_names)
        d = 1 + len(briefing.feature_names) + len(briefing.dyad_names)
        self._model = _Ridge(self._k - 1, d, noise, prior)

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Sample each arm's worth from its own posterior."""
        n = len(features)
        samples, theta = np.zeros((n, self._k, DRAWS)), self._model.sample(seed)
        contact, own = np.hstack([np.ones((n, 1)), features]), features.shape[1] + 1
        for arm in range(self._k - 1):
            samples[:, arm] = contact @ theta[arm, :own] + dyads[:, arm] @ theta[arm, own:]
        return thompson(samples, allowed, seed)

    def learn(
        self,
        features: Floats,
        actions: NDArray[np.int64],
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Update the arms that were taken."""
        for arm in np.unique(actions[actions < self._k - 1]):
            taken = actions == arm
            x = np.hstack([np.ones((taken.sum(), 1)), features[taken], dyads[taken]])
            self._model.add(int(arm), x, rewards[taken] / 100)
        self._model.refresh()


class SharedLinear:
    """One regression for all arms on action features, dyads, dyads by stage, and the contact's features."""

    name = "shared-linear"

    def __init__(self, briefing: Briefing, noise: float = 15.0, prior: float = 1.0) -> None:
        self._told = briefing.action_features[:-1]
        self._k = len(briefing.action_names)
        self._stages = [briefing.feature_names.index(f"stage:{s}") for s in ("lead", "mql", "sql")]
        m, q = len(briefing.dyad_names), self._told.shape[1]
        d = 1 + len(briefing.feature_names) + q + m + 3 * (m + q)
        self._model = _Ridge(1, d, noise, prior)

    def _inputs(self, features: Floats, told: Floats, dyads: Floats) -> Floats:
        pair = np.hstack([told, dyads])
        by_stage = [pair * features[:, [column]] for column in self._stages]
        return np.hstack([np.ones((len(pair), 1)), features, pair, *by_stage])

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Sample from the shared posterior."""
        n = len(features)
        samples, theta = np.zeros((n, self._k, DRAWS)), self._model.sample(seed)[0]
        own, q = features.shape[1] + 1, self._told.shape[1]
        width = q + dyads.shape[2]
        samples[:, :-1] = (np.hstack([np.ones((n, 1)), features]) @ theta[:own])[:, None]
        for block, column in enumerate([None, *self._stages]):
            rows = np.arange(n) if column is None else np.flatnonzero(features[:, column])
            part = theta[own + block * width : own + (block + 1) * width]
            samples[rows, :-1] += dyads[rows, :-1] @ part[q:] + self._told @ part[:q]
        return thompson(samples, allowed, seed)

    def learn(
        self,
        features: Floats,
        actions: NDArray[np.int64],
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Update the one model."""
        spoke = actions < self._k - 1
        x = self._inputs(features[spoke], self._told[actions[spoke]], dyads[spoke])
        self._model.add(0, x, rewards[spoke] / 100)
        self._model.refresh()

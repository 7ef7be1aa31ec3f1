"""Small worlds with a known truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.bandit import Bandit, Settings
from learning.bandit.basis import DYADS, INTERCEPT, Basis
from learning.bandit.belief import Belief
from learning.bandit.scales import Scales

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ACTIONS, WIDE = 5, 12


def small_belief(
    rows: int = 60, seed: int = 0, apart: tuple[int, ...] = ()
) -> tuple[Belief, Floats, NDArray[np.int64], Floats]:
    """Return a belief with all kinds of sharing, and the rows it was given: inputs, actions, targets."""
    rng = np.random.default_rng(seed)
    loadings = np.hstack([np.ones((ACTIONS, 1)), rng.normal(size=(ACTIONS, 2))])
    together = np.setdiff1d(np.arange(ACTIONS), apart)
    loadings[:, 1:] -= loadings[together, 1:].mean(axis=0)
    loadings[list(apart)] = 0
    basis = Basis(features=3, dyads=2, patterns=4)
    belief = Belief(basis, loadings, 0.1, np.array([0.2, -0.1]), prior_apart=0.3)
    belief.scales = Scales(
        own=np.array([0.3, 0.2, 0.1, 0.4]),
        shared=np.array([0.5, 0.05, 0.2, 0.1]),
        kin=np.array([0.7, 9.0, 0.3, 9.0]),
        noise=0.2,
    )
    inputs = basis.with_dyads(basis.inputs(rng.normal(size=(rows, 3))), rng.random((rows, 2)))
    actions, targets = rng.integers(0, ACTIONS, rows), rng.random(rows)
    belief.sums.add(inputs, actions, targets)
    return belief, inputs, actions, targets


def dense_prior(belief: Belief) -> Floats:
    """The prior covariance of all K P coefficients, action by action, written out."""
    width, k = belief.basis.width, len(belief.loadings)
    cov = np.zeros((k * width, k * width))
    ones, z = belief.loadings[:, 0], belief.loadings[:, 1:]
    for i, block in enumerate(belief.basis.blocks):
        own, shared = belief.scales.own[block], belief.scales.shared[block]
        both, kin = (
            (shared - own) / ones.sum(),
            belief.scales.kin[block] if block in (INTERCEPT, DYADS) else 0,
        )
        prior = own * np.eye(k) + both * np.outer(ones, ones) + kin * z @ z.T
        for lone in np.flatnonzero(ones == 0):
            # As wide as all that those of the others are made of; its mean counts as ten observations.
            prior[lone, lone] = belief.scales.noise / 10 if block == INTERCEPT else own + both + kin
        cov[i::width, i::width] = prior
    return cov


def dense_centre(belief: Belief, targets: Floats, actions: Ints) -> Floats:
    """The prior mean of all K P coefficients: the targets' mean and the tilt, or what one apart starts from."""
    together = belief.loadings[actions, 0] == 1
    mean = (targets[together].sum() + 10 * 0.1) / (together.sum() + 10)
    of_one = np.concatenate(
        [[mean], np.zeros(belief.basis.features), belief.tilt, np.zeros(belief.basis.patterns)]
    )
    centre = belief.loadings[:, :1] * of_one
    centre[belief.loadings[:, 0] == 0, 0] = 0.3
    return np.asarray(centre.ravel())


def dense_design(belief: Belief, inputs: Floats, actions: NDArray[np.int64]) -> Floats:
    """Rows as they meet all K P coefficients; shape (n, K P)."""
    width, k = belief.basis.width, len(belief.loadings)
    design = np.zeros((len(inputs), k * width))
    for row, action in enumerate(actions):
        design[row, action * width : (action + 1) * width] = inputs[row]
    return design


def market(rows: int, seed: int, actions: int = 3) -> tuple[Floats, NDArray[np.int64], Floats, Floats]:
    """Return features (n, 4), actions drawn evenly, rewards in cents, and the true rates (n, K).

    Action k answers to feature k; worth is about 500 cents.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    rates = np.clip(0.2 + 0.25 * x[:, :actions], 0.01, 0.95)
    taken = rng.integers(0, actions, rows)
    acted = rng.random(rows) < rates[np.arange(rows), taken]
    return x, taken, acted * rng.uniform(400, 600, rows), rates


def taught(rows: int = 600, seed: int = 0, **told: object) -> Bandit:
    """A bandit that learned from a market."""
    x, taken, rewards, _ = market(rows, seed)
    bandit = Bandit(("a", "b", "c"), 4, patterns=8, **told)  # type: ignore[arg-type]
    bandit.learn(x, taken, rewards)
    return bandit


def warm_and_cold(rows: int = 6_000, seed: int = 1) -> tuple[Bandit, Floats, Ints, NDArray[np.bool_]]:
    """Return a bandit that knows nothing, features, actions, and who answered: one contact in twenty is warm.

    The warm ones answer a hundred times as often, whatever the action; nothing hangs on two features at once.
    """
    rng = np.random.default_rng(seed)
    x, taken = rng.normal(size=(rows, 8)), rng.integers(0, 6, rows)
    is_warm = rng.random(rows) < 0.05
    x[:, 0] = is_warm / np.sqrt(0.05)
    won = rng.random(rows) < np.where(is_warm, 0.3, 0.003)
    bandit = Bandit(tuple("abcdef"), 8, settings=Settings(prior_rate=0.03, prior_spread=0.03))
    return bandit, x, taken, won

"""Small logs whose truth is known exactly."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from domain.learner import DecisionLog
from learning.replay.evidence import Evidence

Array = NDArray[np.float64]

LOGGED = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
CANDIDATE = np.array([[0.1, 0.3, 0.6], [0.5, 0.4, 0.1]])
WORTH = np.array([[100.0, -20.0, 300.0], [0.0, 50.0, 10.0]])
"""Two contacts, three actions: what each action pays, for certain."""
TRUTH = float((CANDIDATE * WORTH).sum(axis=1).mean())


def every_draw(logged: Array = LOGGED) -> list[tuple[float, NDArray[np.int64]]]:
    """Every way the two draws can fall, with its probability."""
    return [
        (float(logged[0, a] * logged[1, b]), np.array([a, b]))
        for a, b in itertools.product(range(3), repeat=2)
    ]


def evidence(actions: NDArray[np.int64], logged: Array = LOGGED, candidate: Array = CANDIDATE) -> Evidence:
    return Evidence(logged, actions, WORTH[[0, 1], actions], candidate, np.array([0, 1]))


def log_of(
    n: int = 3_000, *, repeats: int = 1, rate: float = 0.3, seed: int = 7, actions: int = 4
) -> DecisionLog:
    """Draws at random with known odds; action 0 is best, and half of a contact's answer is the contact's own."""
    rng = np.random.default_rng(seed)
    contacts = np.repeat(np.arange(-(-n // repeats)), repeats)[:n]
    x = rng.normal(size=(contacts[-1] + 1, 2))[contacts]
    probabilities = rng.dirichlet(np.full(actions, 5.0), size=n)
    drawn = (probabilities.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    mood = rng.integers(2, size=contacts[-1] + 1)[contacts]
    chance = rate * (0.5 + mood) * np.where(drawn == 0, 1.5, 0.8)
    return DecisionLog(
        action_keys=(*(f"a{i}|email|now" for i in range(actions - 1)), "silence"),
        features=x,
        probabilities=probabilities,
        actions=drawn.astype(np.int64),
        rewards=100.0 * (rng.random(n) < chance),
        at=np.full(n, np.datetime64("2026-03-01T09:00:00", "s")),
        contact_ids=np.char.add("c_", contacts.astype(np.str_)),
    )


def all_on(log: DecisionLog, action: int) -> Array:
    """All mass on one action."""
    candidate = np.zeros(log.probabilities.shape)
    candidate[:, action] = 1
    return candidate

"""Synthetic logs whose truth is known: contacts with features, an old chooser, a candidate, rare skewed rewards.

A finite pool of contacts makes the candidate's true worth an exact mean, not another simulation. Each
contact appears in several decisions and carries a part of its answer that no feature shows, so decisions
about one contact are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.learner import DecisionLog
from learning.explorer import draw

Array = NDArray[np.float64]

ACTIONS = 12
_FEATURES = 6
_POOL = 20_000


@dataclass(frozen=True)
class World:
    """One scenario.

    overlap: good, medium or thin: how far the candidate leaves the logged chooser.
    rate: mean probability of a reward, logged chooser.
    tail: sigma of the log-normal worth; 0 is a fixed worth, 1.5 heavy.
    decisions: n a log.
    repeats: decisions a contact.
    """

    overlap: str
    rate: float
    tail: float
    decisions: int = 4_000
    repeats: int = 3

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"{self.overlap:<6} rate {self.rate:.0%} tail {self.tail:g}"


_SHARPNESS = {"good": 0.5, "medium": 2.0, "thin": 5.0}


@dataclass(frozen=True)
class Pool:
    """Every contact there is, in one world: what each action would do, exactly."""

    world: World
    x: Array
    fit: Array
    chance: Array
    logged: Array
    candidate: Array
    worth: float

    @property
    def truth(self) -> float:
        """Mean cents a decision under the candidate."""
        return float((self.candidate * self.chance).sum(axis=1).mean() * self.worth)

    @property
    def on_log(self) -> float:
        """Mean cents a decision under the logged chooser."""
        return float((self.logged * self.chance).sum(axis=1).mean() * self.worth)


def pool_of(world: World, seed: int) -> Pool:
    """Make a world's contacts."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(_POOL, _FEATURES))
    taste = rng.normal(size=(_FEATURES, ACTIONS)) / _FEATURES**0.5
    quality = rng.normal(size=ACTIONS) * 0.4
    mood = rng.normal(size=_POOL) * 0.7
    score = 0.6 * x @ taste + quality + mood[:, None]
    believed = x @ (taste + 0.7 * rng.normal(size=taste.shape) / _FEATURES**0.5) + quality
    fit = (x @ (taste + 0.7 * rng.normal(size=taste.shape) / _FEATURES**0.5))[:, :, None]
    logged = 0.9 * _softmax(0.5 * x @ rng.normal(size=taste.shape)) + 0.1 / ACTIONS
    candidate = 0.95 * _softmax(_SHARPNESS[world.overlap] * believed) + 0.05 / ACTIONS
    low, high = -20.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = float((logged / (1 + np.exp(-score - middle))).sum(axis=1).mean())
        low, high = (middle, high) if mean < world.rate else (low, middle)
    return Pool(world, x, fit, 1 / (1 + np.exp(-score - low)), logged, candidate, 40_000.0)


def draw_log(pool: Pool, seed: int) -> tuple[DecisionLog, Array]:
    """Draw one log and return it with the candidate's probabilities, shape (n, K)."""
    rng = np.random.default_rng(seed)
    world = pool.world
    contacts = rng.integers(_POOL, size=world.decisions // world.repeats + 1)
    contact = np.repeat(np.arange(len(contacts)), world.repeats)[: world.decisions]
    who = contacts[contact]
    actions = draw(pool.logged[who], int(rng.integers(2**62)))
    happened = rng.random(len(who)) < pool.chance[who, actions]
    # The mean of exp(sigma Z - sigma^2 / 2) is one: a heavier tail leaves the truth where it was.
    worth = pool.worth * np.exp(world.tail * rng.normal(size=len(who)) - world.tail**2 / 2)
    log = DecisionLog(
        action_keys=tuple(f"asset-{i}" for i in range(ACTIONS)),
        features=pool.x[who],
        probabilities=pool.logged[who],
        actions=actions,
        rewards=happened * worth,
        dyads=pool.fit[who],
        at=np.full(len(who), np.datetime64("2026-01-05T08:00:00", "s")),
        contact_ids=np.char.add("c", contact.astype(np.str_)),
    )
    return log, pool.candidate[who]


def _softmax(score: Array) -> Array:
    odds = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)

"""Reasons that add up, and that say what would have changed."""

from __future__ import annotations

import numpy as np

from learning.bandit import Bandit, explain
from tests.unit.learning.bandit.worlds import market


def _taught() -> tuple[Bandit, np.ndarray, np.ndarray]:
    x, taken, rewards, _ = market(3_000, 0)
    rng = np.random.default_rng(1)
    dyads = rng.random((3_000, 3, 2))
    bandit = Bandit(("a", "b", "c"), 4, dyads=2, patterns=16)
    bandit.learn(x, taken, rewards, dyads=dyads[np.arange(3_000), taken])
    return bandit, x, dyads


def test_contributions_sum_to_the_value() -> None:
    bandit, x, dyads = _taught()
    reference, middle = x.mean(axis=0), dyads.mean(axis=(0, 1))
    values, _ = bandit.values(x[:50], dyads[:50])
    for row in range(50):
        for action in range(3):
            told = explain(bandit, action, x[row], dyads[row, action], reference, middle)
            assert np.isclose(told.value, values[row, action], rtol=1e-9, atol=1e-9)
            assert np.isclose(told.base + told.features.sum() + told.dyads.sum(), told.value, atol=1e-8)


def test_taking_a_strong_reason_away_moves_the_value_as_said() -> None:
    checked = 0
    bandit, x, dyads = _taught()
    reference, middle = x.mean(axis=0), dyads.mean(axis=(0, 1))
    for row in range(60):
        for action in range(3):
            told = explain(bandit, action, x[row], dyads[row, action], reference, middle)
            top = int(np.abs(told.features).argmax())
            if abs(told.features[top]) < 50:
                continue  # a tenth of what an outcome is worth: below it, nothing is named as a reason
            checked += 1
            without = x[row].copy()
            without[top] = reference[top]
            after = explain(bandit, action, without, dyads[row, action], reference, middle)
            assert np.sign(told.value - after.value) == np.sign(told.features[top])
            # Below zero a rate is none, and its product with a worth bends more.
            most = 0.35 if told.rate >= 0 else 0.4
            assert abs((told.value - after.value) - told.features[top]) < most * abs(told.features[top])
    assert checked > 50


def test_taking_the_strongest_fit_away_moves_the_value_as_said() -> None:
    x, taken, rewards, _ = market(3_000, 0)
    rng = np.random.default_rng(1)
    dyads = rng.random((3_000, 3, 2))
    fits = dyads[np.arange(3_000), taken]
    rewards = np.where(rng.random(3_000) < 0.3 * fits[:, 0], rewards + 600.0, rewards)
    bandit = Bandit(("a", "b", "c"), 4, dyads=2, patterns=16)
    bandit.learn(x, taken, rewards, dyads=fits)
    reference, middle = x.mean(axis=0), dyads.mean(axis=(0, 1))
    moved = 0
    for row in range(60):
        for action in range(3):
            told = explain(bandit, action, x[row], dyads[row, action], reference, middle)
            top = int(np.abs(told.dyads).argmax())
            without = dyads[row, action].copy()
            without[top] = middle[top]
            after = explain(bandit, action, x[row], without, reference, middle)
            assert abs((told.value - after.value) - told.dyads[top]) <= 0.2 * abs(told.dyads[top])
            moved += abs(told.dyads[top]) > 20
    assert moved > 100


def test_the_reason_named_first_is_the_true_one() -> None:
    bandit, x, dyads = _taught()
    reference, middle = x.mean(axis=0), dyads.mean(axis=(0, 1))
    keen = reference.copy()
    keen[1] += 2
    told = explain(bandit, 1, keen, middle, reference, middle)
    assert int(told.features.argmax()) == 1
    assert told.features[1] > 50

"""Outcomes of other tools come before ours: that ours are rarer is no shift of the market, and a shift later is one."""

from __future__ import annotations

import numpy as np
import pytest

from learning.bandit import Bandit, Settings

RUNS, MANY = 6, 450


def began_with(past_rate: float, seed: int) -> tuple[Bandit, np.random.Generator]:
    """A learner that was taught 1,800 e-mails of another tool, each as a part of one outcome."""
    rng = np.random.default_rng(seed)
    bandit = Bandit([str(k) for k in range(4)], 5, settings=Settings(prior_rate=0.03))
    x, actions = rng.normal(size=(1_800, 5)), rng.integers(0, 4, 1_800)
    rewards = np.where(rng.random(1_800) < past_rate, 100.0, 0.0)
    bandit.learn(x, actions, rewards, is_news=False, weight=0.3)
    return bandit, rng


def lived(bandit: Bandit, rng: np.random.Generator, rate: float, runs: int, *, is_first: bool) -> None:
    for run in range(runs):
        x, actions = rng.normal(size=(MANY, 5)), rng.integers(0, 4, MANY)
        rewards = np.where(rng.random(MANY) < rate, 100.0, 0.0)
        bandit.learn(x, actions, rewards, is_first=is_first and run == 0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rate", [0.04, 0.08])
def test_that_ours_are_rarer_than_another_tools_is_no_shift(rate: float, seed: int) -> None:
    bandit, rng = began_with(0.16, seed)
    lived(bandit, rng, rate, RUNS, is_first=True)
    assert bandit.alarms == []


def test_a_shift_of_our_own_is_noticed_all_the_same() -> None:
    bandit, rng = began_with(0.16, 1)
    lived(bandit, rng, 0.06, RUNS, is_first=True)
    lived(bandit, rng, 0.2, 2, is_first=False)
    alarm = next(one for one in bandit.alarms if one.action is None)
    assert alarm.direction == "more"
    assert alarm.since <= 2 * MANY


def test_what_learning_has_put_right_is_not_held_against_it() -> None:
    """Predictions of twice too much are corrected while they are, and not still once they are right."""
    bandit, rng = began_with(0.16, 2)
    lived(bandit, rng, 0.04, 4, is_first=True)
    x, actions = rng.normal(size=(2_000, 5)), rng.integers(0, 4, 2_000)
    acted = rng.random(2_000) < 0.04
    expected, predicted = bandit._expected(bandit.basis.inputs(x), actions, acted)
    assert predicted is not None
    assert expected.mean() == pytest.approx(acted.mean(), abs=0.01)

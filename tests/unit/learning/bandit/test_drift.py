"""Noticing that the market shifted."""

from __future__ import annotations

import numpy as np

from learning.bandit import Bandit
from learning.bandit.drift import Watch


def _first_alarm(rates: np.ndarray, believed: float, seed: int) -> int | None:
    watch, rng = Watch.over(1), np.random.default_rng(seed)
    for step, rate in enumerate(rates):
        if watch.see(believed, bool(rng.random() < rate), 0):
            return step
    return None


def test_outcomes_as_predicted_sound_no_alarm() -> None:
    for believed in (0.03, 0.3, 0.9):
        alarms = [_first_alarm(np.full(5_000, believed), believed, seed) for seed in range(4)]
        assert alarms == [None] * 4


def test_a_halved_rate_is_noticed_and_dated() -> None:
    watch, rng = Watch.over(1), np.random.default_rng(0)
    for _ in range(3_000):
        assert watch.see(0.3, bool(rng.random() < 0.3), 0) is None
    seen = (watch.see(0.3, bool(rng.random() < 0.1), 0) for _ in range(400))
    step, alarm = next((i, alarm) for i, alarm in enumerate(seen) if alarm)
    assert alarm.direction == "fewer"
    assert step < 200
    assert abs(alarm.since - step) < 60


def test_a_shift_in_one_action_is_told_from_a_shift_of_the_market() -> None:
    watch, rng = Watch.over(3), np.random.default_rng(0)
    for step in range(3_000):
        action = step % 3
        rate = 0.02 if action == 1 and step > 1_000 else 0.4
        alarm = watch.see(0.4, bool(rng.random() < rate), action)
        if alarm:
            break
    assert alarm is not None
    assert alarm.action == 1


def test_after_a_flip_the_learner_forgets_and_learns_anew() -> None:
    rng = np.random.default_rng(0)
    bandit = Bandit(("a", "b"), 2, patterns=0)
    allowed = np.ones((1, 2), dtype=bool)
    won = []
    for step in range(1_200):
        x = rng.normal(size=(1, 2))
        good = int(x[0, 0] > 0) if step < 600 else int(x[0, 0] <= 0)
        action = bandit.choose(x, allowed, seed=step).actions
        rewards = np.array([float(action[0] == good)])
        won.append(rewards[0])
        bandit.learn(x, action, rewards)
    assert any(alarm.action is None for alarm in bandit.alarms)
    assert np.mean(won[500:600]) > 0.85
    assert np.mean(won[900:]) > 0.85

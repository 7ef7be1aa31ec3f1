from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from evals.hillstrom.experiment import Experiment
from evals.hillstrom.online import Ints, play, steps_until
from evals.hillstrom.worth import Floats, effect, expected_rewards, fitted_arms, interval, worth_of


def one_hot(arms: Ints) -> Floats:
    return np.eye(3)[arms]


def customers(rewards_of_arms: Floats, n: int, seed: int) -> Experiment:
    """Arms drawn evenly; each arm pays its own rate to everyone. One feature, which means nothing."""
    rng = np.random.default_rng(seed)
    arms = rng.integers(0, 3, n)
    visits = (rng.random(n) < rewards_of_arms[arms]).astype(float)
    return Experiment(rng.normal(size=(n, 1)), ("x",), arms, {"visit": visits}, np.zeros(n, dtype=bool))


def test_ips_divides_what_agreed_by_the_propensity() -> None:
    arms, rewards = np.array([0, 1, 2, 0]), np.array([1.0, 1.0, 1.0, 0.0])
    found = worth_of(one_hot(np.array([0, 0, 2, 0])), arms, rewards, 1 / 3, np.zeros((4, 3)))
    # Rows 0, 2 and 3 agree and pay 1, 1, 0: (3 + 3 + 0) / 4, and 2 / 3 self-normalised.
    assert (found.ips, found.snips) == pytest.approx((1.5, 2 / 3))


def test_self_normalised_worth_of_one_arm_is_that_arms_mean() -> None:
    arms, rewards = np.array([0, 0, 1, 2, 0]), np.array([3.0, 5.0, 9.0, 9.0, 1.0])
    chosen = one_hot(np.zeros(5, dtype=np.int64))
    assert worth_of(chosen, arms, rewards, 1 / 3, np.zeros((5, 3))).snips == pytest.approx(3.0)


def test_dr_needs_no_luck_where_the_model_is_right() -> None:
    arms = np.array([0, 1, 2, 2])
    expected = np.array([[1.0, 2.0, 3.0]] * 4)
    rewards = expected[np.arange(4), arms]
    chosen = one_hot(np.array([1, 0, 2, 1]))
    assert worth_of(chosen, arms, rewards, 1 / 3, expected).dr == pytest.approx((2 + 1 + 3 + 2) / 4)


def test_all_three_estimators_find_the_true_worth_of_a_random_choice() -> None:
    rng = np.random.default_rng(0)
    n, rates = 60_000, np.array([[0.1, 0.3, 0.5], [0.4, 0.2, 0.1]])
    group, arms = rng.integers(0, 2, n), rng.integers(0, 3, n)
    rewards = (rng.random(n) < rates[group, arms]).astype(float)
    chosen = np.where(group[:, None] == 0, [[0.2, 0.2, 0.6]], [[1.0, 0.0, 0.0]])
    true = 0.5 * (0.02 + 0.06 + 0.3) + 0.5 * 0.4
    found = worth_of(chosen, arms, rewards, 1 / 3, np.full((n, 3), 0.7))
    assert [found.ips, found.snips, found.dr] == pytest.approx([true] * 3, abs=0.012)


def test_a_choice_nobody_was_given_has_no_worth() -> None:
    arms = np.zeros(3, dtype=np.int64)
    with pytest.raises(ValueError, match="agrees with the experiment nowhere"):
        worth_of(one_hot(arms + 1), arms, np.ones(3), 1 / 3, np.zeros((3, 3)))


def test_intervals_of_halves_are_widened_for_what_they_share() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    found = interval(values, test_share=1.0)
    reach, spread = float(student.ppf(0.975, 3)), float(values.std(ddof=1))
    assert (found.mean, found.plain) == pytest.approx((2.5, reach * spread / 2))
    assert found.corrected == pytest.approx(reach * spread * np.sqrt(1 / 4 + 1))


def test_an_effect_is_the_difference_of_means_with_its_error() -> None:
    rewards, arms = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0]), np.array([1, 1, 1, 2, 2, 2])
    assert effect(rewards, arms, 1, 2) == pytest.approx((2 / 3, np.sqrt((1 / 3) / 3)))


def test_lines_an_arm_find_lines() -> None:
    rng = np.random.default_rng(1)
    x, arms = rng.normal(size=(3000, 2)), rng.integers(0, 3, 3000)
    truth = np.array([[0.0, 1.0, 2.0], [1.0, -1.0, 0.0], [3.0, 0.5, 0.5]])
    rewards = (np.column_stack([np.ones(3000), x]) * truth[arms]).sum(axis=1)
    found = expected_rewards(x[:4], fitted_arms(x, arms, rewards, 3))
    assert found == pytest.approx(np.column_stack([np.ones(4), x[:4]]) @ truth.T, abs=0.02)


class Always:
    """Chooses one arm and writes down what it is shown."""

    def __init__(self, arm: int) -> None:
        self.arm = arm
        self.seen: list[int] = []

    def choose(self, features: Floats) -> Ints:
        return np.full(len(features), self.arm, dtype=np.int64)

    def learn(self, features: Floats, arms: Ints, rewards: Floats) -> None:
        self.seen.extend(arms.tolist())


def test_replay_lives_through_the_rate_of_the_arm_that_is_chosen() -> None:
    rates = np.array([0.6, 0.3, 0.1])
    stream = customers(rates, 9000, seed=2)
    for arm in range(3):
        life = play(Always(arm), stream, np.tile(rates, (9000, 1)), most_steps=9000)
        assert life.rewards.mean() == pytest.approx(rates[arm], abs=0.03)
        assert set(life.expected.tolist()) == {rates[arm]}


def test_replay_shows_only_outcomes_of_choices_that_agree_with_the_experiment() -> None:
    stream = customers(np.array([0.5, 0.5, 0.5]), 600, seed=3)
    player = Always(1)
    life = play(player, stream, np.zeros((600, 3)), most_steps=600)
    assert player.seen == [1] * int((stream.arms == 1).sum())
    assert len(life.rewards) == len(player.seen)


def test_replay_ends_after_the_most_steps() -> None:
    stream = customers(np.array([0.5, 0.5, 0.5]), 600, seed=4)
    assert len(play(Always(0), stream, np.zeros((600, 3)), most_steps=50).rewards) == 50


def test_a_lucky_start_is_not_having_got_there() -> None:
    # Running means: 1, 1/2, 1/3, 1/2, 3/5, 4/6: above one half for good from the fourth on.
    assert steps_until(np.array([1.0, 0.0, 0.0, 1.0, 1.0, 1.0]), 0.5) == 4


def test_who_never_gets_there_needs_more_than_all_steps() -> None:
    assert steps_until(np.zeros(7), 0.5) == 8
    assert steps_until(np.ones(7), 0.5) == 1

from __future__ import annotations

import numpy as np
import pytest

from learning.lift import Telling, adjusted, before_after, compare, lift, revenue_lift


def experiment(n: int, control: float, treated: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    arm = rng.random(n) < 0.8
    return (rng.random(n) < np.where(arm, treated, control)).astype(float), arm


def test_a_clear_effect_is_told_with_its_interval() -> None:
    found = lift(*experiment(20_000, 0.05, 0.09))
    assert found.telling is Telling.BETTER
    assert found.low is not None and found.high is not None and found.estimate is not None
    assert 0 < found.low < found.estimate < found.high
    assert found.low < 0.04 < found.high
    assert found.more_contacts == 0


def test_a_harmful_arm_is_told_as_worse() -> None:
    assert lift(*experiment(20_000, 0.09, 0.05)).telling is Telling.WORSE


def test_where_it_cannot_be_told_there_is_no_number_but_how_many_more_contacts() -> None:
    found = lift(*experiment(1_500, 0.05, 0.06))
    assert found.telling is Telling.CANNOT_TELL
    assert (found.estimate, found.low, found.high, found.control_mean) == (None,) * 4
    assert found.more_contacts > 1_500


def test_about_as_many_more_contacts_as_said_do_show_the_effect() -> None:
    # A quarter more is what is looked for; four in five experiments of that size show it, by design.
    first = lift(*experiment(2_000, 0.2, 0.25), least_effect=0.05)
    assert first.telling is Telling.CANNOT_TELL
    size = 2_000 + first.more_contacts
    told = [lift(*experiment(size, 0.2, 0.25, seed)).telling is Telling.BETTER for seed in range(40)]
    assert 0.65 <= np.mean(told) <= 0.95


def test_two_arms_alike_are_told_to_be_alike_once_that_is_sure() -> None:
    found = lift(*experiment(200_000, 0.2, 0.2), least_effect=0.02)
    assert found.telling is Telling.ALIKE


def test_a_handful_of_events_is_too_few_whatever_they_say() -> None:
    outcomes, arm = np.zeros(600), np.arange(600) % 2 == 0
    outcomes[[0, 2, 4, 6, 8, 10, 12]] = 1
    found = lift(outcomes, arm)
    assert (found.telling, found.reason) == (Telling.CANNOT_TELL, "too_few")


def test_covariates_that_explain_a_handful_whole_do_not_make_it_look_nearly_enough() -> None:
    outcomes, arm = np.array([1.0, 0.0, 0.0, 1.0]), np.array([True, True, False, False])
    explaining = np.array([[1.0], [0.0], [0.0], [1.0]])
    assert lift(outcomes, arm, covariates=explaining).more_contacts == lift(outcomes, arm).more_contacts


def test_arms_that_are_constant_and_differ_say_how_many_more_and_no_number() -> None:
    found = lift(np.array([1.0, 1.0, 0.0, 0.0]), np.array([True, True, False, False]))
    assert (found.telling, found.estimate) == (Telling.CANNOT_TELL, None)
    assert found.more_contacts > 50


def test_nothing_seen_yet_says_how_many_contacts_the_expected_rate_needs() -> None:
    often = lift(np.zeros(50), np.arange(50) < 45, expected_mean=0.2)
    seldom = lift(np.zeros(50), np.arange(50) < 45, expected_mean=0.01)
    assert often.reason == seldom.reason == "nothing_yet"
    assert seldom.more_contacts > 5 * often.more_contacts > 0
    assert lift(np.zeros(0), np.zeros(0, dtype=bool), expected_mean=0.2).more_contacts > 0


def test_covariates_narrow_the_interval_as_their_correlation_says() -> None:
    rng = np.random.default_rng(3)
    n, rho = 40_000, 0.7
    before = rng.normal(size=n)
    noise = rng.normal(size=n)
    arm = rng.random(n) < 0.8
    outcomes = rho * before + np.sqrt(1 - rho**2) * noise + 0.1 * arm
    plain = compare(outcomes, arm)
    sharp = compare(outcomes, arm, covariates=before[:, None])
    # Deng et al. (2013), eq. 5: the variance is 1 - rho² of what it was, the width its root.
    assert (sharp.half_width / plain.half_width) ** 2 == pytest.approx(1 - rho**2, rel=0.03)
    assert sharp.variance_kept == pytest.approx(1 - rho**2, rel=0.03)
    assert sharp.estimate == pytest.approx(0.1, abs=sharp.half_width)


def test_adjusting_leaves_the_difference_of_a_randomised_covariate_unbiased() -> None:
    rng = np.random.default_rng(4)
    estimates = []
    for _ in range(200):
        x = rng.exponential(size=400)
        arm = rng.random(400) < 0.5
        estimates.append(compare(np.exp(x / 3) + 0.5 * arm, arm, covariates=x[:, None]).estimate)
    assert np.mean(estimates) == pytest.approx(0.5, abs=3 * np.std(estimates) / np.sqrt(200))


def test_a_covariate_that_never_varies_changes_nothing() -> None:
    outcomes, arm = experiment(500, 0.3, 0.3)
    same, kept = adjusted(outcomes, arm, np.ones((500, 1)))
    assert same == pytest.approx(outcomes)
    assert kept == 1


def test_colleagues_who_move_together_count_as_one() -> None:
    rng = np.random.default_rng(6)
    account = np.repeat(np.arange(1_000), 4)
    arm = np.repeat(rng.random(1_000) < 0.5, 4)
    outcomes = np.repeat(rng.normal(size=1_000), 4)
    alone = compare(outcomes, arm)
    together = compare(outcomes, arm, clusters=account)
    # Four identical colleagues: the variance of the mean is four times what independence would say.
    ratio = (together.spread**2 / together.units) / (alone.spread**2 / alone.units)
    assert ratio == pytest.approx(4, rel=0.05)


def test_revenue_is_told_capped_and_raw_side_by_side() -> None:
    rng = np.random.default_rng(7)
    n = 60_000
    arm = rng.random(n) < 0.5
    won = rng.random(n) < np.where(arm, 0.06, 0.04)
    revenue = np.where(won, rng.lognormal(12, 2.0, n), 0)
    found = revenue_lift(revenue, arm)
    assert found.capped.telling is Telling.BETTER
    assert found.raw.telling is Telling.CANNOT_TELL
    assert found.raw.more_contacts > 0
    assert found.cap_cents == pytest.approx(np.quantile(revenue[revenue > 0], 0.95))


def test_a_market_that_lifts_everyone_gives_no_lift() -> None:
    rng = np.random.default_rng(8)
    n = 30_000
    arm = rng.random(n) < 0.7
    before = rng.poisson(1.0, n).astype(float)
    boom = rng.poisson(1.5, n).astype(float)
    assert before_after(before, boom, arm).telling is not Telling.BETTER
    helped = before_after(before, boom + rng.poisson(0.3, n) * arm, arm)
    assert helped.telling is Telling.BETTER
    assert helped.estimate == pytest.approx(0.3, abs=0.1)

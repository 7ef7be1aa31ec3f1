from __future__ import annotations

import numpy as np
import pytest

from learning.funnel import conversion, survival, velocity, wilson

# Weeks in remission under 6-MP, Freireich et al. (1963), Blood 21(6); the standard example of Kaplan-Meier.
REMISSION = np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], float)
RELAPSED = np.array([True] * 9 + [False] * 12)


def test_kaplan_meier_gives_the_published_curve() -> None:
    curve = survival(REMISSION, RELAPSED)
    assert curve.days.tolist() == [6, 7, 10, 13, 16, 22, 23]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.share == pytest.approx(published, abs=0.0006)
    # Greenwood's published standard errors.
    error = curve.share * np.sqrt(curve.log_variance)
    assert error == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=0.0002)


def test_the_median_is_the_published_one_and_its_upper_end_is_not_reached() -> None:
    median = survival(REMISSION, RELAPSED).median()
    assert median.value == 23
    assert median.low == 13
    assert median.high is None


def test_where_less_than_half_ever_engaged_there_is_no_median() -> None:
    assert survival(np.array([1.0, 5, 5, 5]), np.array([True, False, False, False])).median().value is None


def test_conversion_allows_for_those_who_had_no_time_yet() -> None:
    rng = np.random.default_rng(5)
    days = np.where(rng.random(8_000) < 0.4, rng.uniform(0, 90, 8_000), np.inf)
    followed = rng.uniform(0, 200, 8_000)
    found = conversion(np.where(days <= followed, days, np.inf), followed, within_days=90)
    assert found.share.value == pytest.approx(0.4, abs=0.02)
    assert found.share.low is not None and found.share.high is not None
    assert found.share.low < 0.4 < found.share.high
    assert found.converted / found.entered < 0.33  # what the bare share would have said


def test_a_conversion_nobody_had_time_for_is_not_told() -> None:
    assert conversion(np.array([np.inf, 3]), np.array([20.0, 10.0]), 90).share.value is None


def test_wilson_gives_the_published_interval() -> None:
    # Newcombe (1998), Statist. Med. 17, table I, method 3: 81 of 263.
    found = wilson(81, 263)
    assert found.low == pytest.approx(0.2553, abs=1e-4)
    assert found.high == pytest.approx(0.3662, abs=1e-4)


def test_velocity_is_deals_times_win_rate_times_value_over_cycle() -> None:
    won = np.array([True, True, False, False, False])
    found = velocity(
        10, won, np.array([200_000.0, 400_000, 1, np.nan, 1]), np.array([50.0, 70, 5, 5, np.nan])
    )
    assert found.cents_per_day.value == pytest.approx(10 * 0.4 * 300_000 / 60)
    assert found.cents_per_day.low is not None and found.cents_per_day.high is not None
    assert found.cents_per_day.low < 20_000 < found.cents_per_day.high


def test_without_a_won_deal_there_is_no_velocity() -> None:
    assert velocity(4, np.array([False]), np.array([np.nan]), np.array([9.0])).cents_per_day.value is None

from __future__ import annotations

import numpy as np
import pytest

from learning.sequences import bernstein, observations_for, radius, tuning


def test_the_boundary_is_the_published_one() -> None:
    # Waudby-Smith et al. (2024), thm 2.2: sqrt(2(t rho² + 1) / (t² rho²) log(sqrt(t rho² + 1) / alpha)).
    rho, t, alpha = tuning(0.05, 100), 250.0, 0.05
    expected = np.sqrt(2 * (t * rho**2 + 1) / (t**2 * rho**2) * np.log(np.sqrt(t * rho**2 + 1) / alpha))
    assert radius(t, alpha, 100) == pytest.approx(expected)


def test_it_is_tightest_against_a_fixed_interval_where_it_is_tuned() -> None:
    t = np.arange(10, 20_000, dtype=float)
    loss = radius(t, 0.05, 500) * np.sqrt(t)
    assert 250 < t[loss.argmin()] < 1_000
    # Never as tight as an interval for one look.
    assert loss.min() > 1.96


def test_it_narrows_with_every_observation() -> None:
    assert (np.diff(radius(np.arange(1, 5_000, dtype=float), 0.05)) < 0).all()


def test_as_many_observations_as_asked_for_bring_the_wanted_width() -> None:
    n = observations_for(0.05, 0.05, margin=0.84)
    assert float(radius(n, 0.05)) + 0.84 / np.sqrt(n) == pytest.approx(0.05, rel=0.01)


def test_a_mean_looked_at_always_is_missed_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(11)
    missed = narrow = 0
    for _ in range(200):
        x = rng.normal(0, 1, 3_000)
        t = np.arange(1, 3_001, dtype=float)
        mean = x.cumsum() / t
        looks = slice(49, None, 10)
        missed += bool((np.abs(mean[looks]) > radius(t[looks], 0.05, 500)).any())
        narrow += bool((np.abs(mean[looks]) > 1.96 / np.sqrt(t[looks])).any())
    assert missed / 200 <= 0.05
    assert narrow / 200 > 0.20  # the fixed-n interval in the same runs


def test_bounded_outcomes_are_covered_at_every_look_without_any_approximation() -> None:
    rng = np.random.default_rng(12)
    missed = 0
    for _ in range(200):
        low, high = bernstein((rng.random(1_000) < 0.05).astype(float), 0.1)
        missed += bool(((low > 0.05) | (high < 0.05)).any())
    assert missed / 200 <= 0.1
    assert high[-1] - low[-1] < 0.1


def test_bounded_outcomes_must_be_bounded() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        bernstein(np.array([0.5, 1.2]), 0.05)

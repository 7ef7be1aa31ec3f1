from __future__ import annotations

import numpy as np
import pytest

from learning.likelihood.calibration import (
    calibration_error,
    debiased_calibration_error,
    intercept_of,
    sigmoid,
    slope_of,
)


def test_a_slope_that_is_too_steep_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=6_000) * 1.5
    blocks = np.repeat([0, 1], 3_000)
    outcomes = (rng.random(6_000) < sigmoid(0.5 * logits + np.where(blocks == 1, 1.0, -1.0))).astype(float)
    slope, error = slope_of(logits, outcomes, blocks)
    assert abs(slope - 0.5) < 3 * error < 0.15


def test_the_intercept_makes_the_mean_probability_the_rate() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=500)
    outcomes = (rng.random(500) < 0.13).astype(float)
    shift, _ = intercept_of(logits, outcomes, np.arange(500).astype(np.str_))
    assert sigmoid(logits + shift).mean() == pytest.approx(outcomes.mean(), abs=1e-9)


def test_an_intercept_needs_both_outcomes() -> None:
    with pytest.raises(ValueError, match="both outcomes"):
        intercept_of(np.zeros(3), np.ones(3), np.array(["a", "b", "c"]))


def test_the_calibration_error_is_the_gap_between_what_was_told_and_what_came() -> None:
    outcomes = np.tile([1.0, 0.0], 500)
    assert calibration_error(np.full(1_000, 0.3), outcomes) == pytest.approx(0.2)


def test_the_debiased_error_finds_a_true_gap() -> None:
    rng = np.random.default_rng(3)
    found = [
        debiased_calibration_error(np.full(500, 0.3), (rng.random(500) < 0.5).astype(float))
        for _ in range(50)
    ]
    assert np.mean(found) == pytest.approx(0.2, abs=0.01)


def test_the_debiased_error_of_true_probabilities_is_nearly_nothing_where_the_binned_one_is_not() -> None:
    rng = np.random.default_rng(2)
    binned, debiased = [], []
    for _ in range(40):
        p = rng.uniform(0.05, 0.6, size=400)
        outcomes = (rng.random(400) < p).astype(float)
        binned.append(calibration_error(p, outcomes))
        debiased.append(debiased_calibration_error(p, outcomes))
    assert np.mean(binned) > 0.04
    assert np.mean(debiased) < 0.025

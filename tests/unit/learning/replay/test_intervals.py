"""Intervals: known special cases, clusters, skewness, draws that could have come."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from learning.replay.doubly_robust import doubly_robust, doubly_robust_difference
from learning.replay.evidence import evidence_of
from learning.replay.interval import (
    empirical_bernstein,
    empirical_likelihood,
    hall,
    skew_corrected,
    standard_error,
    student,
)
from learning.replay.reward_model import cross_fitted
from learning.replay.spread import designed
from tests.unit.learning.replay.logs import all_on, log_of

RNG = np.random.default_rng(0)
PLAIN = RNG.normal(10, 2, size=400)
APART = np.arange(400)
SKEWED = RNG.exponential(size=400) ** 2


def test_students_interval_of_independent_terms_is_the_textbooks() -> None:
    low, high = stats.t.interval(0.95, 399, PLAIN.mean(), stats.sem(PLAIN))
    found = student(PLAIN, APART)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_repeated_contacts_widen_the_interval() -> None:
    repeated = np.repeat(PLAIN[:100], 4)
    alone, together = standard_error(repeated, APART), standard_error(repeated, APART // 4)
    assert together == pytest.approx(2 * alone, rel=0.02)


def test_the_interval_of_a_log_with_repeated_contacts_is_wider_than_if_they_were_strangers() -> None:
    log = log_of(repeats=6)
    seen = evidence_of(log, log.probabilities)
    assert standard_error(seen.rewards, seen.clusters) > 1.1 * standard_error(
        seen.rewards, np.arange(len(seen))
    )


def test_without_skewness_the_correction_changes_next_to_nothing() -> None:
    mirrored = np.concatenate([PLAIN, 20 - PLAIN])
    corrected, plain = skew_corrected(mirrored, np.arange(800)), student(mirrored, np.arange(800))
    assert (corrected.low, corrected.high) == pytest.approx((plain.low, plain.high), rel=1e-6)


def test_a_long_right_tail_moves_the_interval_up() -> None:
    corrected, plain = skew_corrected(SKEWED, APART), student(SKEWED, APART)
    assert corrected.high > plain.high
    assert corrected.low > plain.low


def test_halls_transformation_is_undone_exactly() -> None:
    low, high = hall(0.0, 1.0, 0.3, 10_000, 0.95)
    for end, quantile in ((-low, 1.96), (-high, -1.96)):
        t, s = end, 0.3
        assert t + s * t**2 / 3 + s**2 * t**3 / 27 + s / 6 == pytest.approx(quantile, abs=1e-3)


def test_empirical_likelihood_meets_the_normal_interval_on_normal_terms() -> None:
    found, plain = empirical_likelihood(PLAIN, APART), student(PLAIN, APART)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.02)


def test_empirical_likelihood_never_leaves_the_hull_of_the_data() -> None:
    terms = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    found = empirical_likelihood(terms, np.arange(5), level=0.999)
    assert 0 <= found.low < found.high <= 1


def test_empirical_bernstein_is_the_widest() -> None:
    found, plain = empirical_bernstein(PLAIN, APART, reach=20.0), student(PLAIN, APART)
    assert found.low < plain.low < plain.high < found.high


def test_terms_without_spread_have_an_interval_without_width() -> None:
    for make in (student, skew_corrected, empirical_likelihood):
        found = make(np.full(10, 3.0), np.arange(10))
        assert (found.low, found.high) == pytest.approx((3, 3))


def test_a_single_contact_says_nothing() -> None:
    assert standard_error(PLAIN, np.zeros(400, dtype=np.int64)) == float("inf")


def test_the_designed_interval_is_never_tighter_than_the_seen_terms_allow() -> None:
    log = log_of()
    candidate = all_on(log, 0)
    seen, expected = evidence_of(log, candidate), cross_fitted(log)
    estimate = doubly_robust(seen, expected)
    found, plain = designed(estimate, seen, candidate, expected), student(estimate.terms, seen.clusters)
    assert found.high - found.low >= plain.high - plain.low - 1e-9


def test_the_designed_interval_counts_large_weights_that_did_not_come() -> None:
    # The candidate's action had one chance in a thousand and was never drawn: seen terms have no spread at all.
    log = log_of(500, actions=2)
    log.probabilities[:] = [0.999, 0.001]
    log.actions[:] = 0
    candidate = all_on(log, 1)
    seen = evidence_of(log, candidate)
    expected = np.full((500, 2), float(log.rewards.mean()))
    estimate = doubly_robust(seen, expected)
    found, plain = designed(estimate, seen, candidate, expected), student(estimate.terms, seen.clusters)
    assert plain.high - plain.low < 1e-9
    # sqrt(1000 / 500) residual deviations, on both sides
    assert found.high - found.low > 2 * 1.9 * 2**0.5 * float(log.rewards.std()) * 0.9


def test_the_difference_from_the_log_itself_is_nothing_and_certain() -> None:
    log = log_of()
    seen, expected = evidence_of(log, log.probabilities), cross_fitted(log)
    estimate = doubly_robust_difference(seen, log.probabilities, expected)
    found = designed(estimate, seen, np.zeros(log.probabilities.shape), expected)
    assert (found.low, found.high) == pytest.approx((0, 0), abs=1e-9)

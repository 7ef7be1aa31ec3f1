"""The designed interval: second and third moments over draws that could have come, and contacts that repeat."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from learning.replay.doubly_robust import doubly_robust
from learning.replay.evidence import Array, Evidence
from learning.replay.interval import Interval, student
from learning.replay.spread import designed

N = 2_000
LOGGED = np.tile([0.98, 0.02], (N, 1))
CANDIDATE = np.tile([0.5, 0.5], (N, 1))
FLAT = np.full((N, 2), 10.0)
FIRST = np.zeros(N, dtype=np.int64)
"""The rare action never came, so no seen term shows its weight of 25."""


def interval(
    rewards: Array, expected: Array, clusters: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Interval:
    seen = Evidence(LOGGED, FIRST, rewards, CANDIDATE, clusters)
    return designed(doubly_robust(seen, expected), seen, CANDIDATE, expected)


def half(found: Interval) -> float:
    return (found.high - found.low) / 2


EVEN = np.where(np.arange(N) % 2, 12.0, 8.0)
"""Residuals of plus and minus two: variance four, no skewness."""


def test_the_error_is_that_of_every_draw_weighted_by_its_odds() -> None:
    second = 4 * (0.5**2 / 0.98 + 0.5**2 / 0.02)
    expected = stats.t.ppf(0.975, N - 1) * (second / N) ** 0.5
    assert half(interval(EVEN, FLAT, np.arange(N))) == pytest.approx(expected, rel=1e-3)


def test_what_the_model_expects_to_differ_between_contacts_adds_to_the_error() -> None:
    varied = FLAT + np.where(np.arange(N) % 4 < 2, 3.0, -3.0)[:, None]
    rewards = EVEN + varied[:, 0] - 10
    # Larger expectations scatter more, smaller less, by the same amount: only their spread of nine is added.
    second = 4 * (0.5**2 / 0.98 + 0.5**2 / 0.02) + 9
    expected = stats.t.ppf(0.975, N - 1) * (second / N) ** 0.5
    assert half(interval(rewards, varied, np.arange(N))) == pytest.approx(expected, rel=1e-3)


def test_decisions_about_one_contact_count_as_one_where_they_move_together() -> None:
    fours = np.repeat(EVEN[: N // 4], 4)
    alone, together = (half(interval(fours, FLAT, c)) for c in (np.arange(N), np.arange(N) // 4))
    assert together == pytest.approx(2 * alone, rel=0.01)


def test_rare_large_rewards_leave_more_room_above_than_below() -> None:
    rewards = np.where(np.arange(N) % 50 == 0, 500.0, 0.0)
    found = interval(rewards, FLAT, np.arange(N))
    middle = 10 + float((0.5 / 0.98 * (1 - 0)) * (rewards.mean() - 10))
    assert found.high - middle > 1.2 * (middle - found.low)


def test_a_giant_reward_never_lifts_the_lower_end_by_its_skewness() -> None:
    rewards = np.where(np.arange(N) == 7, 100_000.0, EVEN)
    found = interval(rewards, FLAT, np.arange(N))
    seen = Evidence(LOGGED, FIRST, rewards, CANDIDATE, np.arange(N))
    assert found.low <= student(doubly_robust(seen, FLAT).terms, np.arange(N)).low

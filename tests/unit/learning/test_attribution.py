from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.attribution import Rule, parts_of, people_shares
from tests.unit.learning.signs_made import day

WHEN = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 100)), max_size=15)


def columns(told: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    contact = np.array([c for c, _ in told], dtype=np.int64)
    return contact, day([d for _, d in told]) if told else day([0])[:0]


@given(WHEN, WHEN, st.integers(1, 60), st.sampled_from(list(Rule)))
def test_parts_of_an_outcome_sum_to_one_and_lie_in_its_window(
    outcomes: list[tuple[int, float]], touches: list[tuple[int, float]], window: int, rule: Rule
) -> None:
    contact, at = columns(outcomes)
    touch_contact, touch_at = columns(touches)
    parts = parts_of(contact, at, touch_contact, touch_at, window, rule)
    total = np.bincount(parts.outcome, parts.share, minlength=len(contact))
    age = (at[:, None] - touch_at[None, :]).astype(float)
    in_window = (contact[:, None] == touch_contact[None, :]) & (age > 0) & (age <= window * 86_400)
    assert total == pytest.approx(in_window.any(axis=1).astype(float))
    assert in_window[parts.outcome, parts.touch].all()
    if rule is not Rule.LAST:
        assert len(parts.share) == in_window.sum()


def test_a_quarter_of_the_window_further_back_halves_the_part() -> None:
    parts = parts_of(np.array([0]), day(20), np.array([0, 0]), day([18, 10]), window_days=32)
    assert parts.share[np.argsort(parts.touch)] == pytest.approx([2 / 3, 1 / 3])


def test_the_last_touch_takes_all_where_that_is_the_rule() -> None:
    parts = parts_of(np.array([0]), day(20), np.array([0, 0]), day([18, 10]), 30, Rule.LAST)
    assert (parts.touch.tolist(), parts.share.tolist()) == ([0], [1.0])


def test_all_touches_share_alike_where_that_is_the_rule() -> None:
    parts = parts_of(np.array([0]), day(20), np.array([0, 0, 1]), day([18, 10, 19]), 30, Rule.LINEAR)
    assert sorted(zip(parts.touch.tolist(), parts.share.tolist(), strict=True)) == [(0, 0.5), (1, 0.5)]


def test_by_position_first_and_last_have_forty_in_a_hundred_each() -> None:
    touches, outcome = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 1, 2])
    at = day([5, 12, 18, 19, 3, 4, 1])
    parts = parts_of(outcome, day([20, 20, 20]), touches, at, 30, Rule.POSITION)
    told = dict(zip(parts.touch.tolist(), parts.share.tolist(), strict=True))
    assert [round(told[touch], 12) for touch in range(7)] == [0.4, 0.1, 0.1, 0.4, 0.5, 0.5, 1.0]


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0.1, 5)), max_size=20))
def test_people_s_shares_of_a_deal_sum_to_one(told: list[tuple[int, float]]) -> None:
    deal = np.array([d for d, _ in told], dtype=np.int64)
    share = people_shares(deal, np.array([w for _, w in told]))
    for one in set(deal.tolist()):
        assert share[deal == one].sum() == pytest.approx(1)

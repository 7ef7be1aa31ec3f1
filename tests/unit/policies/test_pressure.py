from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.pressure import PressureLimit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE_A_DAY = PressureLimit(most=1, window=timedelta(days=1))


def test_pressure_refuses_a_second_message_inside_the_window() -> None:
    assert not ONE_A_DAY.allows([NOON - timedelta(hours=23)], now=NOON)


def test_pressure_allows_again_when_the_window_has_passed() -> None:
    assert ONE_A_DAY.allows([NOON - timedelta(days=1)], now=NOON)


def test_a_message_later_than_now_counts_because_a_clock_was_set_back() -> None:
    assert not ONE_A_DAY.allows([NOON + timedelta(hours=3)], now=NOON)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ONE_A_DAY.allows([], now=NOON.replace(tzinfo=None))


@given(
    tries=st.lists(st.integers(0, 20 * 24 * 60), max_size=40),
    most=st.integers(1, 4),
    hours=st.integers(1, 200),
)
def test_no_window_ever_holds_more_than_the_limit(tries: list[int], most: int, hours: int) -> None:
    limit = PressureLimit(most=most, window=timedelta(hours=hours))
    sent: list[datetime] = []
    for minutes in sorted(tries):
        at = NOON + timedelta(minutes=minutes)
        if limit.allows(sent, at):
            sent.append(at)
    for start in sent:
        assert sum(start <= at < start + limit.window for at in sent) <= most

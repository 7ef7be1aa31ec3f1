"""When a campaign comes round: cron fields on a zone's clock, whatever that clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.timetable import Timetable

NEW_YORK = "America/New_York"
ZONES = (
    "UTC",
    NEW_YORK,
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 9 * * 1", utc(2026, 11, 24), utc(2026, 11, 30, 9)),
        ("*/20 * * * *", utc(2026, 11, 24, 10, 20), utc(2026, 11, 24, 10, 40)),
        ("15 8-10 * * mon-fri", utc(2026, 11, 28), utc(2026, 11, 30, 8, 15)),
        ("0 0 1 jan,jul *", utc(2026, 1, 1), utc(2026, 7, 1)),
        ("0 9 29 2 *", utc(2025, 3, 1), utc(2028, 2, 29, 9)),
        ("0 0 13 * 5", utc(2026, 11, 1), utc(2026, 11, 6)),  # either: the 13th, or any Friday
        ("0 0 * * 7", utc(2026, 11, 24), utc(2026, 11, 29)),
        ("@daily", utc(2026, 11, 24, 1), utc(2026, 11, 25)),
    ],
)
def test_the_next_time_is_what_cron_means(cron: str, after: datetime, expected: datetime) -> None:
    assert Timetable.read(cron, "UTC").next_after(after) == expected


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 9 * *", "4 fields"),
        ("61 * * * *", "no minute from 0 to 59"),
        ("0 0 30 2 *", "never comes"),
        ("x * * * *", "no minute"),
        ("*/0 * * * *", "no minute"),
        ("5- * * * *", "no minute"),
        ("9-5 * * * *", "no minute"),
    ],
)
def test_what_is_no_cron_expression_is_told(cron: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Timetable.read(cron, "UTC")


def test_an_unknown_zone_is_told() -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        Timetable.read("@daily", "Mars/Base")


def test_a_time_the_clock_leaves_out_happens_once_after_the_change() -> None:
    times = Timetable.read("30 2 * * *", NEW_YORK).between(utc(2026, 3, 7), utc(2026, 3, 10))
    assert times == [utc(2026, 3, 7, 7, 30), utc(2026, 3, 8, 7, 30), utc(2026, 3, 9, 6, 30)]


def test_a_time_the_clock_repeats_happens_once() -> None:
    times = Timetable.read("30 1 * * *", NEW_YORK).between(utc(2026, 10, 31), utc(2026, 11, 3))
    assert times == [utc(2026, 10, 31, 5, 30), utc(2026, 11, 1, 5, 30), utc(2026, 11, 2, 6, 30)]


@pytest.mark.parametrize("day", [utc(2026, 3, 8), utc(2026, 11, 1)])
def test_a_distance_stays_a_distance_through_both_changes(day: datetime) -> None:
    times = Timetable.read("*/15 * * * *", NEW_YORK).between(day, day + timedelta(days=1))
    assert {b - a for a, b in pairwise(times)} == {timedelta(minutes=15)}


@pytest.mark.parametrize("zone", ZONES)
def test_a_daily_time_comes_once_a_day_all_year_in_every_zone(zone: str) -> None:
    daily = Timetable.read("30 2 * * *", zone)
    times = daily.between(utc(2026, 1, 1), utc(2027, 1, 1))
    days = [at.astimezone(daily.zone).date() for at in times]
    assert len(days) == len(set(days)) == 365
    assert all(timedelta(hours=22) < b - a < timedelta(hours=26) for a, b in pairwise(times))


@given(
    st.sampled_from(ZONES),
    st.integers(0, 59),
    st.integers(0, 23),
    st.integers(0, 4 * 366 * 24 * 60).map(lambda minutes: utc(2025, 1, 1) + timedelta(minutes=minutes)),
)
def test_stepping_and_looking_back_agree(zone: str, minute: int, hour: int, start: datetime) -> None:
    table = Timetable.read(f"{minute} {hour} * * *", zone)
    first = table.next_after(start)
    second = table.next_after(first)
    assert start < first < second
    assert table.between(start, second) == [first, second]

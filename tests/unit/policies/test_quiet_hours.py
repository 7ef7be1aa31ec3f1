from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import SendSlot
from domain.people import Contact
from policies.quiet_hours import is_open, next_open, opens_at, zones_of
from tests.unit.policies.cases import RULES

ZONES = (
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Europe/Berlin",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)


def living(zone: str | None = None, country: str | None = None) -> Contact:
    return Contact(id="c_1", time_zone=zone, country=country)


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        ("Europe/Berlin", "2026-11-24T10:00+00:00", "2026-11-24T10:00+00:00"),
        ("Europe/Berlin", "2026-11-24T03:00+00:00", "2026-11-24T07:00+00:00"),
        ("Europe/Berlin", "2026-11-24T19:00+00:00", "2026-11-25T07:00+00:00"),
        ("Europe/Berlin", "2026-11-27T19:30+00:00", "2026-11-30T07:00+00:00"),  # Friday night
        ("Europe/Berlin", "2026-03-27T20:00+00:00", "2026-03-30T06:00+00:00"),  # clocks change on Sunday
        ("Europe/Berlin", "2026-10-23T20:00+00:00", "2026-10-26T07:00+00:00"),
        ("America/New_York", "2028-02-28T23:30+00:00", "2028-02-28T23:30+00:00"),
        ("America/New_York", "2028-02-29T02:00+00:00", "2028-02-29T13:00+00:00"),  # leap day
    ],
)
def test_the_window_opens_in_the_recipients_own_zone(zone: str, now: str, opens: str) -> None:
    found = next_open(living(zone), datetime.fromisoformat(now), RULES)
    assert found == datetime.fromisoformat(opens)


def test_without_a_zone_every_zone_of_the_country_must_be_open() -> None:
    nine_in_new_york = datetime(2026, 11, 24, 14, tzinfo=UTC)
    opens = next_open(living(country="US"), nine_in_new_york, RULES)
    assert opens == datetime(2026, 11, 24, 18, tzinfo=UTC)  # eight in Honolulu


def test_without_a_country_the_rule_books_zones_must_all_be_open() -> None:
    opens = next_open(living(), datetime(2026, 11, 24, 10, tzinfo=UTC), RULES)
    assert opens == datetime(2026, 11, 24, 16, tzinfo=UTC)  # eight in Los Angeles, five in Berlin


def test_a_zone_nobody_knows_counts_as_none() -> None:
    assert zones_of(living("Mars/Olympus", "DE"), RULES.quiet_hours)[0].key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("slot", "opens"),
    [
        (None, "2026-11-24T12:30+00:00"),
        (SendSlot.NOW, "2026-11-24T12:30+00:00"),
        (SendSlot.MORNING, "2026-11-25T08:00+00:00"),
        (SendSlot.MIDDAY, "2026-11-25T11:00+00:00"),
        (SendSlot.AFTERNOON, "2026-11-24T14:00+00:00"),
    ],
)
def test_a_slot_is_its_next_hour_on_a_working_day(slot: SendSlot | None, opens: str) -> None:
    now = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    assert opens_at(slot, living("Europe/Berlin"), now, RULES) == datetime.fromisoformat(opens)


def test_a_friday_evenings_morning_is_monday() -> None:
    friday = datetime(2026, 11, 27, 20, tzinfo=UTC)
    assert opens_at(SendSlot.MORNING, living("Europe/Berlin"), friday, RULES).weekday() == 0


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        next_open(living("Europe/Berlin"), datetime(2026, 11, 24), RULES)  # noqa: DTZ001


minutes = st.integers(0, 2 * 366 * 24 * 60)
slots = st.sampled_from([None, *SendSlot])


@given(minute=minutes, zone=st.sampled_from(ZONES), slot=slots)
def test_no_slot_ever_opens_outside_the_window(minute: int, zone: str, slot: SendSlot | None) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    opens = opens_at(slot, living(zone), now, RULES)
    local = opens.astimezone(ZoneInfo(zone))
    assert opens >= now
    assert opens - now <= timedelta(days=5)
    assert local.weekday() < 5
    assert 8 <= local.hour < 20
    assert is_open(living(zone), opens, RULES)


@given(minute=minutes, country=st.sampled_from(["US", "BR", "CA", "AU", "RU", "DE", "KI", "XX", None]))
def test_the_window_always_opens_within_days_wherever_someone_may_live(
    minute: int, country: str | None
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    contact = living(country=country)
    opens = next_open(contact, now, RULES)
    assert now <= opens <= now + timedelta(days=5)
    for zone in zones_of(contact, RULES.quiet_hours):
        assert 8 <= opens.astimezone(zone).hour < 20

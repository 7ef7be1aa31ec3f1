"""How fast messages may leave: warm-up, rates, days of the team's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policies.pacing import channel_rate, daily_bound, day_of, is_overdue, recipient_rate, warm_up
from tests.unit.policies.cases import NOW, RULES

BERLIN = ZoneInfo("Europe/Berlin")
DELIVERY = RULES.delivery


@pytest.mark.parametrize(("days_sent", "most"), [(0, 100), (1, 150), (2, 225), (10, 5767)])
def test_a_new_domain_starts_small_and_grows_each_day_it_sends(days_sent: int, most: int) -> None:
    pace = warm_up("acme.example", days_sent, NOW, BERLIN, DELIVERY)
    assert pace is not None
    assert pace.most == most
    assert f"on its day {days_sent + 1}" in pace.why


def test_a_warm_domain_is_not_bounded() -> None:
    assert warm_up("acme.example", DELIVERY.warm_up_days, NOW, BERLIN, DELIVERY) is None


def test_a_day_is_one_of_the_teams_zone_even_when_the_clock_changes() -> None:
    starts, ends = day_of(datetime(2026, 10, 25, 12, tzinfo=UTC), BERLIN)
    assert (starts, ends) == (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))


def test_what_is_counted_is_named_apart() -> None:
    paces = [
        daily_bound("spring", 5, NOW, BERLIN),
        daily_bound(None, 5, NOW, BERLIN),
        channel_rate("smtp", 5, NOW),
        recipient_rate("gmail.com", NOW, DELIVERY),
    ]
    assert [pace.name for pace in paces] == ["campaign:spring", "team", "channel:smtp", "to:gmail.com"]
    assert all(pace.starts_at <= NOW < pace.resets_at for pace in paces)


def test_half_a_day_late_is_overdue() -> None:
    late = timedelta(hours=DELIVERY.overdue_hours)
    assert not is_overdue(NOW - late, NOW, DELIVERY)
    assert is_overdue(NOW - late - timedelta(seconds=1), NOW, DELIVERY)

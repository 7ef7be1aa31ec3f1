"""House hours: when a message may arrive, on the recipient's own clock.

A known zone counts; without one, every zone of the contact's country; without a country, the zones the
rule book names. The window must be open in all of them. Every step converts through UTC, so a change
of clocks neither opens the window early nor keeps it open late.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from domain.campaign import SendSlot
from domain.people import Contact
from policies.rulebook import QuietHourRules, RuleBook

_MOST_STEPS = 200


def next_open(contact: Contact, not_before: datetime, rules: RuleBook) -> datetime:
    """Return the earliest UTC time from `not_before` on at which the window is open for this contact.

    A country so wide that its zones never share an hour takes its first zone.

    Raises:
        ValueError: if `not_before` has no time zone.

    """
    _need_zone(not_before)
    zones = zones_of(contact, rules.quiet_hours)
    start = not_before.astimezone(UTC)
    for candidates in (zones, zones[:1]):
        found = _first_common(start, candidates, rules.quiet_hours)
        if found is not None:
            return found
    raise ValueError(f"no opening found for {contact.id}: quiet_hours in the rule book never opens")


def is_open(contact: Contact, now: datetime, rules: RuleBook) -> bool:
    """Tell whether a message may arrive right now."""
    return next_open(contact, now, rules) == now.astimezone(UTC)


def opens_at(slot: SendSlot | None, contact: Contact, now: datetime, rules: RuleBook) -> datetime:
    """Return when a message of this slot may go out, in UTC.

    `NOW` (and no slot) is now or the next opening. The others are the slot's hour on the next working
    day on which it is still to come, today included, in the contact's zone or its country's first; then
    the window must be open in every candidate zone.
    """
    _need_zone(now)
    hours = rules.quiet_hours
    hour = {
        SendSlot.MORNING: hours.morning_hour,
        SendSlot.MIDDAY: hours.midday_hour,
        SendSlot.AFTERNOON: hours.afternoon_hour,
    }.get(slot or SendSlot.NOW)
    if hour is None:
        return next_open(contact, now, rules)
    zone = zones_of(contact, hours)[0]
    start = now.astimezone(UTC)
    day = start.astimezone(zone).date()
    while True:
        at = _at_hour(day, hour, zone)
        if day.weekday() in hours.workdays and at >= start:
            return next_open(contact, at, rules)
        day += timedelta(days=1)


def zones_of(contact: Contact, rules: QuietHourRules) -> tuple[ZoneInfo, ...]:
    """Return the zones this contact may live in, in the order of the zone table."""
    own = _zone(contact.time_zone)
    if own is not None:
        return (own,)
    return _opened(_zones_by_country().get(contact.country or "", rules.unknown_zones))


def _first_common(start: datetime, zones: tuple[ZoneInfo, ...], rules: QuietHourRules) -> datetime | None:
    at = start
    for _ in range(_MOST_STEPS):
        latest = max(_opening(at, zone, rules) for zone in zones)
        if latest == at:
            return at
        at = latest
    return None


def _opening(at: datetime, zone: ZoneInfo, rules: QuietHourRules) -> datetime:
    """The earliest time from `at` on at which the window is open in this one zone."""
    local = at.astimezone(zone)
    day = local.date()
    if day.weekday() in rules.workdays and local.hour < rules.closes_hour:
        if local.hour >= rules.opens_hour:
            return at
        return max(at, _at_hour(day, rules.opens_hour, zone))
    day += timedelta(days=1)
    while day.weekday() not in rules.workdays:
        day += timedelta(days=1)
    return _at_hour(day, rules.opens_hour, zone)


def _at_hour(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


@cache
def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # an import brought a zone that does not exist
        return None


@cache
def _opened(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in names)


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, list[str]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            zones.setdefault(country, []).append(name)
    return {country: tuple(names) for country, names in zones.items()}


def _need_zone(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; pass an aware UTC time")

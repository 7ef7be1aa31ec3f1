"""Hours: when a message may arrive, on the recipient's own clock.

The house's hours, narrowed by the law of the recipient's state; never on a day the team has blacked out.

A known zone counts; without one, every zone of the contact's country; without a country, the zones the
rule book names. The window must be open in all of them. Every step converts through UTC, so a change
of clocks neither opens the window early nor keeps it open late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from domain.campaign import SendSlot
from domain.message import Finding
from domain.people import Contact
from policies.case import block
from policies.jurisdiction import zones_by_country
from policies.rulebook import QuietHourRules, RuleBook, StateRule
from policies.team import TeamRules

_MOST_STEPS = 200
_MOST_SHUT_DAYS = 3_660
_SUNDAY = 6


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
        found = _first_common(start, [_clock(contact, zone, rules) for zone in candidates])
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
    return _opened(zones_by_country().get(contact.country or "", rules.unknown_zones))


@dataclass(frozen=True)
class _Clock:
    """The hours of one contact in one zone it may live in."""

    contact: Contact
    zone: ZoneInfo
    house: QuietHourRules
    states: tuple[StateRule, ...]
    team: TeamRules

    def hours(self, day: date) -> tuple[int, int] | None:
        """When the window opens and closes on a local day, or None where it stays shut."""
        if day.weekday() not in self.house.workdays or self.team.blackout(self.contact, day):
            return None
        is_sunday = day.weekday() == _SUNDAY
        opens = max((s.sunday_opens_hour if is_sunday else s.opens_hour for s in self.states), default=0)
        closes = min((s.closes_hour for s in self.states), default=24)
        window = max(self.house.opens_hour, opens), min(self.house.closes_hour, closes)
        return window if window[0] < window[1] else None

    def opening(self, at: datetime) -> datetime:
        """The earliest time from `at` on at which the window is open."""
        local = at.astimezone(self.zone)
        day = local.date()
        today = self.hours(day)
        if today and local.hour < today[1]:
            return at if local.hour >= today[0] else max(at, _at_hour(day, today[0], self.zone))
        for _ in range(_MOST_SHUT_DAYS):
            day += timedelta(days=1)
            if hours := self.hours(day):
                return _at_hour(day, hours[0], self.zone)
        raise ValueError(f"the window of {self.contact.id} stays shut for {_MOST_SHUT_DAYS} days")


def shut(contact: Contact, now: datetime, rules: RuleBook) -> Finding | None:
    """Return what keeps the window shut at `now`: a team's blackout, by its id, else the hours. None while open."""
    if is_open(contact, now, rules):
        return None
    opens = f"{next_open(contact, now, rules):%Y-%m-%d %H:%M} UTC"
    days = (now.astimezone(zone).date() for zone in zones_of(contact, rules.quiet_hours))
    blackout = next((found for day in days if (found := rules.team.blackout(contact, day))), None)
    if blackout is None:
        return block("C-18", f"it is outside house hours for this contact; they open {opens}")
    why = f" ({blackout.why})" if blackout.why else ""
    dates = f"from {blackout.first_day} to {blackout.last_day}"
    return block(
        blackout.id or "T-00",
        f"nothing goes out to this contact {dates}{why}; hours open {opens}",
        mend="Wait.",
    )


def _clock(contact: Contact, zone: ZoneInfo, rules: RuleBook) -> _Clock:
    return _Clock(contact, zone, rules.quiet_hours, states_of(contact, zone, rules), rules.team)


def states_of(contact: Contact, zone: ZoneInfo, rules: RuleBook) -> tuple[StateRule, ...]:
    """Return the federal hours and those of every state the contact may live in; none outside the country."""
    if contact.country != "US" and zone.key not in zones_by_country().get("US", ()):
        return ()
    federal = rules.states["US"]
    region = (contact.region or "").strip().casefold().removeprefix("us-")
    others = [state for code, state in rules.states.items() if code != "US"]
    if region:
        return (federal, *(state for state in others if region in state.names))
    return (federal, *(state for state in others if zone.key in state.zones))


def _first_common(start: datetime, clocks: Sequence[_Clock]) -> datetime | None:
    at = start
    for _ in range(_MOST_STEPS):
        latest = max(clock.opening(at) for clock in clocks)
        if latest == at:
            return at
        at = latest
    return None


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


def _need_zone(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; pass an aware UTC time")

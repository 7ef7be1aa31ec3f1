"""How pages say times, amounts and shares: Jinja2 filters, pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pass_context
def when(context: Context, moment: datetime) -> str:
    """A time in the reader's zone, as short as it stays clear: `14:05`, `12 Mar, 14:05`, `12 Mar 2025`."""
    zone = ZoneInfo(context["zone"])
    here, now = moment.astimezone(zone), context["now"].astimezone(zone)
    if here.date() == now.date():
        return f"{here:%H:%M}"
    if here.year == now.year or abs(here - now) < 180 * DAY:
        return f"{here.day} {here:%b, %H:%M}"
    return f"{here.day} {here:%b %Y}"


@pass_context
def full(context: Context, moment: datetime) -> str:
    """A time in the reader's zone with everything: `Thu 12 Mar 2026, 14:05 CET`."""
    return full_in(moment, context["zone"])


def full_in(moment: datetime, zone: str) -> str:
    """A time in a zone with everything: `Thu 12 Mar 2026, 14:05 CET`."""
    here = moment.astimezone(ZoneInfo(zone))
    return f"{here:%a} {here.day} {here:%b %Y, %H:%M %Z}"


@pass_context
def day(context: Context, moment: datetime) -> str:
    """A day in the reader's zone: `12 Mar 2026`."""
    here = moment.astimezone(ZoneInfo(context["zone"]))
    return f"{here.day} {here:%b %Y}"


@pass_context
def ago(context: Context, moment: datetime) -> str:
    """How long since, or until: `3 h ago`, `in 2 days`, `just now`."""
    gone = context["now"] - moment
    if abs(gone) < MINUTE:
        return "just now"
    told = span(abs(gone))
    return f"{told} ago" if gone > timedelta(0) else f"in {told}"


def span(length: timedelta) -> str:
    """A length of time in its largest unit: `45 min`, `3 h`, `12 days`."""
    for unit, word in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min")):
        many = int(length / unit)
        if many >= 1:
            return f"{many:,} {word}{'s' if word == 'day' and many > 1 else ''}"
    return f"{int(length.total_seconds())} s"


def in_zone(moment: datetime, zone: str) -> str:
    """A time of a schedule in the zone it is meant in: `Mon 30 Nov, 09:00 GMT`."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b, %H:%M %Z}"


def iso(moment: datetime) -> str:
    """For `<time datetime=…>`: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as a person reads it: `12.3%`, `–` where none is known; no part is called all, `>99%`, and
    where tenths are told none is called nothing, `<0.1%`.
    """
    if share is None:
        return "–"
    if digits and 0 < share < 0.5 * 10.0 ** -(digits + 2):
        return f"<{10.0 ** -(digits + 2):.{digits}%}"
    most = 1 - 10.0 ** -(digits + 2)
    return f">{most:.{digits}%}" if share < 1 and round(share, digits + 2) == 1 else f"{share:.{digits}%}"


def count(number: int, noun: str, many: str = "") -> str:
    """How many of something: `1 file`, `2,000 files`."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def money(cents: float | None, currency: str) -> str:
    """An amount as a person reads it: `4,200 USD`, `12.50 EUR`, or `–` where none is known."""
    if cents is None:
        return "–"
    whole, rest = divmod(abs(round(cents)), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{whole:,}{f'.{rest:02}' if rest else ''} {currency}"


def browser(agent: str) -> str:
    """What a browser calls itself, in two words: `Firefox on Linux`; its own words are never shown whole."""
    name = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if system else name


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_WAYS = {
    "password": "by password",
    "link": "by one-time link",
    "first_run": "by the first link",
    "invitation": "by invitation",
    "oidc": "by single sign-on",
}


def way_in(way: str) -> str:
    """How somebody signed in, in words."""
    return _WAYS.get(way, "")


def coded(told: str) -> Markup:
    """Words with commands between backticks, as errors are written: each becomes `<code>`; all else is escaped."""
    parts = told.split("`")
    if len(parts) % 2 == 0:
        return escape(told)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when,
    "full": full,
    "day": day,
    "ago": ago,
    "span": span,
    "in_zone": in_zone,
    "capitalize_first": lambda words: words[:1].upper() + words[1:],
    "lower_first": lambda words: words[:1].lower() + words[1:],
    "iso": iso,
    "money": money,
    "percent": percent,
    "counted": count,
    "browser": browser,
    "coded": coded,
    "way_in": way_in,
}

"""How fast messages may leave: warm-up of a sender's domain, rates a recipient's domain, bounds of a day.

Pure: these name what is counted and where the bound is; the outbox counts in the transaction that reserves.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from domain.schedule import Pace
from policies.rulebook import DeliveryRules


def day_of(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the day of `now` began and when the next begins in `zone`, in UTC; 23 to 25 hours apart."""
    day = now.astimezone(zone).date()
    first, last = (datetime.combine(d, time(), tzinfo=zone) for d in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), last.astimezone(UTC)


def warm_up(domain: str, days_sent: int, now: datetime, zone: ZoneInfo, rules: DeliveryRules) -> Pace | None:
    """Return what a sender's domain may send today, or None once it is warm.

    Args:
        domain: the part of the From address after the @.
        days_sent: on how many earlier days it has sent anything.
        now: aware UTC time.
        zone: the team's, where days begin.
        rules: the rule book's `delivery` section.

    """
    if days_sent >= rules.warm_up_days:
        return None
    most = ceil(rules.warm_up_messages * rules.warm_up_growth**days_sent)
    why = f"H-20: {domain} warms up, {most} messages on its day {days_sent + 1}"
    return _daily(warm_up_name(domain), most, now, zone, why)


def warm_up_name(domain: str) -> str:
    """Name under which a sender's domain is counted."""
    return f"sender:{domain}"


def recipient_rate(domain: str, now: datetime, rules: DeliveryRules) -> Pace:
    """Return how many messages one recipient's domain may get this hour."""
    starts = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    most = rules.recipient_domain_hourly
    why = f"H-20: {domain} had its {most} messages of this hour"
    return Pace(
        name=f"to:{domain}", starts_at=starts, most=most, resets_at=starts + timedelta(hours=1), why=why
    )


def channel_rate(channel: str, most: int, now: datetime) -> Pace:
    """Return how many messages a channel may be handed this minute."""
    starts = now.astimezone(UTC).replace(second=0, microsecond=0)
    why = f"{channel} had its {most} messages of this minute"
    return Pace(
        name=f"channel:{channel}",
        starts_at=starts,
        most=most,
        resets_at=starts + timedelta(minutes=1),
        why=why,
    )


def daily_bound(campaign_id: str | None, most: int, now: datetime, zone: ZoneInfo) -> Pace:
    """Return how many messages a campaign, or without one the whole team, may send today."""
    name, whose = (f"campaign:{campaign_id}", "the campaign") if campaign_id else ("team", "the team")
    return _daily(name, most, now, zone, f"{whose} had its {most} messages of the day")


def is_overdue(due_at: datetime, now: datetime, rules: DeliveryRules) -> bool:
    """Tell whether what was due then is so late now that a person looks first (H-21)."""
    return now - due_at > timedelta(hours=rules.overdue_hours)


def _daily(name: str, most: int, now: datetime, zone: ZoneInfo, why: str) -> Pace:
    starts, ends = day_of(now, zone)
    return Pace(name=name, starts_at=starts, most=most, resets_at=ends, why=why)

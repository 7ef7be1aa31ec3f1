"""What the inbox reads from addresses and forms, and what it says: filters, times to put off until, lost races."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Literal
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.reviewing import without_commands
from domain.errors import AttuneError, ReviewRejected
from domain.message import StakesLevel
from domain.review import ProposalStatus
from domain.review_queue import QueueFilter, QueueOrder

LEVEL_BADGES = {
    StakesLevel.HIGH: ("High stakes", "bad"),
    StakesLevel.ORDINARY: ("Ordinary", "info"),
    StakesLevel.LOW: ("Low", "quiet"),
}
STATUS_BADGES = {
    ProposalStatus.WAITING: ("waiting", "info"),
    ProposalStatus.APPROVED: ("approved", "good"),
    ProposalStatus.REJECTED: ("rejected", "bad"),
    ProposalStatus.EXPIRED: ("expired", "quiet"),
}
SNOOZES = {
    "hours": "In 3 hours",
    "tomorrow": "Tomorrow at 9:00",
    "days": "In 3 days, at 9:00",
    "monday": "Monday at 9:00",
    "back": "Back into the queue now",
}
REASONS = (
    "Wrong moment",
    "Wrong content for this person",
    "Wrong person to write to",
    "Wrong tone",
    "A fact is not right",
    "We talk to them already",
)
"""What a rejection most often is for; each is a beginning, the reviewer's own words follow."""

HINTS = ("Shorter", "Another subject", "Less salesy", "Mention pricing", "More about their role")

NINE = time(9)

Kind = Literal["good", "bad"]
"""How the next page says what came of an act."""


def filter_of(params: Mapping[str, str]) -> QueueFilter:
    """Read a filter from an address; what cannot be is passed over, as if it were not there."""
    told: dict[str, object] = {}
    for name, value in params.items():
        kept = {
            "campaign": ("campaign_id", value or None),
            "asset": ("asset_id", value or None),
            "stakes": ("level", value or None),
            "who": ("assignee", "" if value == "nobody" else value or None),
            "off": ("is_snoozed", value == "yes"),
            "q": ("words", value[:200]),
            "sort": ("order", value or QueueOrder.STAKES),
            "status": ("status", value or ProposalStatus.WAITING),
        }.get(name)
        if kept is None or kept[1] is None:
            continue
        try:
            QueueFilter.model_validate(dict([kept]))
        except ValidationError:
            continue
        told[kept[0]] = kept[1]
    return QueueFilter.model_validate(told)


def query_of(wanted: QueueFilter) -> str:
    """Write a filter as the query of an address; what stands by default is left out."""
    who = {None: "", "": "nobody"}.get(wanted.assignee, wanted.assignee)
    told = {
        "q": wanted.words,
        "stakes": wanted.level.value if wanted.level else "",
        "campaign": wanted.campaign_id or "",
        "asset": wanted.asset_id or "",
        "who": who or "",
        "off": "yes" if wanted.is_snoozed else "",
        "status": "" if wanted.status is ProposalStatus.WAITING else wanted.status.value,
        "sort": "" if wanted.order is QueueOrder.STAKES else wanted.order.value,
    }
    return urlencode({name: value for name, value in told.items() if value})


def filter_from(query: str) -> QueueFilter:
    """Read a filter from a query, as forms carry it."""
    return filter_of(dict(parse_qsl(query[:1_000])))


def snoozed_until(chosen: str, now: datetime, zone: str) -> datetime | None:
    """When something chosen from `SNOOZES` comes back; None puts it back now.

    Raises:
        ReviewRejected: nobody offered that.
    """
    here = now.astimezone(ZoneInfo(zone))
    days = {"tomorrow": 1, "days": 3, "monday": 7 - here.weekday()}
    if chosen == "back":
        return None
    if chosen == "hours":
        return now + timedelta(hours=3)
    if chosen not in days:
        raise ReviewRejected("Choose until when to put it off. Nothing was changed.")
    return datetime.combine(here.date() + timedelta(days=days[chosen]), NINE, here.tzinfo)


def why_marked_not(problem: AttuneError) -> str:
    """Say why something was not put off or given to somebody."""
    return without_commands(str(problem))

"""What the inbox reads from addresses and forms, and what it says: filters, times to put off until, lost races."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from domain.errors import AttuneError, ReviewRejected
from domain.message import StakesLevel
from domain.review import Proposal, ProposalStatus, ReviewAct
from domain.review_queue import QueueFilter, QueueOrder

if TYPE_CHECKING:
    from app.wiring import House

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

_DONE = {
    ReviewAct.APPROVE: "approved",
    ReviewAct.REJECT: "rejected",
    ReviewAct.EDIT: "edited",
    ReviewAct.ANSWER: "asked for another draft of",
}

_ASKED = {
    ReviewAct.APPROVE: "approval",
    ReviewAct.REJECT: "rejection",
    ReviewAct.EDIT: "edit",
    ReviewAct.ANSWER: "wish for another draft",
}

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


def why_not(
    house: House, proposal_id: str, act: ReviewAct, problem: AttuneError, names: Mapping[str, str], zone: str
) -> str:
    """Say why an act was not carried out: who was faster and what they did, else what the rule said."""
    proposal = house.proposals.get(proposal_id)
    asked = _ASKED[act]
    last = next(iter(reversed(house.proposals.reviews_of(proposal_id))), None)
    if proposal.status is not ProposalStatus.WAITING:
        if last is None or proposal.status is ProposalStatus.EXPIRED:
            return f"It is {proposal.status.value} already. Your {asked} was not carried out."
        who = names.get(last.reviewer, last.reviewer)
        return f"{who} {_DONE[last.act]} it at {_clock(last.at, zone)}. Your {asked} was not carried out."
    if last is not None and "changed since you looked" in str(problem):
        who = names.get(last.reviewer, last.reviewer)
        return (
            f"{who} {_DONE[last.act]} it at {_clock(last.at, zone)}, so these are other words than you saw "
            f"(version {proposal.version} now). Your {asked} was not carried out; look again."
        )
    return _without_commands(str(problem))


def _clock(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def why_marked_not(problem: AttuneError) -> str:
    """Say why something was not put off or given to somebody."""
    return _without_commands(str(problem))


def _without_commands(words: str) -> str:
    """A page's reader has buttons: what says which command to use is left out."""
    sentences = words.replace("? ", "?\n").replace(". ", ".\n").split("\n")
    return " ".join(one for one in sentences if "`attune" not in one) or words


def said_of(proposal: Proposal, act: ReviewAct, outcome: str, detail: str, not_before: str) -> str:
    """Say what an act came to."""
    to = proposal.message.to_name or proposal.message.to_address
    if act is ReviewAct.REJECT:
        return f"Rejected; nothing goes to {to}. Your reason is remembered when they are written to again."
    if act is ReviewAct.EDIT:
        return "Your words were checked and kept. Now they need approval."
    if act is ReviewAct.ANSWER:
        return "Here is another draft."
    return {
        "sent": f"Approved and sent to {to}.",
        "scheduled": f"Approved; it goes to {to} from {not_before}.",
        "not_sent": f"Approved, but not sent to {to}: {detail}",
    }.get(outcome, f"Approved. {detail}")

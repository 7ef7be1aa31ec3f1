"""A reviewer's act for a signed-in person, carried out at the desk: the same for the inbox and the assistant.

It adds to `app/reviews.py` what is known of the person: their role, how they came in, and words for somebody who has
no commands before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.who import names_of
from domain.errors import AttuneError, ReviewRejected
from domain.message import StakesLevel
from domain.review import Proposal, ProposalStatus, Review, ReviewAct

if TYPE_CHECKING:
    from app.reviews import Reviewed
    from app.wiring import House

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


@dataclass(frozen=True)
class Person:
    """Who reviews. `may_high`: whether they may approve at high stakes; `made_by`: whose link let them in."""

    member_id: str
    zone: str
    may_high: bool
    is_program: bool = False
    made_by: str | None = None


def carry_out(house: House, person: Person, proposal_id: str, act: ReviewAct, **given: Any) -> Reviewed:
    """Carry out one act for this person.

    Args:
        house: the opened workspace.
        person: who acts.
        proposal_id: about what.
        act: what.
        given: the act's other fields, `message_sha256` among them.

    Raises:
        ReviewRejected: it was not carried out; says why, in words for a page.
        NotFound: there is no such proposal.
    """
    from app.reviews import review

    level = house.review_queue.line(proposal_id).level
    if act is ReviewAct.APPROVE and level is StakesLevel.HIGH and not person.may_high:
        who = "an API token" if person.is_program else "your role"
        raise ReviewRejected(f"The stakes are high, and {who} may not decide about those.")
    try:
        asked = Review(proposal_id=proposal_id, act=act, reviewer=person.member_id, at=house.clock(), **given)
    except ValidationError as problem:
        said = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise ReviewRejected(f"{said[:1].upper()}{said[1:]}. Nothing was changed.") from None
    drafts = act in {ReviewAct.EDIT, ReviewAct.ANSWER}
    try:
        return house.desk.do(
            lambda own, carrier: review(own, asked, carrier, link_of=person.made_by), drafts=drafts
        )
    except ReviewRejected as problem:
        names = names_of(house.staff.members())
        raise ReviewRejected(why_not(house, proposal_id, act, problem, names, person.zone)) from None


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
    return without_commands(str(problem))


def _clock(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def without_commands(words: str) -> str:
    """Leave out what says which command to use: whoever has buttons, or can ask, needs none."""
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

"""What a reviewer does with a proposal: approve, edit, reject, answer. Each act is bound to what was seen."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.dispatch import OUTCOME_OF_STATUS
from agents.workbench import outbox_id
from app.autonomy import narrow_after_bad_days
from app.configuration import note_changes
from app.deliver import mark
from app.four_eyes import needs_another, note_link, was_alone
from app.gaps import look_after_a_restore
from app.wiring import House
from domain.errors import ReviewRejected
from domain.message import OutboxEntry
from domain.review import MOST_CHARS, Proposal, ProposalStatus, Review, ReviewAct
from domain.run import ContactOutcome
from memory.history.story import lesson

if TYPE_CHECKING:
    from app.carry import Carrier


@dataclass(frozen=True)
class Reviewed:
    """How things stand after a review."""

    proposal: Proposal
    outcome: ContactOutcome
    entry: OutboxEntry


async def review(
    house: House, given: Review, carrier: Carrier | None = None, *, link_of: str | None = None
) -> Reviewed:
    """Carry out one review and take the paused contact on.

    Args:
        house: the opened workspace.
        given: the act, bound to the hash of what the reviewer saw.
        carrier: an open one of the running loop; without it one is opened for this act.
        link_of: the other member whose one-time link let the reviewer in.

    Raises:
        ReviewRejected: the proposal was decided, or its message changed, since the reviewer looked; an
            approval was given to a message with a blocking finding; or the review could not be carried out.
        NotFound: there is no such proposal.
    """
    with house.locks.reviewing(given.proposal_id):
        note_changes(house)
        look_after_a_restore(house)
        proposal = house.proposals.get(given.proposal_id)
        _refuse_what_does_not_fit(house, proposal, given, link_of)
        if link_of:
            note_link(house, proposal, given, link_of)
        is_single = given.act is ReviewAct.APPROVE and was_alone(house, proposal, given.reviewer)
        run = house.runs.get(proposal.run_id)
        # Minutes bound a run, and a person may look days after it.
        house.begin_budget(run, house.crm.campaign(run.campaign_id).caps.model_copy(update={"minutes": None}))
        with house.locks.sending():
            async with (
                house.open_carrier() if carrier is None else contextlib.nullcontext(carrier) as carries
            ):
                await carries.resume(proposal.run_id, proposal.contact_id, given)
        after = house.proposals.get(proposal.id)
        _tell_if_nothing_happened(proposal, after, given)
        if is_single:
            house.audit.append("review", proposal.id, {"act": "own words, nobody else", "by": given.reviewer})
    _learn(house, proposal, given)
    if given.act in {ReviewAct.APPROVE, ReviewAct.REJECT}:
        narrow_after_bad_days(house)
    entry = house.outbox.get(outbox_id(proposal.run_id, proposal.contact_id))
    mark(house, entry)
    return Reviewed(proposal=after, outcome=OUTCOME_OF_STATUS[entry.status], entry=entry)


def _refuse_what_does_not_fit(house: House, proposal: Proposal, given: Review, link_of: str | None) -> None:
    if proposal.status is not ProposalStatus.WAITING:
        raise ReviewRejected(
            f"Proposal {proposal.id} is {proposal.status.value} already. Nothing was changed. "
            f"See `attune review show {proposal.id}`."
        )
    if given.message_sha256 != proposal.message_sha256:
        raise ReviewRejected(
            f"Proposal {proposal.id} has changed since you looked at it. Nothing was changed. "
            f"Look again with `attune review show {proposal.id}`."
        )
    refuse_too_long(given.subject, given.body, given.reason)
    if given.act is ReviewAct.APPROVE and proposal.verdict.blocks:
        rules = ", ".join(
            sorted({f.rule_id for f in proposal.verdict.findings if f.severity.value == "block"})
        )
        raise ReviewRejected(
            f"Proposal {proposal.id} breaks {rules}, which no approval can waive. Nothing was sent. "
            f"Edit it (`attune review edit {proposal.id}`) or reject it."
        )
    if given.act is ReviewAct.APPROVE and (why := needs_another(house, proposal, given.reviewer, link_of)):
        raise ReviewRejected(f"{why} Nothing was sent.")


def refuse_too_long(*told: str | None) -> None:
    """Raise `ReviewRejected` where a reviewer's words are longer than any message."""
    if any(len(words or "") > MOST_CHARS for words in told):
        raise ReviewRejected(
            f"That is longer than {MOST_CHARS:,} characters. Nothing was changed. Shorten it."
        )


def _tell_if_nothing_happened(before: Proposal, after: Proposal, given: Review) -> None:
    """Say so when another reviewer was faster between the look and the act, or no other draft came of it."""
    if given.act in {ReviewAct.EDIT, ReviewAct.ANSWER}:
        if after.status is ProposalStatus.WAITING and after.version > before.version:
            return
        if after.status is ProposalStatus.WAITING and given.act is ReviewAct.ANSWER:
            raise ReviewRejected(
                f"That hint led to no other draft of proposal {before.id} than the one you saw, which still "
                "waits. Approve it, edit it or reject it."
            )
    elif after.status is (
        ProposalStatus.APPROVED if given.act is ReviewAct.APPROVE else ProposalStatus.REJECTED
    ):
        return
    raise ReviewRejected(
        f"Proposal {before.id} is {after.status.value} by someone else meanwhile. "
        f"Your {given.act.value} was not carried out."
    )


def _learn(house: House, proposal: Proposal, given: Review) -> None:
    """Keep what the reviewer taught as a lesson in the contact's history."""
    taught = lesson(given, proposal)
    if taught is not None:
        house.history.remember([taught])

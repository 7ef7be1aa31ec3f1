"""Delivers what is approved and due, and finds out what became of sends that were cut off."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from agents.dispatch import OUTCOME_OF_STATUS, deliver
from app.checkpoints import open_checkpoints
from app.configuration import note_changes
from app.wiring import House
from domain.errors import ReviewRejected
from domain.message import OutboxEntry, OutboxStatus
from domain.review import Proposal, ProposalStatus
from domain.run import RunContact
from policies.stakes import is_overdue

SLOWEST_SEND = timedelta(minutes=15)
"""Where processes on other machines may be sending too, a younger `sending` is left alone."""

MOST_EXPIRED_AT_ONCE = 10_000


async def deliver_due(house: House) -> list[OutboxEntry]:
    """Send every approved message whose time has come; return the entries as they stand after."""
    note_changes(house)
    await reconcile(house)
    await expire_proposals(house)
    done: dict[str, OutboxEntry] = {}
    with house.workspace.sending():
        while fresh := [
            e for e in house.outbox.due(house.clock(), limit=100 + len(done)) if e.id not in done
        ]:
            for entry in fresh:
                done[entry.id] = await deliver(entry.id, house.bench)
                mark(house, done[entry.id])
    return list(done.values())


async def reconcile(house: House) -> list[OutboxEntry]:
    """Settle entries of unknown fate by what providers told, and those that a dead process left in `sending`.

    The runs' ledgers are brought up with the outbox: a process may have died between the two.

    In an embedded workspace a lock tells for certain whether any sender lives; with PostgreSQL, where
    senders may sit on other machines, only entries older than the slowest send are touched.
    """
    with house.workspace.nobody_sends() as is_certain:
        is_alone = is_certain and house.database_url is None
        age = timedelta(0) if is_alone else SLOWEST_SEND
        settled = house.delivery.reconcile()
        for entry in house.outbox.recover(house.clock(), age):
            was_sent = house.delivery.was_taken(entry.id) or await house.channel.find(entry.message)
            words = {
                True: "the provider has it",
                False: "the provider does not have it",
                None: "cut off while sending; the channel cannot tell whether it went out",
            }[was_sent]
            after = house.outbox.settle_unknown(
                entry.id,
                was_sent,
                fencing_token=entry.fencing_token,
                detail=words,
                retry_at=house.clock() if was_sent is False else None,
            )
            house.audit.append("reconcile", entry.id, {"status": after.status.value, "detail": words})
            settled.append(after)
    for entry in house.outbox.untold():
        mark(house, entry)
    return settled


def settle(house: House, entry_id: str, *, was_sent: bool) -> OutboxEntry:
    """Let a person say what became of an unknown send. One that was not sent is given up, never resent.

    Raises:
        NotFound: there is no such entry.
        ReviewRejected: its fate is not unknown.
    """
    entry = house.outbox.get(entry_id)
    if entry.status is not OutboxStatus.UNKNOWN:
        raise ReviewRejected(
            f"Outbox entry {entry_id} is {entry.status.value}, not unknown. Nothing was changed. "
            "See `attune outbox list --status unknown`."
        )
    detail = "settled by a person"
    after = house.outbox.settle_unknown(entry_id, was_sent, fencing_token=entry.fencing_token, detail=detail)
    house.audit.append("reconcile", entry_id, {"status": after.status.value, "detail": detail})
    mark(house, after)
    return after


async def expire_proposals(house: House) -> int:
    """Close proposals nobody decided in time, withdraw their messages, and return how many."""
    detail = f"nobody decided within {house.rules.stakes.proposal_days} days"
    expired: list[Proposal] = []
    for proposal in house.proposals.waiting(limit=MOST_EXPIRED_AT_ONCE):
        if not is_overdue(proposal.created_at, house.clock(), house.rules):
            break
        # One that is being reviewed this very moment is not overdue any more.
        with contextlib.suppress(ReviewRejected), house.workspace.reviewing(proposal.id):
            if house.proposals.expire(proposal.id, detail, house.clock()).status is ProposalStatus.EXPIRED:
                house.audit.append("review", proposal.id, {"act": "expire", "detail": detail})
                mark(house, house.outbox.get(house.proposals.outbox_id(proposal.id)))
                expired.append(proposal)
    if expired:
        async with open_checkpoints(house.workspace.checkpoints, house.database_url) as saver:
            for proposal in expired:
                await saver.adelete_thread(proposal.thread_id)
    return len(expired)


def mark(house: House, entry: OutboxEntry) -> None:
    """Let the run's ledger say what the outbox says."""
    line = house.runs.line(entry.run_id, entry.contact_id)
    if line is None or line.outcome.is_open:
        return
    house.runs.mark(
        RunContact(
            run_id=entry.run_id,
            contact_id=entry.contact_id,
            outcome=OUTCOME_OF_STATUS[entry.status],
            reason=entry.detail,
            decision_id=entry.decision_id,
            updated_at=house.clock(),
        )
    )

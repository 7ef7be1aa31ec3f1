"""Delivers what is approved and due, and finds out what became of sends that were cut off."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from agents.dispatch import OUTCOME_OF_STATUS, deliver
from app.checkpoints import open_checkpoints
from app.configuration import note_changes
from app.wiring import House
from domain.errors import ReviewRejected
from domain.events import EventKind
from domain.message import OutboxEntry, OutboxStatus
from domain.review import Proposal, ProposalStatus
from domain.run import RunContact
from policies.stakes import is_overdue as is_undecided

SLOWEST_SEND = timedelta(minutes=15)
"""Where processes on other machines may be sending too, a younger `sending` is left alone."""

MOST_EXPIRED_AT_ONCE = 10_000
MOST_UNKNOWN_AT_ONCE = 200
DUE_AT_ONCE = 200
"""Messages read at once, so that memory stays flat however many are due."""

SENDS_AT_ONCE = 16

MEANS_IT_WENT_OUT = (
    EventKind.EMAIL_DELIVERED,
    EventKind.EMAIL_BOUNCED,
    EventKind.EMAIL_SOFT_BOUNCED,
    EventKind.EMAIL_DEFERRED,
    EventKind.EMAIL_OPENED,
    EventKind.EMAIL_CLICKED,
    EventKind.EMAIL_REPLIED,
    EventKind.EMAIL_COMPLAINED,
    EventKind.EMAIL_UNSUBSCRIBED,
)
"""Told by a provider of a Message-ID, each of these proves that it took the message."""


async def deliver_due(house: House, until: Callable[[], bool] = lambda: False) -> dict[OutboxStatus, int]:
    """Send every approved message whose time has come; return how many stand where after.

    What came back is judged first (C-24), whoever delivers: a campaign it trips sends nothing.

    Args:
        house: the opened workspace.
        until: asked between messages; True ends early, with nothing half done.

    """
    note_changes(house)
    await reconcile(house)
    await expire_proposals(house)
    from app.autonomy import narrow_after_bad_days  # which needs this module

    await asyncio.to_thread(narrow_after_bad_days, house)
    if house.outbox.due(house.clock(), 1):
        from app.steering import trip_all  # which needs this module

        await asyncio.to_thread(trip_all, house)
    done: Counter[OutboxStatus] = Counter()
    places = asyncio.Semaphore(SENDS_AT_ONCE)

    async def one(entry_id: str) -> None:
        async with places:
            if until():
                return
            after = await deliver(entry_id, house.bench)
            await house.bench.write(lambda: mark(house, after))
            done[after.status] += 1

    with house.locks.sending():
        last: tuple[datetime, str] | None = None
        while not until() and (due := house.outbox.due(house.clock(), DUE_AT_ONCE, after=last)):
            last = (due[-1].not_before, due[-1].id)
            await asyncio.gather(*(one(entry.id) for entry in due))
    return dict(done)


async def reconcile(house: House) -> list[OutboxEntry]:
    """Settle entries of unknown fate by what providers told, and those that a dead process left in `sending`, by
    asking the channel; look into `unknown` ones.

    The runs' ledgers are brought up with the outbox: a process may have died between the two.

    In an embedded workspace a lock tells for certain whether any sender lives; with PostgreSQL, where
    senders may sit on other machines, only entries older than the slowest send are touched.
    """
    with house.locks.nobody_sends() as is_certain:
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
            retry_at = house.clock() if was_sent is False else None
            settled.append(house.delivery.settle(entry.id, was_sent, entry.fencing_token, words, retry_at))
    settled.extend(await _look_into_unknown(house))
    for entry in house.outbox.untold():
        mark(house, entry)
    return settled


async def _look_into_unknown(house: House) -> list[OutboxEntry]:
    """Settle unknown messages that a provider has told of since. What still is unknown stays for a person.

    That a channel has nothing of it proves nothing this late: only a person may say it was not sent.
    """
    settled = []
    for entry in house.outbox.entries(status=OutboxStatus.UNKNOWN, limit=MOST_UNKNOWN_AT_ONCE):
        if told := house.journal.told_of(entry.contact_id, entry.message.message_id, MEANS_IT_WENT_OUT):
            words = f"a provider told of it: {told.kind.value}"
        elif await house.channel.find(entry.message):
            words = "the channel has it"
        else:
            continue
        settled.append(house.delivery.settle(entry.id, True, entry.fencing_token, words))
    return settled


def release(house: House, entry_id: str) -> OutboxEntry:
    """A person says that a held message goes out after all, when its recipient's hours allow.

    Raises:
        NotFound: there is no such entry.
        ReviewRejected: it is not held.
    """
    from app.gaps import RELEASED  # which needs this module

    return _answer(house, entry_id, "release", lambda: house.outbox.let_go(entry_id, RELEASED, house.clock()))


def withdraw(house: House, entry_id: str) -> OutboxEntry:
    """A person says that a held message does not go out.

    Raises:
        NotFound: there is no such entry.
        ReviewRejected: it is not held.
    """
    return _answer(
        house, entry_id, "withdraw", lambda: house.outbox.withdraw(entry_id, "withdrawn by a person")
    )


def _answer(house: House, entry_id: str, act: str, change: Callable[[], OutboxEntry]) -> OutboxEntry:
    entry = house.outbox.get(entry_id)
    if entry.status is not OutboxStatus.HELD:
        raise ReviewRejected(
            f"Outbox entry {entry_id} is {entry.status.value}, not held. Nothing was changed. "
            "See `attune outbox list --status held`."
        )
    after = change()
    house.audit.append("outbox", entry_id, {"act": act, "status": after.status.value})
    mark(house, after)
    return after


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
    after = house.delivery.settle(entry_id, was_sent, entry.fencing_token, "settled by a person")
    mark(house, after)
    return after


async def expire_proposals(house: House) -> int:
    """Close proposals nobody decided in time, withdraw their messages, and return how many."""
    detail = f"nobody decided within {house.rules.stakes.proposal_days} days"
    expired: list[Proposal] = []
    for proposal in house.proposals.waiting(limit=MOST_EXPIRED_AT_ONCE):
        if not is_undecided(proposal.created_at, house.clock(), house.rules):
            break
        # One that is being reviewed this very moment is not overdue any more.
        with contextlib.suppress(ReviewRejected), house.locks.reviewing(proposal.id):
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

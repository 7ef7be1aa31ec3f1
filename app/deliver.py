"""Delivers what is approved and due, and finds out what became of sends that were cut off."""

from __future__ import annotations

from datetime import timedelta

from agents.dispatch import OUTCOME_OF_STATUS, deliver
from app.wiring import House
from domain.message import OutboxEntry
from domain.run import RunContact

SLOWEST_SEND = timedelta(minutes=15)
"""Where processes on other machines may be sending too, a younger `sending` is left alone."""


async def deliver_due(house: House) -> list[OutboxEntry]:
    """Send every approved message whose time has come; return the entries as they stand after."""
    await reconcile(house)
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
    """Settle entries that a dead process left in `sending`, by asking the channel.

    In an embedded workspace a lock tells for certain whether any sender lives; with PostgreSQL, where
    senders may sit on other machines, only entries older than the slowest send are touched.
    """
    with house.workspace.nobody_sends() as is_certain:
        is_alone = is_certain and house.database_url is None
        age = timedelta(0) if is_alone else SLOWEST_SEND
        settled = []
        for entry in house.outbox.recover(house.clock(), age):
            was_sent = await house.channel.find(entry.message)
            words = {
                True: "the channel has it",
                False: "the channel does not have it",
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
            mark(house, after)
            settled.append(after)
        return settled


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

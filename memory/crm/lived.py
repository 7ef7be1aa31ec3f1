"""Writes down messages that are known to have gone out already: a simulated past, in bulk.

Not a way to send: nothing here touches a channel. The outbox and the journal end up as after a confirmed send.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select

from domain.events import Event, EventKind
from domain.message import OutboxEntry, OutboxStatus, Receipt
from domain.run import ContactOutcome, RunContact
from memory.crm import codec
from memory.crm.journal import append_events
from memory.crm.runs import RunStore
from memory.crm.standing import OUR_SOURCE
from memory.crm.statements import CONTACTS, DECISIONS, EVENTS, OUTBOX, RUN_CONTACTS, insert_all, writing


@dataclass(frozen=True)
class Went:
    """One message that went out, when, and about which content."""

    entry: OutboxEntry
    sent_at: datetime
    asset_id: str


class Queued(NamedTuple):
    """One message a run decided on that nobody has carried yet."""

    contact_id: str
    decision_id: str
    asset_id: str
    slot: str | None


def queued_messages(engine: Engine, run_id: str) -> list[Queued]:
    """Return what a run decided to send and did not carry, by contact."""
    of_decision = DECISIONS.c.id == RUN_CONTACTS.c.decision_id
    query = (
        select(DECISIONS.c.contact_id, DECISIONS.c.id, DECISIONS.c.asset_id, DECISIONS.c.slot)
        .join(RUN_CONTACTS, of_decision)
        .where(RUN_CONTACTS.c.run_id == run_id, RUN_CONTACTS.c.outcome == ContactOutcome.QUEUED.value)
        .order_by(DECISIONS.c.contact_id)
    )
    with engine.connect() as connection:
        return [Queued(*row) for row in connection.execute(query)]


def answers(engine: Engine) -> dict[str, list[datetime]]:
    """Return when each contact clicked, replied or booked a meeting by themselves, in order."""
    kinds = (EventKind.EMAIL_CLICKED.value, EventKind.EMAIL_REPLIED.value, EventKind.MEETING_BOOKED.value)
    query = (
        select(EVENTS.c.contact_id, EVENTS.c.at)
        .where(EVENTS.c.kind.in_(kinds), EVENTS.c.is_machine.is_(False), EVENTS.c.contact_id.is_not(None))
        .order_by(EVENTS.c.at)
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    with engine.connect() as connection:
        for contact_id, at in connection.execute(query):
            found[contact_id].append(at)
    return found


def keep_sent(engine: Engine, went: Sequence[Went], provider: str) -> None:
    """Store entries as sent, tell the journal and the runs' ledgers, all or nothing."""
    contact_ids = [one.entry.contact_id for one in went]
    with writing(engine) as connection:
        query = select(CONTACTS.c.id, CONTACTS.c.account_id)
        accounts = {row.id: row.account_id for row in connection.execute(query)}
        rows, events = [], []
        for one in went:
            receipt = Receipt(
                provider=provider, provider_message_id=one.entry.message.message_id, accepted_at=one.sent_at
            )
            entry = one.entry.model_copy(update={"status": OutboxStatus.SENT, "updated_at": one.sent_at})
            rows.append(
                {
                    **codec.entry_row(entry),
                    "sent_at": one.sent_at,
                    "receipt": receipt.model_dump(mode="json"),
                }
            )
            events.append(_event(one, receipt, accounts.get(one.entry.contact_id)))
        insert_all(connection, OUTBOX, rows)
        for one, event in zip(went, events, strict=True):
            append_events(connection, [event], one.sent_at)
    lines = [
        RunContact(
            run_id=one.entry.run_id,
            contact_id=contact_id,
            outcome=ContactOutcome.SENT,
            decision_id=one.entry.decision_id,
            updated_at=one.sent_at,
        )
        for one, contact_id in zip(went, contact_ids, strict=True)
    ]
    RunStore(engine).mark_all(lines)


def _event(one: Went, receipt: Receipt, account_id: str | None) -> Event:
    entry = one.entry
    return Event(
        id=f"{OUR_SOURCE}:{entry.id}:sent",
        kind=EventKind.EMAIL_SENT,
        at=one.sent_at,
        source=OUR_SOURCE,
        contact_id=entry.contact_id,
        account_id=account_id,
        asset_id=one.asset_id,
        subject=entry.message.subject,
        properties={
            "campaign_id": entry.campaign_id,
            "run_id": entry.run_id,
            "decision_id": entry.decision_id,
            "message_id": entry.message.message_id,
            "provider": receipt.provider,
            "provider_message_id": receipt.provider_message_id,
        },
    )

"""Events on their way in: whose they are, and what some of them forbid.

The journal is the largest table by far, so rows go in as plain columns: the row was validated when it was
read, and a second noun for each would cost as much as the insert.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.events import EventKind
from domain.people import SuppressionReason
from domain.records import EventRow
from memory.crm.bulk import insert_new_rows
from memory.crm.codec import without_nul
from memory.crm.identities import contacts_by_email, known_ids, normalised_email
from memory.crm.overlay import Batch
from memory.crm.statements import CONTACTS, EVENTS, batches
from memory.crm.stops import Stops

SUPPRESS = "suppress"
"""An event's property that names a `SuppressionReason`, for a source whose event says so by other means."""

_STOPPING = {
    EventKind.EMAIL_UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    EventKind.EMAIL_COMPLAINED: SuppressionReason.COMPLAINT,
    EventKind.EMAIL_BOUNCED: SuppressionReason.HARD_BOUNCE,
}
_NOBODY = "recipient is not among the contacts"
_LOOKED_UP_AT_ONCE = 2_000


def take_events(batch: Batch, rows: Sequence[EventRow]) -> None:
    """Append a batch of events to the journal. One that is nobody's is rejected; its stop still counts."""
    connection = batch.connection
    addresses = [normalised_email(row.email) if row.email else None for row in rows]
    contacts = known_ids(
        connection,
        "contact",
        ((row.source, row.contact_external_id) for row in rows if row.contact_external_id),
    )
    by_email = contacts_by_email(connection, {address for address in addresses if address})
    accounts = known_ids(
        connection,
        "account",
        ((row.source, row.account_external_id) for row in rows if row.account_external_id),
    )
    deals = known_ids(
        connection, "deal", ((row.source, row.deal_external_id) for row in rows if row.deal_external_id)
    )
    columns: list[dict[str, Any]] = []
    stopping: list[tuple[EventRow, str | None, str | None, SuppressionReason]] = []
    for row, address in zip(rows, addresses, strict=True):
        source = row.source
        contact_id = contacts.get((source, row.contact_external_id)) if row.contact_external_id else None
        if contact_id is None and address:
            contact_id = by_email.get(address)
        account_id = accounts.get((source, row.account_external_id)) if row.account_external_id else None
        deal_id = deals.get((source, row.deal_external_id)) if row.deal_external_id else None
        if reason := _stop_of(row):
            stopping.append((row, contact_id, address, reason))
        if contact_id is None and account_id is None and deal_id is None:
            batch.reject("events", row.place, _NOBODY, row.model_dump(exclude={"place"}))
            continue
        columns.append(_columns(row, contact_id, account_id, deal_id, batch.now))
    added = insert_new_rows(connection, EVENTS, columns)
    batch.tally.count("events", "added", added)
    batch.tally.count("events", "unchanged", len(columns) - added)
    if stopping:
        _stop(batch, stopping)


def _columns(
    row: EventRow, contact_id: str | None, account_id: str | None, deal_id: str | None, now: datetime
) -> dict[str, Any]:
    return {
        "id": f"{row.source}:{row.provider_id}",
        "kind": row.kind.value,
        "at": row.at,
        "source": row.source,
        "contact_id": contact_id,
        "account_id": account_id,
        "deal_id": deal_id,
        "asset_id": row.asset_id,
        "topic": without_nul(row.topic),
        "subject": without_nul(row.subject),
        "text": without_nul(row.text),
        "is_machine": row.is_machine,
        "properties": row.properties,
        "received_at": now,
    }


def _stop_of(row: EventRow) -> SuppressionReason | None:
    if SUPPRESS in row.properties:
        return SuppressionReason(str(row.properties[SUPPRESS]))
    return _STOPPING.get(row.kind)


def _stop(
    batch: Batch, stopping: Sequence[tuple[EventRow, str | None, str | None, SuppressionReason]]
) -> None:
    ids = sorted({contact_id for _, contact_id, _, _ in stopping if contact_id})
    own: dict[str, str | None] = {}
    for part in batches(ids, _LOOKED_UP_AT_ONCE):
        query = select(CONTACTS.c.id, CONTACTS.c.email).where(CONTACTS.c.id.in_(part))
        own.update((contact_id, email) for contact_id, email in batch.connection.execute(query))
    known = {address for _, _, address, _ in stopping} | set(own.values())
    stops = Stops(batch, {address for address in known if address}, ids)
    for row, contact_id, address, reason in stopping:
        # The address the event names counts, not the one the contact has now: a bounce is of an address.
        where = address or own.get(contact_id or "") or contact_id
        if where is not None:
            stops.add(where, contact_id, reason, row.at, f"{row.place.file}, row {row.place.row}")
    stops.store()

"""Which of our messages an outside event speaks of: by our own id, by Message-ID, by the provider's id."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from memory.crm.statements import CONTACTS, DECISIONS, OUTBOX, batches

_LOOKED_UP_AT_ONCE = 500


class Ours(NamedTuple):
    """One of our messages, as far as what comes back needs it."""

    outbox_id: str
    contact_id: str
    account_id: str | None
    asset_id: str | None
    campaign_id: str
    run_id: str
    decision_id: str
    status: str
    fencing_token: int
    address: str
    subject: str
    message_id: str
    provider_message_id: str | None
    sent_at: datetime | None


class Known:
    """Our messages by every id an outside event may call them."""

    def __init__(self, messages: Iterable[Ours]) -> None:
        self._by_id: dict[str, Ours] = {}
        self._by_message_id: dict[str, Ours] = {}
        self._by_provider_id: dict[str, Ours] = {}
        for ours in messages:
            self._by_id[ours.outbox_id] = ours
            self._by_message_id[ours.message_id] = ours
            if ours.provider_message_id:
                self._by_provider_id[ours.provider_message_id] = ours

    def of(
        self, outbox_id: str | None, message_id: str | None, provider_message_id: str | None
    ) -> Ours | None:
        """Return the message meant, the surest id first, or None."""
        return (
            self._by_id.get(outbox_id or "")
            or self._by_message_id.get(bracketed(message_id) or "")
            or self._by_provider_id.get(provider_message_id or "")
        )


def bracketed(message_id: str | None) -> str | None:
    """A Message-ID as it stands in a header: providers leave the angle brackets out."""
    bare = (message_id or "").strip().strip("<>")
    return f"<{bare}>" if bare else None


def find_ours(
    connection: Connection,
    outbox_ids: Collection[str | None],
    message_ids: Collection[str | None],
    provider_message_ids: Collection[str | None] = (),
) -> Known:
    """Look up our messages by any of these ids."""
    found: list[Ours] = []
    wanted = (
        (OUTBOX.c.id, {one for one in outbox_ids if one}),
        (OUTBOX.c.message_id, {bracketed(one) for one in message_ids if one} - {None}),
        (OUTBOX.c.provider_message_id, {one for one in provider_message_ids if one}),
    )
    for column, ids in wanted:
        for part in batches(sorted(ids, key=str), _LOOKED_UP_AT_ONCE):
            found += messages_where(connection, column.in_(part))
    return Known(found)


def messages_where(connection: Connection, condition: ColumnElement[bool]) -> list[Ours]:
    """Return our messages that fulfil a condition over the outbox's columns."""
    message = OUTBOX.c.message
    query = (
        select(
            OUTBOX.c.id,
            OUTBOX.c.contact_id,
            CONTACTS.c.account_id,
            DECISIONS.c.asset_id,
            OUTBOX.c.campaign_id,
            OUTBOX.c.run_id,
            OUTBOX.c.decision_id,
            OUTBOX.c.status,
            OUTBOX.c.fencing_token,
            message["to_address"].as_string(),
            message["subject"].as_string(),
            OUTBOX.c.message_id,
            OUTBOX.c.provider_message_id,
            OUTBOX.c.sent_at,
            CONTACTS.c.attributes["merged_into"].as_string(),
        )
        .join(CONTACTS, CONTACTS.c.id == OUTBOX.c.contact_id)
        .outerjoin(DECISIONS, DECISIONS.c.id == OUTBOX.c.decision_id)
        .where(condition)
        .order_by(OUTBOX.c.id)
    )
    return [
        Ours._make((row[0], _person(connection, row[1], row[-1]), *row[2:-1]))
        for row in connection.execute(query)
    ]


def _person(connection: Connection, contact_id: str, merged_into: str | None) -> str:
    """Who a contact is by now: one that was merged stays as a shell which names the kept one."""
    seen = {contact_id}
    while merged_into and merged_into not in seen:
        contact_id = merged_into
        seen.add(contact_id)
        query = select(CONTACTS.c.attributes["merged_into"].as_string()).where(CONTACTS.c.id == contact_id)
        merged_into = connection.execute(query).scalar()
    return contact_id

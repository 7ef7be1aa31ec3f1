"""A contact's standing, read with the caller's connection: by the reader, and again inside a send.

The send transaction must see exactly what the reader sees, so both use this one query path.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Connection, and_, bindparam, func, or_, select, union
from sqlalchemy.sql.elements import ColumnElement

from domain.dossier import OpenMessage, Standing
from domain.errors import NotFound
from domain.events import EventKind
from domain.message import OutboxEntry, OutboxStatus
from domain.people import OF_ADDRESS_ONLY, Contact, SuppressionReason
from memory.crm import codec
from memory.crm.statements import (
    ACCOUNTS,
    CONSENTS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    IDENTITIES,
    OUTBOX,
    SUPPRESSIONS,
    is_one_of,
)
from memory.crm.unobeyed import stops_called_for

SENT_WINDOW = timedelta(days=60)
"""How far back our own messages count for contact pressure; no rule looks further."""

MAY_HAVE_LEFT = (OutboxStatus.SENDING.value, OutboxStatus.SENT.value, OutboxStatus.UNKNOWN.value)
"""States of a message the contact has, or may have, received."""

STILL_OPEN = (
    OutboxStatus.PENDING.value,
    OutboxStatus.APPROVED.value,
    OutboxStatus.HELD.value,
    OutboxStatus.SENDING.value,
    OutboxStatus.UNKNOWN.value,
)
"""States of a message that is still on its way."""

NOT_STARTED = (OutboxStatus.PENDING.value, OutboxStatus.APPROVED.value)
"""States of a message nobody has begun to send."""

OUR_SOURCE = "attune"
"""The source of events we write ourselves; the outbox counts those already."""

LEFT_AT = func.coalesce(OUTBOX.c.sent_at, OUTBOX.c.updated_at, type_=OUTBOX.c.updated_at.type)
"""When a message left, or may have left."""


def sent_by_others() -> ColumnElement[bool]:
    """Messages a source told us about: sent to the contact, but not through our outbox."""
    return and_(EVENTS.c.kind == EventKind.EMAIL_SENT.value, EVENTS.c.source != OUR_SOURCE)


_NEVER_SCORED = (SuppressionReason.OBJECTION.value, SuppressionReason.ERASED.value)


def objectors() -> CompoundSelect[str | None]:
    """Contacts who objected, by their id or their address: never to be profiled, scored or learned from (C-13)."""
    objected = SUPPRESSIONS.c.reason.in_(_NEVER_SCORED)
    addresses = select(SUPPRESSIONS.c.address).where(objected)
    return union(
        select(SUPPRESSIONS.c.contact_id).where(objected, SUPPRESSIONS.c.contact_id.is_not(None)),
        select(CONTACTS.c.id).where(CONTACTS.c.email.in_(addresses)),
    )


# Built once: this is the most read part of the store, and building a statement costs more than running it.

_WHOSE: BindParameter[str] = bindparam("contact_id")

_CONTACT = select(CONTACTS).where(CONTACTS.c.id == _WHOSE)

_EXTERNAL_IDS = (
    select(IDENTITIES.c.source, IDENTITIES.c.external_id)
    .where(IDENTITIES.c.noun == bindparam("noun"), IDENTITIES.c.internal_id == bindparam("internal_id"))
    .order_by(IDENTITIES.c.external_id)
)

_MESSAGES = select(
    LEFT_AT.label("left_at"),
    OUTBOX.c.id,
    OUTBOX.c.status,
    OUTBOX.c.campaign_id,
    OUTBOX.c.decision_id,
    OUTBOX.c.not_before,
).where(
    OUTBOX.c.contact_id == _WHOSE,
    OUTBOX.c.id != bindparam("without_entry"),
    is_one_of(OUTBOX.c.status, (*MAY_HAVE_LEFT, *STILL_OPEN)),
)

_WORTH = select(DECISIONS.c.id, DECISIONS.c.action_key, DECISIONS.c.alternatives).where(
    DECISIONS.c.id.in_(bindparam("decision_ids", expanding=True))
)

_TOLD = select(EVENTS.c.at).where(
    EVENTS.c.contact_id == _WHOSE, sent_by_others(), EVENTS.c.at >= bindparam("since")
)

_SENT_ASSETS = (
    select(DECISIONS.c.asset_id, func.max(LEFT_AT).label("last_at"))
    .join_from(OUTBOX, DECISIONS, OUTBOX.c.decision_id == DECISIONS.c.id)
    .where(
        OUTBOX.c.contact_id == _WHOSE,
        OUTBOX.c.id != bindparam("without_entry"),
        is_one_of(OUTBOX.c.status, MAY_HAVE_LEFT),
        DECISIONS.c.asset_id.is_not(None),
    )
    .group_by(DECISIONS.c.asset_id)
)

_TOLD_ASSETS = (
    select(EVENTS.c.asset_id, func.max(EVENTS.c.at).label("last_at"))
    .where(EVENTS.c.contact_id == _WHOSE, sent_by_others(), EVENTS.c.asset_id.is_not(None))
    .group_by(EVENTS.c.asset_id)
)

_ACCOUNT = select(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("account_id"))

_SOFT_BOUNCES = select(EVENTS.c.at).where(
    EVENTS.c.contact_id == _WHOSE,
    EVENTS.c.kind == EventKind.EMAIL_SOFT_BOUNCED.value,
    EVENTS.c.at >= bindparam("since"),
)

_CONSENTS = select(CONSENTS).where(CONSENTS.c.contact_id == _WHOSE).order_by(CONSENTS.c.recorded_at.desc())

# A stop belongs to an address. What the person said also follows the person to a new address;
# a bounce does not, because it speaks of the old one only.
_STOPS = (
    select(SUPPRESSIONS)
    .where(
        or_(
            SUPPRESSIONS.c.address == bindparam("address"),
            SUPPRESSIONS.c.address == bindparam("other_address"),
            and_(
                SUPPRESSIONS.c.contact_id == _WHOSE,
                SUPPRESSIONS.c.reason.not_in([reason.value for reason in sorted(OF_ADDRESS_ONLY)]),
            ),
        )
    )
    .order_by(SUPPRESSIONS.c.since, SUPPRESSIONS.c.address, SUPPRESSIONS.c.reason)
)


def external_ids(connection: Connection, noun: str, internal_id: str) -> dict[str, str]:
    """External ids of one thing, by source; see `external_ids_of`."""
    found: dict[str, str] = {}
    for source, external_id in connection.execute(_EXTERNAL_IDS, {"noun": noun, "internal_id": internal_id}):
        found.setdefault(source, external_id)
    return found


def external_ids_of(connection: Connection, noun: str, ids: Collection[str]) -> dict[str, dict[str, str]]:
    """External ids by internal id, then by source. Of several ids of one source the first in order stays."""
    found: dict[str, dict[str, str]] = {}
    if not ids:
        return found
    columns = (IDENTITIES.c.internal_id, IDENTITIES.c.source, IDENTITIES.c.external_id)
    query = select(*columns).where(IDENTITIES.c.noun == noun, IDENTITIES.c.internal_id.in_(list(ids)))
    for internal_id, source, external_id in connection.execute(query.order_by(IDENTITIES.c.external_id)):
        found.setdefault(internal_id, {}).setdefault(source, external_id)
    return found


def contact_by_id(connection: Connection, contact_id: str) -> Contact:
    """One contact with its external ids. Raises `NotFound`."""
    row = connection.execute(_CONTACT, {"contact_id": contact_id}).mappings().first()
    if row is None:
        raise NotFound("contact", contact_id, "See `attune contact list`.")
    return codec.contact_of(row, external_ids(connection, "contact", contact_id))


def standing_of(
    connection: Connection,
    contact_id: str,
    now: datetime,
    *,
    without_entry: str | None = None,
    to_address: str | None = None,
) -> Standing:
    """Read what decides whether this contact may be written to.

    Args:
        connection: the caller's; inside a send it is the sending transaction's.
        contact_id: whose standing.
        now: UTC time; our messages of the 60 days before it (and any dated later) count.
        without_entry: an outbox entry that is itself being judged and counts neither as sent nor open.
        to_address: the address a message is made out to; its suppressions count as well.

    Raises:
        NotFound: where no such contact is.

    """
    contact = contact_by_id(connection, contact_id)
    whose, since = {"contact_id": contact_id}, now - SENT_WINDOW
    addresses = {
        "address": contact.email.lower() if contact.email else None,
        "other_address": to_address.lower() if to_address else None,
    }
    messages = connection.execute(_MESSAGES, {**whose, "without_entry": without_entry or ""}).all()
    sent = [row.left_at for row in messages if row.status in MAY_HAVE_LEFT and row.left_at >= since]
    waiting = [row.decision_id for row in messages if row.status in NOT_STARTED]
    worth = worth_by_decision(connection.execute(_WORTH, {"decision_ids": waiting})) if waiting else {}
    told = connection.execute(_TOLD, {**whose, "since": since}).scalars()
    bounced = connection.execute(_SOFT_BOUNCES, {**whose, "since": since}).scalars()
    consents = connection.execute(_CONSENTS, whose).mappings()
    stops = connection.execute(_STOPS, {**whose, **addresses}).mappings()
    return Standing(
        contact=contact,
        consents=tuple(codec.consent_of(row) for row in consents),
        suppressions=(
            *(codec.suppression_of(row) for row in stops),
            *stops_called_for(connection, contact_id),
        ),
        sent_at=tuple(sorted((*sent, *told), reverse=True)),
        soft_bounced_at=tuple(sorted(bounced, reverse=True)),
        open_campaigns=tuple(sorted({row.campaign_id for row in messages if row.status in STILL_OPEN})),
        open_messages=open_messages(messages, worth),
    )


def standing_for_send(connection: Connection, entry: OutboxEntry, now: datetime) -> Standing:
    """The standing of an entry's contact inside its sending transaction, with what only a send has to ask."""
    standing = standing_of(
        connection, entry.contact_id, now, without_entry=entry.id, to_address=entry.message.to_address
    )
    whose = {"contact_id": entry.contact_id, "without_entry": entry.id}
    last: dict[str, date] = {}
    for query in (_SENT_ASSETS, _TOLD_ASSETS):
        for asset_id, last_at in connection.execute(query, whose):
            last[asset_id] = max(last.get(asset_id, date.min), last_at.date())
    row = connection.execute(_ACCOUNT, {"account_id": standing.contact.account_id or ""}).mappings().first()
    account = codec.account_of(row, {}) if row is not None else None
    return standing.model_copy(update={"account": account, "sent_assets": tuple(sorted(last.items()))})


def open_messages(messages: Sequence[Any], worth: Mapping[str, float | None]) -> tuple[OpenMessage, ...]:
    """The pending and approved among outbox rows, the next one first, each with what was expected of it."""
    waiting = [row for row in messages if row.status in NOT_STARTED]
    return tuple(
        OpenMessage(
            entry_id=row.id,
            campaign_id=row.campaign_id,
            planned_at=row.not_before,
            is_approved=row.status == OutboxStatus.APPROVED.value,
            value_cents=worth.get(row.decision_id),
        )
        for row in sorted(waiting, key=lambda row: (row.not_before, row.id))
    )


def worth_by_decision(rows: Iterable[Any]) -> dict[str, float | None]:
    """What each decision expected of the action it took, from rows of id, action key and alternatives."""
    return {
        row.id: next((value for key, _, value, _ in row.alternatives if key == row.action_key), None)
        for row in rows
    }

"""A contact's standing, read with the caller's connection: by the reader, and again inside a send.

The send transaction must see exactly what the reader sees, so both use this one query path.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, and_, bindparam, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from domain.dossier import Standing
from domain.errors import NotFound
from domain.events import EventKind
from domain.message import OutboxStatus
from domain.people import Contact, SuppressionReason
from memory.crm import codec
from memory.crm.statements import CONSENTS, CONTACTS, EVENTS, IDENTITIES, OUTBOX, SUPPRESSIONS, is_one_of

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

OUR_SOURCE = "attune"
"""The source of events we write ourselves; the outbox counts those already."""

LEFT_AT = func.coalesce(OUTBOX.c.sent_at, OUTBOX.c.updated_at, type_=OUTBOX.c.updated_at.type)
"""When a message left, or may have left."""


def sent_by_others() -> ColumnElement[bool]:
    """Messages a source told us about: sent to the contact, but not through our outbox."""
    return and_(EVENTS.c.kind == EventKind.EMAIL_SENT.value, EVENTS.c.source != OUR_SOURCE)


# Built once: this is the most read part of the store, and building a statement costs more than running it.

_WHOSE: BindParameter[str] = bindparam("contact_id")

_CONTACT = select(CONTACTS).where(CONTACTS.c.id == _WHOSE)

_EXTERNAL_IDS = (
    select(IDENTITIES.c.source, IDENTITIES.c.external_id)
    .where(IDENTITIES.c.noun == bindparam("noun"), IDENTITIES.c.internal_id == bindparam("internal_id"))
    .order_by(IDENTITIES.c.external_id)
)

_MESSAGES = select(LEFT_AT.label("left_at"), OUTBOX.c.status, OUTBOX.c.campaign_id).where(
    OUTBOX.c.contact_id == _WHOSE,
    OUTBOX.c.id != bindparam("without_entry"),
    is_one_of(OUTBOX.c.status, (*MAY_HAVE_LEFT, *STILL_OPEN)),
)

_TOLD = select(EVENTS.c.at).where(
    EVENTS.c.contact_id == _WHOSE, sent_by_others(), EVENTS.c.at >= bindparam("since")
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
                SUPPRESSIONS.c.reason != SuppressionReason.HARD_BOUNCE.value,
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
    told = connection.execute(_TOLD, {**whose, "since": since}).scalars()
    consents = connection.execute(_CONSENTS, whose).mappings()
    stops = connection.execute(_STOPS, {**whose, **addresses}).mappings()
    return Standing(
        contact=contact,
        consents=tuple(codec.consent_of(row) for row in consents),
        suppressions=tuple(codec.suppression_of(row) for row in stops),
        sent_at=tuple(sorted((*sent, *told), reverse=True)),
        open_campaigns=tuple(sorted({row.campaign_id for row in messages if row.status in STILL_OPEN})),
    )

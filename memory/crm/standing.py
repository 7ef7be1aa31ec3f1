"""A contact's standing, read with the caller's connection: by the reader, and again inside a send.

The send transaction must see exactly what the reader sees, so both use this one query path.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from domain.dossier import Standing
from domain.errors import NotFound
from domain.events import EventKind
from domain.message import OutboxStatus
from domain.people import Contact, SuppressionReason
from memory.crm import codec
from memory.crm.statements import CONSENTS, CONTACTS, EVENTS, IDENTITIES, OUTBOX, SUPPRESSIONS

SENT_WINDOW = timedelta(days=60)
"""How far back our own messages count for contact pressure; no rule looks further."""

MAY_HAVE_LEFT = (OutboxStatus.SENDING.value, OutboxStatus.SENT.value, OutboxStatus.UNKNOWN.value)
"""States of a message the contact has, or may have, received."""

STILL_OPEN = (
    OutboxStatus.PENDING.value,
    OutboxStatus.APPROVED.value,
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


def external_ids_of(connection: Connection, noun: str, ids: Collection[str]) -> dict[str, dict[str, str]]:
    """External ids by internal id, then by source. Of several ids of one source the first in order stays."""
    found: dict[str, dict[str, str]] = {}
    columns = (IDENTITIES.c.internal_id, IDENTITIES.c.source, IDENTITIES.c.external_id)
    query = select(*columns).where(IDENTITIES.c.noun == noun, IDENTITIES.c.internal_id.in_(list(ids)))
    for internal_id, source, external_id in connection.execute(query.order_by(IDENTITIES.c.external_id)):
        found.setdefault(internal_id, {}).setdefault(source, external_id)
    return found


def contact_by_id(connection: Connection, contact_id: str) -> Contact:
    """One contact with its external ids. Raises `NotFound`."""
    row = connection.execute(select(CONTACTS).where(CONTACTS.c.id == contact_id)).mappings().first()
    if row is None:
        raise NotFound("contact", contact_id, "See `attune contact find`.")
    return codec.contact_of(row, external_ids_of(connection, "contact", [contact_id]).get(contact_id))


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
    addresses = {address for address in (contact.email, to_address) if address}
    others = OUTBOX.c.id != (without_entry or "")
    mine = and_(OUTBOX.c.contact_id == contact_id, others)
    since = now - SENT_WINDOW
    sent = connection.execute(
        select(LEFT_AT).where(mine, OUTBOX.c.status.in_(MAY_HAVE_LEFT), since <= LEFT_AT)
    ).scalars()
    told = connection.execute(
        select(EVENTS.c.at).where(EVENTS.c.contact_id == contact_id, sent_by_others(), EVENTS.c.at >= since)
    ).scalars()
    open_campaigns = connection.execute(
        select(OUTBOX.c.campaign_id).distinct().where(mine, OUTBOX.c.status.in_(STILL_OPEN))
    ).scalars()
    consents = connection.execute(
        select(CONSENTS).where(CONSENTS.c.contact_id == contact_id).order_by(CONSENTS.c.recorded_at.desc())
    ).mappings()
    return Standing(
        contact=contact,
        consents=tuple(codec.consent_of(row) for row in consents),
        suppressions=tuple(
            codec.suppression_of(row)
            for row in connection.execute(
                select(SUPPRESSIONS)
                .where(_stops(contact_id, addresses))
                .order_by(SUPPRESSIONS.c.since, SUPPRESSIONS.c.address, SUPPRESSIONS.c.reason)
            ).mappings()
        ),
        sent_at=tuple(sorted((*sent, *told), reverse=True)),
        open_campaigns=tuple(sorted(open_campaigns)),
    )


def _stops(contact_id: str, addresses: Collection[str]) -> ColumnElement[bool]:
    """A stop belongs to an address. What the person said also follows the person to a new address;
    a bounce does not, because it speaks of the old one only.
    """
    of_person = and_(
        SUPPRESSIONS.c.contact_id == contact_id,
        SUPPRESSIONS.c.reason != SuppressionReason.HARD_BOUNCE.value,
    )
    return or_(SUPPRESSIONS.c.address.in_([a.lower() for a in addresses]), of_person)

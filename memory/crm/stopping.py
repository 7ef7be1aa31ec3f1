"""Stops that people, providers and bounces ask for while we are running; applied in the caller's transaction.

An import has its own way in (`stops.py`). Here order must not matter: the earliest word stands, whichever
event told it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, update

from domain.people import ConsentBasis, EmailStatus, SuppressionReason
from memory.crm.statements import CONSENTS, CONTACTS, SUPPRESSIONS, insert_new, upsert

SAID_BY_PERSON = frozenset(
    {SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT, SuppressionReason.OBJECTION}
)
"""Reasons that withdraw consent, so that the refusal is recorded as well."""


PASSING = frozenset({SuppressionReason.PAUSED, SuppressionReason.TOPIC})
"""Reasons a person may take back."""


@dataclass(frozen=True)
class Stop:
    """One stop: of which address, of whom, why, since when, told by whom."""

    address: str
    contact_id: str | None
    reason: SuppressionReason
    since: datetime
    source: str
    proof: str = ""
    channel: str = "email"
    until: datetime | None = None


def add_stop(connection: Connection, stop: Stop) -> bool:
    """Add a lasting stop, and the withdrawn consent where a person said it; tell whether it is new.

    The earliest `since` is kept, so that events arriving in another order leave the same row.
    """
    table = SUPPRESSIONS.c
    row = {
        "address": stop.address,
        "channel": stop.channel,
        "reason": stop.reason.value,
        "source": stop.source,
        "since": stop.since,
        "contact_id": stop.contact_id,
        "until": None,
    }
    is_new = insert_new(connection, SUPPRESSIONS, [row]) == 1
    if not is_new:
        same = _same(stop.address, stop.channel, stop.reason)
        earlier = or_(table.since > stop.since, and_(table.since == stop.since, table.source > stop.source))
        connection.execute(
            update(SUPPRESSIONS)
            .where(same, earlier)
            .values(since=stop.since, source=stop.source, contact_id=stop.contact_id)
        )
    if stop.contact_id and stop.reason in SAID_BY_PERSON:
        refusal = {
            "contact_id": stop.contact_id,
            "channel": stop.channel,
            "basis": ConsentBasis.EXPRESS.value,
            "is_granted": False,
            "recorded_at": stop.since,
            "source": stop.source,
            "wording": None,
            "proof": stop.proof or None,
            "scope": "marketing",
            "expires_at": None,
        }
        insert_new(connection, CONSENTS, [refusal])
    if stop.reason is SuppressionReason.HARD_BOUNCE:
        bounced = update(CONTACTS).where(CONTACTS.c.email == stop.address)
        connection.execute(bounced.values(email_status=EmailStatus.BOUNCED.value))
    return is_new


def set_pause(connection: Connection, stop: Stop) -> None:
    """Set a stop that ends by itself, or one of a topic: the newest word replaces what stood."""
    if stop.reason not in PASSING:
        raise ValueError(f"{stop.reason.value} is a lasting stop, not a pause; use add_stop")
    row = {
        "address": stop.address,
        "channel": stop.channel,
        "reason": stop.reason.value,
        "source": stop.source,
        "since": stop.since,
        "contact_id": stop.contact_id,
        "until": stop.until,
    }
    upsert(connection, SUPPRESSIONS, [row], keys=("address", "channel", "reason"))


def lift_pause(connection: Connection, address: str, channel: str, reason: SuppressionReason) -> bool:
    """End a pause or a topic's stop that the person, or whoever settles it, ends; tell whether there was one."""
    if reason not in PASSING:
        raise ValueError(f"{reason.value} is a lasting stop and is never lifted")
    return connection.execute(delete(SUPPRESSIONS).where(_same(address, channel, reason))).rowcount > 0


def _same(address: str, channel: str, reason: SuppressionReason) -> ColumnElement[bool]:
    table = SUPPRESSIONS.c
    return and_(table.address == address, table.channel == channel, table.reason == reason.value)

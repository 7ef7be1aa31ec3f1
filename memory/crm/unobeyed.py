"""Stops that events call for and nobody has written down yet: the rules go by them until somebody has (C-03, C-19).

Whatever takes an opt-out in stops its writer in the same transaction. Here is what looks whether that is so: an event
can come by a way that does not (a source of one's own, a restored table, a merge), and nothing may go out meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, bindparam, exists, or_, select

from domain.base import Noun, UtcDatetime
from domain.delivery import InboundKind, MailEventKind
from domain.events import Event, EventKind
from domain.people import Suppression, SuppressionReason
from domain.ports import Audit
from memory.crm import codec
from memory.crm.identities import normalised_email
from memory.crm.statements import CONTACTS, EVENTS, INBOUND, SUPPRESSIONS, WEBHOOK_EVENTS, sharing, writing
from memory.crm.stopping import PASSING, Stop, add_stop
from policies.bounces import STOPPING, stops_after

LOOKED_BACK = timedelta(days=40)
"""How long ago an opt-out may have reached us to be looked after; it is looked for every minute."""

_LASTING = tuple(sorted(reason.value for reason in SuppressionReason if reason not in PASSING))
_SAID = tuple(one for one in _LASTING if one != SuppressionReason.HARD_BOUNCE.value)
_OPTED_OUT = (EventKind.EMAIL_UNSUBSCRIBED.value, EventKind.EMAIL_COMPLAINED.value)
_TOLD = (MailEventKind.UNSUBSCRIBED.value, MailEventKind.COMPLAINED.value)


class Unobeyed(Noun):
    """An opt-out that reached us and stops nobody: `subject` is the event or mail it came by."""

    subject: str
    asked_at: UtcDatetime


def _stands(reasons: tuple[str, ...], address: Any, contact_id: Any) -> ColumnElement[bool]:
    table = SUPPRESSIONS.c
    whose = or_(table.address == address, table.contact_id == contact_id)
    return exists().where(table.reason.in_(reasons), whose)


def _calling() -> Select[Any]:
    """Events that call for a stop their contact has not got, with the contact's address.

    A bounce is of an address the event may not name: any stop of the contact shows that it was looked at.
    """
    opted_out = EVENTS.c.kind.in_(_OPTED_OUT)
    bounced = EVENTS.c.kind == EventKind.EMAIL_BOUNCED.value
    return (
        select(EVENTS, CONTACTS.c.email.label("address"))
        .join_from(EVENTS, CONTACTS, EVENTS.c.contact_id == CONTACTS.c.id)
        .where(
            EVENTS.c.kind.in_([kind.value for kind in STOPPING]),
            CONTACTS.c.email.is_not(None),
            or_(
                and_(opted_out, ~_stands(_SAID, CONTACTS.c.email, CONTACTS.c.id)),
                and_(bounced, ~_stands(_LASTING, CONTACTS.c.email, CONTACTS.c.id)),
            ),
        )
    )


_OF_ONE = _calling().where(EVENTS.c.contact_id == bindparam("contact_id"))
_OF_ALL = _calling()
_LATELY = _calling().where(EVENTS.c.received_at >= bindparam("since"))


def stops_called_for(connection: Connection, contact_id: str) -> tuple[Suppression, ...]:
    """Return the stops one contact's events call for and nobody has written down."""
    return _stops(connection.execute(_OF_ONE, {"contact_id": contact_id})).get(contact_id, ())


def every_stop_called_for(connection: Connection) -> dict[str, tuple[Suppression, ...]]:
    """Return, by contact, the stops events call for and nobody has written down."""
    return _stops(connection.execute(_OF_ALL))


class OptOutWatch:
    """Finds opt-outs that reached us and stop nobody, and writes down the stops that are called for."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def unobeyed(self, now: datetime) -> list[Unobeyed]:
        """Return every opt-out of late, by event, webhook or mail, whose person nothing stops; oldest first."""
        since = now - LOOKED_BACK
        with self._engine.connect() as connection:
            found = [
                Unobeyed(subject=f"event {row.id}", asked_at=row.received_at)
                for row in connection.execute(_LATELY, {"since": since})
                if row.kind in _OPTED_OUT
            ]
            found += [one for one, _ in _elsewhere(connection, since)]
        return sorted(found, key=lambda one: (one.asked_at, one.subject))

    def obey(self, now: datetime) -> int:
        """Write down the stops called for of late; return how many are new."""
        since = now - LOOKED_BACK
        with self._engine.connect() as connection:
            if not _called_for(connection, since):
                return 0
        with writing(self._engine) as connection, sharing(connection):
            new = [stop for stop in _called_for(connection, since) if add_stop(connection, stop)]
            for stop in new:
                # By the reason and not by the contact: the audit outlives an erasure.
                self._audit.append("stop", "journal", {"reason": stop.reason.value, "source": stop.source})
            return len(new)


def _called_for(connection: Connection, since: datetime) -> list[Stop]:
    of_contacts = [
        Stop(one.address, one.contact_id, one.reason, one.since, one.source, "found in the journal")
        for stops in _stops(connection.execute(_LATELY, {"since": since})).values()
        for one in stops
    ]
    found = (*of_contacts, *(stop for _, stop in _elsewhere(connection, since)))
    return sorted(found, key=lambda stop: (stop.address, stop.reason, stop.since))


def _stops(rows: Iterable[Any]) -> dict[str, tuple[Suppression, ...]]:
    events: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for row in rows:
        events[row.contact_id, row.address].append(codec.event_of(row._mapping))
    return {contact_id: stops_after(those, address) for (contact_id, address), those in events.items()}


def _elsewhere(connection: Connection, since: datetime) -> list[tuple[Unobeyed, Stop]]:
    """Opt-outs by webhook and by mail; one whose writer has no address we can read is of nobody we could write to."""
    told, mail = WEBHOOK_EVENTS.c, INBOUND.c
    webhooks = select(
        told.id, told.received_at, told.at, told.address, told.contact_id, told.kind, told.provider
    ).where(
        told.kind.in_(_TOLD),
        told.received_at >= since,
        told.address.is_not(None),
        ~_stands(_SAID, told.address, told.contact_id),
    )
    mails = select(mail.id, mail.received_at, mail.at, mail.from_address, mail.contact_id).where(
        mail.kind == InboundKind.OPT_OUT.value,
        mail.received_at >= since,
        mail.from_address != "",
        ~_stands(_SAID, mail.from_address, mail.contact_id),
    )
    found = []
    for row in connection.execute(webhooks):
        is_complaint = row.kind == MailEventKind.COMPLAINED.value
        reason = SuppressionReason.COMPLAINT if is_complaint else SuppressionReason.UNSUBSCRIBED
        stop = Stop(row.address, row.contact_id, reason, row.at, f"webhook:{row.provider}", f"event {row.id}")
        found.append((Unobeyed(subject=f"webhook {row.id}", asked_at=row.received_at), stop))
    for one in connection.execute(mails).all():
        address = normalised_email(one.from_address)
        if address and not connection.execute(select(_stands(_SAID, address, one.contact_id))).scalar():
            reason = SuppressionReason.UNSUBSCRIBED
            stop = Stop(address, one.contact_id, reason, one.at, "reply", f"mail {one.id}")
            found.append((Unobeyed(subject=f"mail {one.id}", asked_at=one.received_at), stop))
    return found

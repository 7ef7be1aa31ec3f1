"""What decides whether a contact may be written to, read for everyone in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from domain.dossier import OpenMessage, Standing
from domain.events import EventKind
from domain.people import (
    OF_ADDRESS_ONLY,
    Consent,
    ConsentBasis,
    ConsentGround,
    Contact,
    Suppression,
    SuppressionReason,
)
from memory.crm.noun_rows import built, values_of
from memory.crm.standing import (
    LEFT_AT,
    MAY_HAVE_LEFT,
    NOT_STARTED,
    SENT_WINDOW,
    STILL_OPEN,
    open_messages,
    sent_by_others,
    worth_by_decision,
)
from memory.crm.statements import CONSENTS, DECISIONS, EVENTS, OUTBOX, SUPPRESSIONS
from memory.crm.unobeyed import every_stop_called_for

_BASIS = {member.value: member for member in ConsentBasis}


class Standings:
    """Everyone's standing, as it was when this was made; each is put together when it is asked for."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._consents = _consents(connection)
        self._by_address, self._by_person = _suppressions(connection)
        self._called_for = every_stop_called_for(connection)
        self._sent_at = _sent_at(connection, now)
        self._soft_bounced_at = _soft_bounced_at(connection, now)
        self._on_their_way = _open_messages(connection)

    def of(self, contact: Contact) -> Standing:
        """Return one contact's standing."""
        on_their_way = self._on_their_way.get(contact.id, _NONE)
        return Standing.model_construct(
            contact=contact,
            consents=tuple(self._consents.get(contact.id, ())),
            suppressions=(
                *_merged(self._by_address, self._by_person, contact),
                *self._called_for.get(contact.id, ()),
            ),
            sent_at=tuple(sorted(self._sent_at.get(contact.id, ()), reverse=True)),
            soft_bounced_at=tuple(sorted(self._soft_bounced_at.get(contact.id, ()), reverse=True)),
            open_campaigns=on_their_way[0],
            open_messages=on_their_way[1],
        )


def _consents(connection: Connection) -> dict[str, list[Consent]]:
    found: dict[str, list[Consent]] = defaultdict(list)
    for values in values_of(connection, Consent, CONSENTS, CONSENTS.c.recorded_at.desc()):
        values["basis"] = _BASIS[values["basis"]]
        values["ground"] = ConsentGround(values["ground"]) if values["ground"] else None
        found[values["contact_id"]].append(built(Consent, values))
    return found


def _suppressions(
    connection: Connection,
) -> tuple[dict[str, list[Suppression]], dict[str, list[Suppression]]]:
    """By address, and (all but bounces, which speak of one address only) by person; see `standing`."""
    by_address: dict[str, list[Suppression]] = defaultdict(list)
    by_person: dict[str, list[Suppression]] = defaultdict(list)
    for values in values_of(connection, Suppression, SUPPRESSIONS, SUPPRESSIONS.c.since):
        values["reason"] = SuppressionReason(values["reason"])
        stop = built(Suppression, values)
        by_address[stop.address].append(stop)
        if stop.contact_id and stop.reason not in OF_ADDRESS_ONLY:
            by_person[stop.contact_id].append(stop)
    return by_address, by_person


def _merged(
    by_address: Mapping[str, list[Suppression]], by_person: Mapping[str, list[Suppression]], contact: Contact
) -> tuple[Suppression, ...]:
    stops = (*by_address.get((contact.email or "").lower(), ()), *by_person.get(contact.id, ()))
    once = {(stop.address, stop.channel, stop.reason): stop for stop in stops}
    return tuple(sorted(once.values(), key=lambda stop: (stop.since, stop.address, stop.reason)))


def _sent_at(connection: Connection, now: datetime) -> dict[str, list[datetime]]:
    since = now - SENT_WINDOW
    ours = select(OUTBOX.c.contact_id, LEFT_AT).where(OUTBOX.c.status.in_(MAY_HAVE_LEFT), since <= LEFT_AT)
    told = select(EVENTS.c.contact_id, EVENTS.c.at).where(
        sent_by_others(), EVENTS.c.contact_id.is_not(None), EVENTS.c.at >= since
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for query in (ours, told):
        for contact_id, at in connection.execute(query):
            found[contact_id].append(at)
    return found


def _soft_bounced_at(connection: Connection, now: datetime) -> dict[str, list[datetime]]:
    query = select(EVENTS.c.contact_id, EVENTS.c.at).where(
        EVENTS.c.kind == EventKind.EMAIL_SOFT_BOUNCED.value,
        EVENTS.c.contact_id.is_not(None),
        EVENTS.c.at >= now - SENT_WINDOW,
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for contact_id, at in connection.execute(query):
        found[contact_id].append(at)
    return found


_NONE: tuple[tuple[str, ...], tuple[OpenMessage, ...]] = ((), ())


def _open_messages(
    connection: Connection,
) -> dict[str, tuple[tuple[str, ...], tuple[OpenMessage, ...]]]:
    """By contact: campaigns with a message on its way, and those of the messages not yet being sent."""
    columns = ("contact_id", "id", "status", "campaign_id", "decision_id", "not_before")
    query = select(*(OUTBOX.c[name] for name in columns)).where(OUTBOX.c.status.in_(STILL_OPEN))
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        rows[row.contact_id].append(row)
    begun = select(OUTBOX.c.decision_id).where(OUTBOX.c.status.in_(NOT_STARTED))
    expected = select(DECISIONS.c.id, DECISIONS.c.action_key, DECISIONS.c.alternatives)
    worth = worth_by_decision(connection.execute(expected.where(DECISIONS.c.id.in_(begun))))
    return {
        contact_id: (
            tuple(sorted({row.campaign_id for row in of_contact})),
            open_messages(of_contact, worth),
        )
        for contact_id, of_contact in rows.items()
    }

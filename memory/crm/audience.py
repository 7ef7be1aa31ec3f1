"""The whole audience at once: everything a run must know of a hundred thousand contacts, in a few queries.

No method here asks per contact. All counts are as of `until`, so a replay of an old run sees what that
run saw. Nouns are built without validating them again: these rows were validated when written, and
validation is most of the time it would take.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, Table, and_, func, null, select

from domain.base import Noun, utc_now
from domain.dossier import OpenMessage, Standing
from domain.events import EventKind
from domain.people import (
    OF_ADDRESS_ONLY,
    Account,
    Consent,
    ConsentBasis,
    ConsentGround,
    Contact,
    EmailStatus,
    LifecycleStage,
    Seniority,
    Suppression,
    SuppressionReason,
)
from domain.ports import Clock
from memory.crm.features_reader import FeatureReader
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
from memory.crm.statements import (
    ACCOUNTS,
    CONSENTS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    IDENTITIES,
    OUTBOX,
    SUPPRESSIONS,
)
from memory.crm.unobeyed import every_stop_called_for

NounT = TypeVar("NounT", bound=Noun)

_FETCH_ROWS = 10_000
_EMAIL_STATUS = {member.value: member for member in EmailStatus}
_SENIORITY = {member.value: member for member in Seniority}
_BASIS = {member.value: member for member in ConsentBasis}
_STAGE = {member.value: member for member in LifecycleStage}


class AudienceReader:
    """Reads for whole audiences."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    @property
    def traits(self) -> FeatureReader:
        """What features are built from, in the same database."""
        return FeatureReader(self._engine)

    def contacts_with_accounts(self) -> list[tuple[Contact, Account | None]]:
        """Return every contact with its account, by contact id."""
        with self._engine.connect() as connection:
            accounts = _accounts(connection)
            return [
                (contact, accounts.get(contact.account_id) if contact.account_id else None)
                for contact in _contacts(connection)
            ]

    def standings(
        self, contact_ids: Collection[str] | None = None, *, until: datetime | None = None
    ) -> dict[str, Standing]:
        """Return what decides whether each contact may be written to.

        Args:
            contact_ids: whose; None for everyone.
            until: UTC time the standing is judged at, now if None: our messages of the 60 days before it
                count. Consents, stops and open messages are those recorded by now, never fewer.

        """
        now = until or self._clock()
        wanted = None if contact_ids is None else frozenset(contact_ids)
        with self._engine.connect() as connection:
            contacts = [c for c in _contacts(connection) if wanted is None or c.id in wanted]
            consents = _consents(connection)
            by_address, by_person = _suppressions(connection)
            called_for = every_stop_called_for(connection)
            sent_at = _sent_at(connection, now)
            soft_bounced_at = _soft_bounced_at(connection, now)
            on_their_way = _open_messages(connection)
        return {
            contact.id: Standing.model_construct(
                contact=contact,
                consents=tuple(consents.get(contact.id, ())),
                suppressions=(
                    *_merged(by_address, by_person, contact),
                    *called_for.get(contact.id, ()),
                ),
                sent_at=tuple(sorted(sent_at.get(contact.id, ()), reverse=True)),
                soft_bounced_at=tuple(sorted(soft_bounced_at.get(contact.id, ()), reverse=True)),
                open_campaigns=on_their_way.get(contact.id, _NONE)[0],
                open_messages=on_their_way.get(contact.id, _NONE)[1],
            )
            for contact in contacts
        }

    def event_counts(
        self,
        kind: EventKind,
        *,
        topic: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[str, int]:
        """Return how often each contact did this; contacts who never did are not in it."""
        query = self._by_contact([func.count().label("many")], since, until).where(
            EVENTS.c.kind == kind.value
        )
        if topic is not None:
            query = query.where(EVENTS.c.topic == topic)
        with self._engine.connect() as connection:
            return {row.contact_id: row.many for row in connection.execute(query)}

    def topic_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> dict[str, dict[str, int]]:
        """Return how often each contact did anything about each topic."""
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        query = self._by_contact([EVENTS.c.topic, func.count()], since, until, EVENTS.c.topic)
        with self._engine.connect() as connection:
            for contact_id, topic, many in connection.execute(query.where(EVENTS.c.topic.is_not(None))):
                counts[contact_id][topic] = many
        return dict(counts)

    def assets_sent(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> dict[str, dict[str, date]]:
        """Return, by contact and asset, the UTC day we last sent it, may have sent it, or meant to."""
        sent: dict[str, dict[str, date]] = defaultdict(dict)
        ours = (
            select(OUTBOX.c.contact_id, DECISIONS.c.asset_id, LEFT_AT)
            .join_from(OUTBOX, DECISIONS, OUTBOX.c.decision_id == DECISIONS.c.id)
            .where(
                OUTBOX.c.status.in_({*MAY_HAVE_LEFT, *STILL_OPEN}),
                DECISIONS.c.asset_id.is_not(None),
                self._within(LEFT_AT, since, until),
            )
        )
        told = select(EVENTS.c.contact_id, EVENTS.c.asset_id, EVENTS.c.at).where(
            EVENTS.c.kind == EventKind.EMAIL_SENT.value,
            EVENTS.c.asset_id.is_not(None),
            EVENTS.c.contact_id.is_not(None),
            self._within(EVENTS.c.at, since, until),
        )
        with self._engine.connect() as connection:
            for query in (ours, told):
                for contact_id, asset_id, at in connection.execute(query):
                    earlier = sent[contact_id].get(asset_id, date.min)
                    sent[contact_id][asset_id] = max(earlier, at.date())
        return dict(sent)

    def _within(self, column: Any, since: datetime | None, until: datetime | None) -> Any:
        bounds = [column <= (until or self._clock())]
        if since is not None:
            bounds.append(column >= since)
        return and_(*bounds)

    def _by_contact(
        self,
        columns: list[Any],
        since: datetime | None,
        until: datetime | None,
        *grouping: Column[Any],
    ) -> Select[Any]:
        """People's own acts only: what a scanner or a privacy proxy did counts for nobody."""
        return (
            select(EVENTS.c.contact_id, *columns)
            .where(
                EVENTS.c.contact_id.is_not(None),
                EVENTS.c.is_machine.is_(False),
                self._within(EVENTS.c.at, since, until),
            )
            .group_by(EVENTS.c.contact_id, *grouping)
        )


def _contacts(connection: Connection) -> Iterator[Contact]:
    ids = _external_ids(connection, "contact")
    for values in _values(connection, Contact, CONTACTS, CONTACTS.c.id):
        values["email_status"] = _EMAIL_STATUS[values["email_status"]]
        values["seniority"] = _SENIORITY[values["seniority"]]
        values["lifecycle_stage"] = _STAGE[values["lifecycle_stage"]]
        values["external_ids"] = ids.get(values["id"], {})
        yield _built(Contact, values)


def _accounts(connection: Connection) -> dict[str, Account]:
    ids = _external_ids(connection, "account")
    found: dict[str, Account] = {}
    for values in _values(connection, Account, ACCOUNTS, ACCOUNTS.c.id):
        values["external_ids"] = ids.get(values["id"], {})
        found[values["id"]] = _built(Account, values)
    return found


def _consents(connection: Connection) -> dict[str, list[Consent]]:
    found: dict[str, list[Consent]] = defaultdict(list)
    for values in _values(connection, Consent, CONSENTS, CONSENTS.c.recorded_at.desc()):
        values["basis"] = _BASIS[values["basis"]]
        values["ground"] = ConsentGround(values["ground"]) if values["ground"] else None
        found[values["contact_id"]].append(_built(Consent, values))
    return found


def _suppressions(
    connection: Connection,
) -> tuple[dict[str, list[Suppression]], dict[str, list[Suppression]]]:
    """By address, and (all but bounces, which speak of one address only) by person; see `standing`."""
    by_address: dict[str, list[Suppression]] = defaultdict(list)
    by_person: dict[str, list[Suppression]] = defaultdict(list)
    for values in _values(connection, Suppression, SUPPRESSIONS, SUPPRESSIONS.c.since):
        values["reason"] = SuppressionReason(values["reason"])
        stop = _built(Suppression, values)
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


def _external_ids(connection: Connection, noun: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    query = select(IDENTITIES.c.internal_id, IDENTITIES.c.source, IDENTITIES.c.external_id)
    ordered = query.where(IDENTITIES.c.noun == noun).order_by(IDENTITIES.c.external_id)
    for internal_id, source, external_id in connection.execute(ordered):
        found.setdefault(internal_id, {}).setdefault(source, external_id)
    return found


def _values(
    connection: Connection, kind: type[Noun], table: Table, order: ColumnElement[Any]
) -> Iterator[dict[str, Any]]:
    """The noun's fields in its own order, row by row; None where the table has no such column."""
    names = tuple(kind.model_fields)
    columns = (table.c[name] if name in table.c else null().label(name) for name in names)
    query = select(*columns).order_by(order)
    for row in connection.execute(query.execution_options(yield_per=_FETCH_ROWS)):
        yield dict(zip(names, row, strict=True))


def _built(kind: type[NounT], values: dict[str, Any]) -> NounT:
    """What `model_construct` does, without its search for aliases and defaults: every field is given.

    That search is half the time of reading a large audience.
    """
    noun = kind.__new__(kind)
    for name, value in (
        ("__dict__", values),
        ("__pydantic_fields_set__", set(values)),
        ("__pydantic_extra__", None),
        ("__pydantic_private__", None),
    ):
        object.__setattr__(noun, name, value)
    return noun

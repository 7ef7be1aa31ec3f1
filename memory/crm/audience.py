"""The whole audience at once: everything a run must know of a hundred thousand contacts, in a few queries.

No method here asks per contact. All counts are as of `until`, so a replay of an old run sees what that
run saw. Nouns are built without validating them again: these rows were validated when written, and
validation is most of the time it would take.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Select, and_, func, select

from domain.base import utc_now
from domain.dossier import Standing
from domain.events import EventKind
from domain.people import Account, Contact, EmailStatus, LifecycleStage, Seniority
from domain.ports import Clock
from memory.crm.features_reader import FeatureReader
from memory.crm.noun_rows import built, values_of
from memory.crm.standing import LEFT_AT, MAY_HAVE_LEFT, STILL_OPEN
from memory.crm.standings import Standings
from memory.crm.statements import ACCOUNTS, CONTACTS, DECISIONS, EVENTS, IDENTITIES, OUTBOX

Person = tuple[Contact, Account | None]

_FETCH_ROWS = 10_000
_EMAIL_STATUS = {member.value: member for member in EmailStatus}
_SENIORITY = {member.value: member for member in Seniority}
_STAGE = {member.value: member for member in LifecycleStage}
_ACCOUNT_OF = select(CONTACTS.c.id, CONTACTS.c.account_id)


class AudienceReader:
    """Reads for whole audiences."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    @property
    def traits(self) -> FeatureReader:
        """What features are built from, in the same database."""
        return FeatureReader(self._engine)

    def people(self, many: int = _FETCH_ROWS) -> Iterator[list[Person]]:
        """Yield every contact with its account, by contact id, at most `many` at a time."""
        with self._engine.connect() as connection:
            accounts = _accounts(connection)
        after = ""
        while True:
            with self._engine.connect() as connection:
                contacts = list(_contacts(connection, after, many))
            if not contacts:
                return
            after = contacts[-1].id
            yield [(contact, accounts.get(contact.account_id or "")) for contact in contacts]

    def how_many(self) -> int:
        """Return how many contacts there are."""
        with self._engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(CONTACTS)) or 0)

    def contacts_with_accounts(self) -> list[Person]:
        """Return every contact with its account, by contact id; `people` takes less memory."""
        return [person for part in self.people() for person in part]

    def account_of(self) -> dict[str, str | None]:
        """Return every contact's account."""
        with self._engine.connect() as connection:
            return {row.id: row.account_id for row in connection.execute(_ACCOUNT_OF)}

    def values_of(self, fields: Sequence[str]) -> list[tuple[str, tuple[Any, ...]]]:
        """Return every contact's id with its values of these fields, as conditions name them, by contact id.

        Plain rows: where only a few columns are asked for, building nouns would be most of the time.
        """
        columns, picks = [], []
        for field in fields:
            table = ACCOUNTS if field.startswith("account.") else CONTACTS
            name, _, key = field.removeprefix("account.").partition(".")
            columns.append(table.c[name])
            picks.append(key)
        query = (
            select(CONTACTS.c.id, *(column.label(f"f{at}") for at, column in enumerate(columns)))
            .select_from(CONTACTS.outerjoin(ACCOUNTS, ACCOUNTS.c.id == CONTACTS.c.account_id))
            .order_by(CONTACTS.c.id)
        )
        with self._engine.connect() as connection:
            return [
                (
                    row[0],
                    tuple(
                        (value or {}).get(key) if key else value
                        for value, key in zip(row[1:], picks, strict=True)
                    ),
                )
                for row in connection.execute(query)
            ]

    def standings(
        self, contact_ids: Collection[str] | None = None, *, until: datetime | None = None
    ) -> dict[str, Standing]:
        """Return what decides whether each contact may be written to, by contact; see `standings_of`.

        Args:
            contact_ids: whose; None for everyone.
            until: UTC time the standing is judged at, now if None.

        """
        found = self.standings_of(until)
        return {
            contact.id: found.of(contact)
            for part in self.people()
            for contact, _ in part
            if contact_ids is None or contact.id in contact_ids
        }

    def standings_of(self, until: datetime | None = None) -> Standings:
        """Read what everyone's standing is made of.

        Args:
            until: UTC time the standing is judged at, now if None: our messages of the 60 days before it
                count. Consents, stops and open messages are those recorded by now, never fewer.

        """
        with self._engine.connect() as connection:
            return Standings(connection, until or self._clock())

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


def _contacts(connection: Connection, after: str, many: int) -> Iterator[Contact]:
    next_ones = select(CONTACTS.c.id).where(CONTACTS.c.id > after).order_by(CONTACTS.c.id).limit(many)
    ids = _external_ids(connection, "contact", next_ones)
    for values in values_of(connection, Contact, CONTACTS, CONTACTS.c.id, next_ones):
        values["email_status"] = _EMAIL_STATUS[values["email_status"]]
        values["seniority"] = _SENIORITY[values["seniority"]]
        values["lifecycle_stage"] = _STAGE[values["lifecycle_stage"]]
        values["external_ids"] = ids.get(values["id"], {})
        yield built(Contact, values)


def _accounts(connection: Connection) -> dict[str, Account]:
    ids = _external_ids(connection, "account")
    found: dict[str, Account] = {}
    for values in values_of(connection, Account, ACCOUNTS, ACCOUNTS.c.id):
        values["external_ids"] = ids.get(values["id"], {})
        found[values["id"]] = built(Account, values)
    return found


def _external_ids(
    connection: Connection, noun: str, whose: Select[str] | None = None
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    query = select(IDENTITIES.c.internal_id, IDENTITIES.c.source, IDENTITIES.c.external_id)
    ordered = query.where(IDENTITIES.c.noun == noun).order_by(IDENTITIES.c.external_id)
    if whose is not None:
        ordered = ordered.where(IDENTITIES.c.internal_id.in_(whose))
    for internal_id, source, external_id in connection.execute(ordered):
        found.setdefault(internal_id, {}).setdefault(source, external_id)
    return found

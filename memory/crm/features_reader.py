"""Streams what features are built from out of the CRM: the journal by arrival, everyone and every deal.

Rows come as `domain.traits`, a few thousand at a time, so memory stays flat however long the journal is.
What a machine did is left out here already. A journal is read up to a watermark; the next reading goes on after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    case,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
)

from domain.events import EventKind
from domain.traits import (
    SPOKEN_KINDS,
    AccountTraits,
    ContactTraits,
    DealPart,
    DealStep,
    DealTraits,
    Happening,
    StageChanges,
)
from memory.crm.standing import objectors
from memory.crm.statements import ACCOUNTS, BUYING_ROLES, CONTACTS, DEAL_STAGES, DEALS, EVENTS, is_one_of

_arrival = tuple_(EVENTS.c.received_at, EVENTS.c.id)

FETCH_ROWS = 10_000
TEXT_CHARACTERS = 2_000
"""As much of a text as is searched for topic words."""


class Watermark(NamedTuple):
    """The last event read, in the order of arrival."""

    received_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    event_id: str = ""


class FeatureReader:
    """Reads traits in bulk, on SQLite and on PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def contacts(self) -> Iterator[ContactTraits]:
        """Yield everyone, by id: rows of a state built anew then do not depend on the database."""
        yield from map(ContactTraits._make, self._rows(_columns_of(CONTACTS, ContactTraits)))

    def accounts(self) -> Iterator[AccountTraits]:
        """Yield every company, by id."""
        yield from map(AccountTraits._make, self._rows(_columns_of(ACCOUNTS, AccountTraits)))

    def deals(self) -> Iterator[DealTraits]:
        """Yield every deal, by id."""
        yield from map(DealTraits._make, self._rows(_columns_of(DEALS, DealTraits)))

    def deal_steps(self) -> Iterator[DealStep]:
        """Yield when deals entered stages."""
        query = select(DEAL_STAGES.c.deal_id, DEAL_STAGES.c.entered_at)
        yield from map(DealStep._make, self._rows(query))

    def deal_parts(self) -> Iterator[DealPart]:
        """Yield who plays which part in which deal."""
        query = select(BUYING_ROLES.c.contact_id, BUYING_ROLES.c.deal_id, BUYING_ROLES.c.kind)
        yield from map(DealPart._make, self._rows(query))

    def stage_changes(self) -> Iterator[StageChanges]:
        """Yield, for each contact the journal knows changes of, where they came from and between when they fell."""
        query = (
            select(EVENTS.c.contact_id, EVENTS.c.at, EVENTS.c.properties)
            .where(EVENTS.c.kind == EventKind.STAGE_CHANGED.value, EVENTS.c.contact_id.is_not(None))
            # By arrival: where the first change that reached us came from is what the record said until then.
            .order_by(EVENTS.c.contact_id, EVENTS.c.received_at, EVENTS.c.at, EVENTS.c.id)
        )
        for contact_id, changes in groupby(self._rows(query), key=itemgetter(0)):
            found = [(at, told) for _, at, told in changes]
            first_at = found[0][0]
            # Several sources may tell of the first change; one that says where it came from knows most.
            of_first = (told for at, told in found if at == first_at and _text(told.get("from")))
            told = next(of_first, found[0][1])
            last_at = max(at for at, _ in found)
            yield StageChanges(contact_id, _text(told.get("from")), _time(told), first_at, last_at)

    def happenings(
        self, after: Watermark, up_to: Watermark, *, by_arrival: bool = True
    ) -> Iterator[Happening]:
        """Yield what people did and what we sent them, in the order it reached us.

        Args:
            after: where the last reading ended.
            up_to: where this one ends, see `newest`; what arrives meanwhile is left for the next.
            by_arrival: False leaves `received_at` out of each, for a history whose import came after it.
        """
        received = EVENTS.c.received_at if by_arrival else null()
        spoken = is_one_of(EVENTS.c.kind, [kind.value for kind in SPOKEN_KINDS])
        is_change = EVENTS.c.kind == EventKind.STAGE_CHANGED.value
        query = (
            select(
                EVENTS.c.id,
                EVENTS.c.kind,
                EVENTS.c.at,
                EVENTS.c.contact_id,
                received,
                EVENTS.c.asset_id,
                EVENTS.c.topic,
                case((spoken, func.substr(EVENTS.c.text, 1, TEXT_CHARACTERS)), else_=null()),
                literal(False),
                case((is_change, EVENTS.c.properties), else_=null()),
            )
            .where(
                _arrival > tuple_(after.received_at, after.event_id),
                _arrival <= tuple_(up_to.received_at, up_to.event_id),
                EVENTS.c.contact_id.is_not(None),
                EVENTS.c.is_machine.is_(False),
                _may_be_profiled(),
            )
            .order_by(EVENTS.c.received_at, EVENTS.c.id)
        )
        yield from map(Happening._make, self._rows(query))

    def newest(self, after: Watermark, until: datetime) -> Watermark:
        """Return where a reading up to `until` ends, counting events of every kind."""
        query = (
            select(EVENTS.c.received_at, EVENTS.c.id)
            .where(_arrival > tuple_(after.received_at, after.event_id), EVENTS.c.received_at <= until)
            .order_by(EVENTS.c.received_at.desc(), EVENTS.c.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return after if row is None else Watermark(row.received_at, row.id)

    def count(self, up_to: Watermark) -> int:
        """Return how many events arrived up to a watermark; another number than before means the past changed."""
        query = select(func.count()).select_from(EVENTS).where(_may_be_profiled())
        here = query.where(_arrival <= tuple_(up_to.received_at, up_to.event_id))
        with self._engine.connect() as connection:
            return int(connection.execute(here).scalar_one())

    def _rows(self, query: Select[Any]) -> Iterator[Any]:
        with self._engine.connect() as connection:
            streaming: Connection = connection.execution_options(yield_per=FETCH_ROWS)
            yield from streaming.execute(query)


def _may_be_profiled() -> ColumnElement[bool]:
    """Events of nobody in particular, and of those who did not object; one who does changes the count of the past."""
    return or_(EVENTS.c.contact_id.is_(None), EVENTS.c.contact_id.not_in(objectors()))


def _columns_of(table: Any, traits: Any) -> Select[Any]:
    return select(*(table.c[name] for name in traits._fields)).order_by(table.c.id)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(told: Mapping[str, Any]) -> datetime | None:
    """When the stage left was entered, where the change says so; properties come from outside."""
    try:
        moment = datetime.fromisoformat(told.get("from_since") or "")
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None

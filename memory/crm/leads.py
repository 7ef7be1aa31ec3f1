"""Bulk reads for hand-off and churn: what happened to everyone, deals, and people with their companies.

Events come without text: only who, what and when. Machines' acts are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, func, select

from domain.base import utc_now
from domain.events import EventKind
from domain.people import DealKind
from domain.ports import Clock
from memory.crm.standing import objectors
from memory.crm.statements import ACCOUNTS, BUYING_ROLES, CONTACTS, DEALS, EVENTS

_FETCH_ROWS = 20_000


@dataclass(frozen=True)
class Act:
    """One event: what, when, whose. `account_id` is the event's own, else the contact's."""

    kind: str
    at: datetime
    contact_id: str | None
    account_id: str | None
    deal_id: str | None


@dataclass(frozen=True)
class StageEntry:
    """A contact entered a lifecycle stage, and which one it left, where a source said so."""

    contact_id: str
    at: datetime
    left: str | None
    entered: str


@dataclass(frozen=True)
class DealLine:
    """One deal as it stands now, with the size of its company and the contacts in it."""

    id: str
    account_id: str | None
    kind: DealKind
    amount_cents: int | None
    currency: str
    is_closed: bool
    is_won: bool
    created_at: datetime | None
    closes_on: date | None
    employees: int | None
    contact_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """One contact's fields that speak of who it is, with its company's."""

    id: str
    name: str
    email: str | None
    account_id: str | None
    seniority: str
    department: str
    stage: str
    stage_since: datetime | None
    created_at: datetime | None


@dataclass(frozen=True)
class Company:
    """One account's fields that speak of what it is."""

    id: str
    name: str
    industry: str
    country: str
    employees: int | None


class LeadReader:
    """Reads for the two likelihood models; everything is as of `until`."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def acts(self, until: datetime | None = None) -> list[Act]:
        """Return every event of a person, an account or a deal up to `until` (now if None), oldest first."""
        account = func.coalesce(EVENTS.c.account_id, CONTACTS.c.account_id, DEALS.c.account_id)
        joined = EVENTS.outerjoin(CONTACTS, EVENTS.c.contact_id == CONTACTS.c.id)
        joined = joined.outerjoin(DEALS, EVENTS.c.deal_id == DEALS.c.id)
        query = (
            select(EVENTS.c.kind, EVENTS.c.at, EVENTS.c.contact_id, account, EVENTS.c.deal_id)
            .select_from(joined)
            .where(EVENTS.c.is_machine.is_(False), EVENTS.c.at <= (until or self._clock()))
            .order_by(EVENTS.c.at, EVENTS.c.id)
        )
        return [Act(*row) for row in self._rows(query)]

    def objectors(self) -> frozenset[str]:
        """Return the contacts who objected or were erased, by their id or their address: never to be scored."""
        return frozenset(row[0] for row in self._rows(objectors()))

    def stages(self, until: datetime | None = None) -> list[StageEntry]:
        """Return every lifecycle stage entered up to `until` (now if None), oldest first."""
        query = (
            select(EVENTS.c.contact_id, EVENTS.c.at, EVENTS.c.properties)
            .where(
                EVENTS.c.kind == EventKind.STAGE_CHANGED.value,
                EVENTS.c.contact_id.is_not(None),
                EVENTS.c.at <= (until or self._clock()),
            )
            .order_by(EVENTS.c.at, EVENTS.c.id)
        )
        return [
            StageEntry(contact_id, at, told.get("from"), str(told["to"]))
            for contact_id, at, told in self._rows(query)
            if told.get("to")
        ]

    def deals(self) -> list[DealLine]:
        """Return every deal, by id."""
        roles: dict[str, list[str]] = {}
        asked = select(BUYING_ROLES.c.deal_id, BUYING_ROLES.c.contact_id).order_by(BUYING_ROLES.c.contact_id)
        for deal_id, contact_id in self._rows(asked):
            roles.setdefault(deal_id, []).append(contact_id)
        names = (
            "id", "account_id", "kind", "amount_cents", "currency", "is_closed", "is_won", "created_at", "closes_on",
        )  # fmt: skip
        query = (
            select(*(DEALS.c[name] for name in names), ACCOUNTS.c.employees)
            .select_from(DEALS.outerjoin(ACCOUNTS, DEALS.c.account_id == ACCOUNTS.c.id))
            .order_by(DEALS.c.id)
        )
        return [
            DealLine(**row | {"kind": DealKind(row["kind"])}, contact_ids=tuple(roles.get(row["id"], ())))
            for row in (dict(found._mapping) for found in self._rows(query))
        ]

    def people(self) -> list[Person]:
        """Return every contact, by id."""
        names = (
            "id", "first_name", "last_name", "email", "account_id", "seniority", "department", "lifecycle_stage",
            "stage_since", "created_at",
        )  # fmt: skip
        query = select(*(CONTACTS.c[name] for name in names)).order_by(CONTACTS.c.id)
        return [
            Person(
                id=row.id,
                name=" ".join(part for part in (row.first_name, row.last_name) if part)
                or row.email
                or row.id,
                email=row.email,
                account_id=row.account_id,
                seniority="" if row.seniority == "unknown" else row.seniority,
                department=row.department or "",
                stage=row.lifecycle_stage,
                stage_since=row.stage_since,
                created_at=row.created_at,
            )
            for row in self._rows(query)
        ]

    def companies(self) -> list[Company]:
        """Return every account, by id."""
        names = ("id", "name", "industry", "country", "employees")
        query = select(*(ACCOUNTS.c[name] for name in names)).order_by(ACCOUNTS.c.id)
        return [
            Company(row.id, row.name, row.industry or "", row.country or "", row.employees or None)
            for row in self._rows(query)
        ]

    def _rows(self, query: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query.execution_options(yield_per=_FETCH_ROWS)))

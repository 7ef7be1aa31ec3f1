"""Finds contacts and accounts, a page at a time: by words, by fields, by what they did and since when they are quiet.

Words are compared with cards (`cards.py`), so the same question has the same answer on SQLite and PostgreSQL,
whatever their ideas of upper and lower case are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    func,
    not_,
    or_,
    select,
)

from domain.base import utc_now
from domain.campaign import EventCondition
from domain.people import LifecycleStage
from domain.ports import Clock
from domain.search import (
    OWN_ACTS,
    AccountLine,
    AccountSearch,
    Choices,
    ContactLine,
    ContactSearch,
)
from memory.crm.cards import fold, renew
from memory.crm.statements import (
    ACCOUNT_CARDS,
    ACCOUNTS,
    CONTACT_CARDS,
    CONTACTS,
    DEALS,
    EVENTS,
    SUPPRESSIONS,
    is_one_of,
)

MOST_CHOICES = 200

MOST_ORDERED = 5_000
"""Who did something last is found out for so many: of more, a list goes by name."""

LastActs = Callable[[Connection, Sequence[str]], dict[str, datetime]]
_OWN_ACTS = [kind.value for kind in OWN_ACTS]
_OF_EVERYTHING = ("email", "all")


class Finder:
    """Answers `ContactSearch` and `AccountSearch`. Reads, but for cards that are missing, which it makes first."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def contacts(
        self, search: ContactSearch, limit: int = 50, offset: int = 0, *, newest_first: bool = False
    ) -> tuple[tuple[ContactLine, ...], int]:
        """Return a page of contacts, by last name and then id, and how many there are in all.

        `newest_first`: by their last own act, the newest first, unless there are more than `MOST_ORDERED`.
        """
        asked, card = self._contact_conditions(search), CONTACT_CARDS.c
        ordered = select(card.contact_id).where(*asked).order_by(card.name_key, card.contact_id)
        with self._current() as connection:
            acts = _last_acts_of_contacts if newest_first else None
            ids, total = _page(connection, ordered, limit, offset, is_costly=_asks_acts(search), acts=acts)
            return self._contact_lines(connection, ids), total

    def stages(self, search: ContactSearch) -> dict[str, int]:
        """Count who is found by lifecycle stage, the most first."""
        return self._counted(CONTACT_CARDS.c.stage, self._contact_conditions(search))

    def countries(self, search: AccountSearch) -> dict[str, int]:
        """Count the accounts that are found by country, the most first; "" where none is known."""
        return self._counted(ACCOUNT_CARDS.c.country, self._account_conditions(search))

    def _counted(self, column: Column[Any], asked: Sequence[ColumnElement[bool]]) -> dict[str, int]:
        query = (
            select(column, func.count()).where(*asked).group_by(column).order_by(func.count().desc(), column)
        )
        with self._current() as connection:
            return {key or "": many for key, many in connection.execute(query)}

    def accounts(
        self, search: AccountSearch, limit: int = 50, offset: int = 0, *, newest_first: bool = False
    ) -> tuple[tuple[AccountLine, ...], int]:
        """Return a page of accounts, by name and then id, and how many there are in all; `newest_first` as above."""
        asked, card = self._account_conditions(search), ACCOUNT_CARDS.c
        ordered = select(card.account_id).where(*asked).order_by(card.name_key, card.account_id)
        with self._current() as connection:
            acts = _last_acts_of_people if newest_first else None
            ids, total = _page(connection, ordered, limit, offset, is_costly=_asks_acts(search), acts=acts)
            return self._account_lines(connection, ids), total

    def choices(self) -> Choices:
        """Return what lists can be narrowed to; of each at most 200, in order."""
        card = ACCOUNT_CARDS.c
        with self._current() as connection:
            return Choices(
                countries=_distinct(connection, CONTACT_CARDS.c.country),
                owners=_distinct(connection, CONTACT_CARDS.c.owner),
                industries=_distinct(connection, card.industry),
            )

    def account_choices(self) -> Choices:
        """Return what the list of accounts can be narrowed to, likewise."""
        card = ACCOUNT_CARDS.c
        with self._current() as connection:
            return Choices(
                countries=_distinct(connection, card.country),
                owners=_distinct(connection, card.owner),
                industries=_distinct(connection, card.industry),
            )

    def _current(self) -> Connection:
        renew(self._engine)
        return self._engine.connect()

    # What is asked -------------------------------------------------------------------------------------

    def _contact_conditions(self, search: ContactSearch) -> list[ColumnElement[bool]]:
        card, now = CONTACT_CARDS.c, self._clock()
        asked: list[ColumnElement[bool]] = [card.is_listed.is_(True)]
        asked += _said(card.words, card.contact_id, search.words)
        asked += _among(card.stage, [stage.value for stage in search.stages])
        asked += _among(card.country, search.countries)
        asked += _among(card.owner, search.owners)
        if search.account_id is not None:
            asked.append(card.account_id == search.account_id)
        for condition in search.did:
            asked.append(_contact_did(card.contact_id, condition, now, search.since))
        if search.quiet_days is not None:
            asked.append(not_(_has_acted(card.contact_id, now - timedelta(days=search.quiet_days))))
        return asked

    def _account_conditions(self, search: AccountSearch) -> list[ColumnElement[bool]]:
        card, now = ACCOUNT_CARDS.c, self._clock()
        asked = _said(card.words, card.account_id, search.words)
        asked += _among(card.industry, search.industries)
        asked += _among(card.country, search.countries)
        asked += _among(card.owner, search.owners)
        for condition in search.did:
            asked.append(_did(card.account_id, _by_account(condition, now, search.since), condition))
        if search.quiet_days is not None:
            asked.append(not_(_is_active(card.account_id, now - timedelta(days=search.quiet_days))))
        return asked

    # What is told --------------------------------------------------------------------------------------

    def _contact_lines(self, connection: Connection, ids: Sequence[str]) -> tuple[ContactLine, ...]:
        contact = CONTACTS.c
        query = (
            select(
                contact.id, contact.first_name, contact.last_name, contact.email, contact.job_title,
                contact.account_id, contact.country, contact.lifecycle_stage, contact.owner,
                ACCOUNTS.c.name.label("account"),
            )
            .select_from(CONTACTS.outerjoin(ACCOUNTS, contact.account_id == ACCOUNTS.c.id))
            .where(contact.id.in_(ids))
        )  # fmt: skip
        rows = {row.id: row for row in connection.execute(query)}
        acted = _last_acts(connection, EVENTS.c.contact_id, ids)
        stopped = self._stopped(connection, {row.email: row.id for row in rows.values() if row.email}, ids)
        return tuple(
            ContactLine(
                contact_id=row.id,
                name=" ".join(part for part in (row.first_name, row.last_name) if part)
                or row.email
                or row.id,
                job_title=row.job_title,
                email=row.email,
                account_id=row.account_id,
                account=row.account,
                country=row.country,
                stage=LifecycleStage(row.lifecycle_stage),
                owner=row.owner,
                last_act_at=acted.get(row.id),
                is_stopped=row.id in stopped,
            )
            for row in (rows[one] for one in ids if one in rows)
        )

    def _stopped(self, connection: Connection, by_email: dict[str, str], ids: Sequence[str]) -> set[str]:
        stop = SUPPRESSIONS.c
        query = select(stop.address, stop.contact_id).where(
            or_(stop.contact_id.in_(ids), stop.address.in_(list(by_email))),
            is_one_of(stop.channel, _OF_EVERYTHING),
            or_(stop.until.is_(None), stop.until > self._clock()),
        )
        found = connection.execute(query).all()
        return {row.contact_id for row in found} | {by_email.get(row.address, "") for row in found}

    def _account_lines(self, connection: Connection, ids: Sequence[str]) -> tuple[AccountLine, ...]:
        rows = {
            row["id"]: row
            for row in connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.id.in_(ids))).mappings()
        }
        card = CONTACT_CARDS.c
        is_customer = card.stage == LifecycleStage.CUSTOMER.value
        counted = (
            select(card.account_id, func.count().label("people"), func.sum(_one_if(is_customer)).label("customers"))
            .where(card.account_id.in_(ids), card.is_listed.is_(True))
            .group_by(card.account_id)
        )  # fmt: skip
        people = {row.account_id: row for row in connection.execute(counted)}
        deals = (
            select(DEALS.c.account_id, func.count())
            .where(DEALS.c.account_id.in_(ids), DEALS.c.is_closed.is_(False))
            .group_by(DEALS.c.account_id)
        )
        is_open = {row[0]: row[1] for row in connection.execute(deals)}
        acted = _last_acts_of_people(connection, ids)
        return tuple(
            AccountLine(
                account_id=row["id"],
                name=row["name"],
                domain=row["domain"],
                industry=row["industry"],
                country=row["country"],
                employees=row["employees"],
                owner=row["owner"],
                people=people[row["id"]].people if row["id"] in people else 0,
                customers=people[row["id"]].customers if row["id"] in people else 0,
                open_deals=is_open.get(row["id"], 0),
                last_act_at=acted.get(row["id"]),
            )
            for row in (rows[one] for one in ids if one in rows)
        )


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _said(words: Column[str], key: Column[str], asked: str) -> list[ColumnElement[bool]]:
    """Every word stands somewhere, or all of it is the id."""
    parts = fold(asked).split()
    if not parts:
        return []
    return [or_(and_(*(words.contains(part, autoescape=True) for part in parts)), key == asked.strip())]


def _among(column: Column[Any], wanted: Sequence[str]) -> list[ColumnElement[bool]]:
    return [column.in_(list(wanted))] if wanted else []


def _own(condition: EventCondition, now: datetime, since: datetime | None) -> list[ColumnElement[bool]]:
    """People's own acts that a condition speaks of, from `since` on: what a machine did counts for nobody."""
    event = EVENTS.c
    asked = [event.kind == condition.event.value, event.is_machine.is_(False), event.at <= now]
    if condition.topic is not None:
        asked.append(event.topic == condition.topic)
    if condition.within_days is not None:
        asked.append(event.at >= now - timedelta(days=condition.within_days))
    if since is not None:
        asked.append(event.at >= since)
    return asked


_OF_ACCOUNT = func.coalesce(EVENTS.c.account_id, CONTACTS.c.account_id)
_WITH_PEOPLE = EVENTS.outerjoin(CONTACTS, EVENTS.c.contact_id == CONTACTS.c.id)


def _by_contact(condition: EventCondition, now: datetime, since: datetime | None) -> Select[Any]:
    whose = EVENTS.c.contact_id
    return select(whose).where(whose.is_not(None), *_own(condition, now, since)).group_by(whose)


def _contact_did(
    contact_id: Column[str], condition: EventCondition, now: datetime, since: datetime | None
) -> ColumnElement[bool]:
    """Of a topic, the journal is asked once, by topic; else each contact's few events are counted."""
    if condition.topic is not None:
        return _did(contact_id, _by_contact(condition, now, since), condition)
    theirs = select(func.count()).where(EVENTS.c.contact_id == contact_id, *_own(condition, now, since))
    many = theirs.scalar_subquery()
    asked: list[ColumnElement[bool]] = []
    if condition.at_least is not None:
        asked.append(many >= condition.at_least)
    if condition.at_most is not None:
        asked.append(many <= condition.at_most)
    return and_(True, *asked)


def _by_account(condition: EventCondition, now: datetime, since: datetime | None) -> Select[Any]:
    query = select(_OF_ACCOUNT).select_from(_WITH_PEOPLE)
    return query.where(_OF_ACCOUNT.is_not(None), *_own(condition, now, since)).group_by(_OF_ACCOUNT)


def _did(key: Column[str], grouped: Select[Any], condition: EventCondition) -> ColumnElement[bool]:
    """At least so many, and at most so many; who did nothing counts as none."""
    asked: list[ColumnElement[bool]] = []
    if condition.at_least is not None and condition.at_least > 0:
        asked.append(key.in_(grouped.having(func.count() >= condition.at_least)))
    if condition.at_most is not None:
        asked.append(not_(key.in_(grouped.having(func.count() > condition.at_most))))
    return and_(True, *asked)


def _has_acted(contact_id: ColumnElement[str], since: datetime) -> ColumnElement[bool]:
    """Whether a contact did anything since: asked of each that is left, which the index by contact answers."""
    event = EVENTS.c
    acted = and_(event.kind.in_(_OWN_ACTS), event.is_machine.is_(False), event.at >= since)
    return select(event.id).where(event.contact_id == contact_id, acted).exists()


def _is_active(account_id: ColumnElement[str], since: datetime) -> ColumnElement[bool]:
    event = EVENTS.c
    acted = and_(event.kind.in_(_OWN_ACTS), event.is_machine.is_(False), event.at >= since)
    people = select(CONTACTS.c.id).where(
        CONTACTS.c.account_id == account_id, _has_acted(CONTACTS.c.id, since)
    )
    return or_(select(event.id).where(event.account_id == account_id, acted).exists(), people.exists())


def _last_acts(connection: Connection, whose: Column[Any], ids: Sequence[str]) -> dict[str, datetime]:
    event = EVENTS.c
    query = (
        select(whose, func.max(event.at))
        .where(whose.in_(ids), event.kind.in_(_OWN_ACTS), event.is_machine.is_(False))
        .group_by(whose)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _last_acts_of_contacts(connection: Connection, contact_ids: Sequence[str]) -> dict[str, datetime]:
    return _last_acts(connection, EVENTS.c.contact_id, contact_ids)


def _last_acts_of_people(connection: Connection, account_ids: Sequence[str]) -> dict[str, datetime]:
    """When anybody of each account did anything last; told of the account itself or of one of its people."""
    event = EVENTS.c
    acted = and_(event.kind.in_(_OWN_ACTS), event.is_machine.is_(False))
    by_people = (
        select(CONTACTS.c.account_id, func.max(event.at))
        .join_from(CONTACTS, EVENTS, event.contact_id == CONTACTS.c.id)
        .where(CONTACTS.c.account_id.in_(account_ids), acted)
        .group_by(CONTACTS.c.account_id)
    )
    found = _last_acts(connection, event.account_id, account_ids)
    for account_id, at in connection.execute(by_people):
        found[account_id] = max(at, found.get(account_id, at))
    return found


def _asks_acts(search: ContactSearch | AccountSearch) -> bool:
    return bool(search.did) or search.quiet_days is not None


def _page(
    connection: Connection,
    ordered: Select[Any],
    limit: int,
    offset: int,
    *,
    is_costly: bool,
    acts: LastActs | None = None,
) -> tuple[list[str], int]:
    """The ids of a page, and how many there are in all.

    What reads the journal is asked once and cut here; all else twice, as a page stops early and a count reads little.
    """
    if acts is not None:
        every = list(connection.execute(ordered if is_costly else ordered.limit(MOST_ORDERED + 1)).scalars())
        if len(every) <= MOST_ORDERED:
            at = acts(connection, every)
            every.sort(key=lambda one: at[one].timestamp() if one in at else 0.0, reverse=True)
            return every[offset : offset + limit], len(every)
        if is_costly:
            return every[offset : offset + limit], len(every)
    if is_costly:
        every = list(connection.execute(ordered).scalars())
        return every[offset : offset + limit], len(every)
    ids = list(connection.execute(ordered.limit(limit).offset(offset)).scalars())
    if 0 < len(ids) < limit or (not ids and offset == 0):
        return ids, offset + len(ids)
    counted = select(func.count()).select_from(ordered.order_by(None).subquery())
    return ids, int(connection.execute(counted).scalar_one())


def _distinct(connection: Connection, column: Column[Any]) -> tuple[str, ...]:
    query = (
        select(column)
        .where(column.is_not(None), column != "")
        .distinct()
        .order_by(column)
        .limit(MOST_CHOICES)
    )
    return tuple(connection.execute(query).scalars())

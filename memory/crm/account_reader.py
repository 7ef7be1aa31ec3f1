"""Reads one account: who is in which deal, what its people did week by week, what waits for a reviewer there."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, and_, func, or_, select, union_all

from domain.events import Event
from domain.people import BuyingRole
from domain.review import Proposal, ProposalStatus
from domain.search import OWN_ACTS
from memory.crm import codec
from memory.crm.standing import objectors
from memory.crm.statements import BUYING_ROLES, CONTACTS, DEALS, EVENTS, PROPOSALS

_OWN_ACTS = [kind.value for kind in OWN_ACTS]


class AccountReader:
    """Reads for an account's page; all of it is of one company."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def roles(self, account_id: str) -> tuple[BuyingRole, ...]:
        """Return who plays which part in this account's deals."""
        query = (
            select(BUYING_ROLES)
            .join(DEALS, BUYING_ROLES.c.deal_id == DEALS.c.id)
            .where(DEALS.c.account_id == account_id)
            .order_by(BUYING_ROLES.c.contact_id, BUYING_ROLES.c.deal_id)
        )
        with self._engine.connect() as connection:
            return tuple(codec.role_of(row) for row in connection.execute(query).mappings())

    def weeks(self, account_id: str, until: datetime, many: int) -> tuple[int, ...]:
        """Return how often its people acted of their own accord in each of `many` weeks, the oldest first.

        Weeks are of seven days and end at `until`; what machines did counts for nobody.
        """
        since, event = until - timedelta(weeks=many), EVENTS.c
        people = select(CONTACTS.c.id).where(CONTACTS.c.account_id == account_id)
        acted = and_(
            event.kind.in_(_OWN_ACTS), event.is_machine.is_(False), event.at > since, event.at <= until
        )
        query = select(event.at).where(
            or_(event.contact_id.in_(people), event.account_id == account_id), acted
        )
        counts = [0] * many
        with self._engine.connect() as connection:
            for at in connection.execute(query).scalars():
                counts[min(many - 1, many - 1 - (until - at) // timedelta(weeks=1))] += 1
        return tuple(counts)

    def events(self, account_id: str, limit: int = 30) -> tuple[Event, ...]:
        """Return what its people did and what happened to it, newest first."""
        event = EVENTS.c
        people = select(CONTACTS.c.id).where(CONTACTS.c.account_id == account_id)
        newest = (event.at.desc(), event.id.desc())
        # Two questions, each answered by its own index: asked as one, the journal is read from end to end.
        parts = (
            select(event.id).where(whose).order_by(*newest).limit(limit).subquery()
            for whose in (event.contact_id.in_(people), event.account_id == account_id)
        )
        ids = union_all(*(select(part) for part in parts))
        query = select(EVENTS).where(event.id.in_(ids)).order_by(*newest).limit(limit)
        with self._engine.connect() as connection:
            return tuple(codec.event_of(row) for row in connection.execute(query).mappings())

    def waiting(self, account_id: str, limit: int = 50) -> tuple[Proposal, ...]:
        """Return proposals about its people that wait for a person, the longest waiting first."""
        query = (
            select(PROPOSALS)
            .join(CONTACTS, PROPOSALS.c.contact_id == CONTACTS.c.id)
            .where(CONTACTS.c.account_id == account_id, PROPOSALS.c.status == ProposalStatus.WAITING.value)
            .order_by(PROPOSALS.c.created_at, PROPOSALS.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return tuple(codec.proposal_of(row) for row in connection.execute(query).mappings())

    def have_all_objected(self, account_id: str) -> bool:
        """Tell whether there are people here and every one of them objected to being profiled (C-13)."""
        people = select(func.count()).where(CONTACTS.c.account_id == account_id)
        left = people.where(CONTACTS.c.id.not_in(select(objectors().subquery().c[0])))
        with self._engine.connect() as connection:
            known, unobjecting = (
                connection.execute(people).scalar_one(),
                connection.execute(left).scalar_one(),
            )
        return known > 0 and unobjecting == 0

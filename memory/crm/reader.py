"""What anyone may look up: dossiers for agents, listings for the command line and the web.

Reads only. Everything is paged; nothing here grows with the size of the CRM except the counts.
"""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, Select, Table, and_, bindparam, func, or_, select
from sqlmodel import SQLModel

from domain.base import utc_now
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Decision
from domain.dossier import Dossier, Standing
from domain.errors import NotFound
from domain.events import Event, EventKind
from domain.people import Account, Consent, Contact, Deal, DealStageChange, Suppression
from domain.ports import Clock
from memory.crm import codec
from memory.crm.standing import MAY_HAVE_LEFT, contact_by_id, external_ids, external_ids_of, standing_of
from memory.crm.statements import (
    ACCOUNTS,
    ASSETS,
    BUYING_ROLES,
    CAMPAIGNS,
    CLAIMS,
    CONSENTS,
    CONTACTS,
    DEAL_STAGES,
    DEALS,
    DECISIONS,
    EVENTS,
    IDENTITIES,
    OUTBOX,
    SUPPRESSIONS,
    is_one_of,
)

MOST_COMPARED = 1_000
"""An id that nothing has is compared with so many, the most recently run ones."""

LEAST_PART = 3
"""Letters of an id from which on a part of it is enough to be asked whether that one was meant."""

DOSSIER_EVENTS = 200
"""Events in a dossier, newest first: more than any agent reads, few enough to load for each contact."""


class CrmStore:
    """Implements `domain.ports.CrmReader`, and the listings people look at."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    # What agents look up -------------------------------------------------------------------------------

    def dossier(self, contact_id: str) -> Dossier:
        """Everything known about one contact. Raises `NotFound`."""
        with self._engine.connect() as connection:
            standing = standing_of(connection, contact_id, self._clock())
            account_id = standing.contact.account_id
            whose = {"contact_id": contact_id, "account_id": account_id}
            roles = connection.execute(_ROLES, whose).mappings()
            # What the contact did, and what happened to the account as a whole; never a colleague's acts.
            events = connection.execute(_EVENTS, whose).mappings()
            company = connection.execute(_COMPANY, whose).one()
            return Dossier(
                standing=standing,
                account=None if account_id is None else _account(connection, account_id),
                deals=_deals_of(connection, _DEALS, whose),
                roles=tuple(codec.role_of(row) for row in roles),
                events=tuple(codec.event_of(row) for row in events),
                account_was_contacted=company.ours or company.told or company.told_of_account,
                colleagues_known=company.colleagues,
            )

    def standing(self, contact_id: str) -> Standing:
        """What decides whether this contact may be written to. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return standing_of(connection, contact_id, self._clock())

    def asset(self, asset_id: str) -> ContentAsset:
        """One content asset with its claims. Raises `NotFound`."""
        with self._engine.connect() as connection:
            row = connection.execute(_ASSET, {"id": asset_id}).mappings().first()
            if row is None:
                raise NotFound("asset", asset_id, "See `attune content list`.")
            return codec.asset_of(row, connection.execute(_CLAIMS, {"id": asset_id}).mappings().all())

    def decision(self, decision_id: str) -> Decision:
        """One decision. Raises `NotFound`."""
        with self._engine.connect() as connection:
            row = connection.execute(_DECISION, {"id": decision_id}).mappings().first()
        if row is None:
            raise NotFound("decision", decision_id, "See `attune explain CONTACT`.")
        return codec.decision_of(row)

    # People and companies ------------------------------------------------------------------------------

    def contact(self, contact_id: str) -> Contact:
        """One contact. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return contact_by_id(connection, contact_id)

    def contact_by(self, key: str) -> Contact:
        """Find one contact by our id, its address or what a source calls it. Raises `NotFound`."""
        with self._engine.connect() as connection:
            by_key = select(CONTACTS.c.id).where(or_(CONTACTS.c.id == key, CONTACTS.c.email == key.lower()))
            contact_id = connection.execute(by_key).scalar()
            if contact_id is None:
                known = and_(IDENTITIES.c.noun == "contact", IDENTITIES.c.external_id == key)
                by_source = select(IDENTITIES.c.internal_id).where(known).order_by(IDENTITIES.c.source)
                contact_id = connection.execute(by_source).scalar()
            return contact_by_id(connection, contact_id or key)

    def account(self, account_id: str) -> Account:
        """One account. Raises `NotFound`."""
        with self._engine.connect() as connection:
            account = _account(connection, account_id)
        if account is None:
            raise NotFound("account", account_id)
        return account

    def contacts_of(self, account_id: str, limit: int = 100, offset: int = 0) -> tuple[Contact, ...]:
        """Return an account's contacts, by id."""
        query = select(CONTACTS).where(CONTACTS.c.account_id == account_id).order_by(CONTACTS.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            ids = external_ids_of(connection, "contact", [row["id"] for row in rows])
            return tuple(codec.contact_of(row, ids.get(row["id"])) for row in rows)

    def deals(self, account_id: str | None = None, limit: int = 50, offset: int = 0) -> tuple[Deal, ...]:
        """Return deals, newest first, of one account or of all."""
        query = select(DEALS).order_by(DEALS.c.created_at.desc(), DEALS.c.id).limit(limit).offset(offset)
        if account_id is not None:
            query = query.where(DEALS.c.account_id == account_id)
        with self._engine.connect() as connection:
            return _deals_of(connection, query)

    def deal_stages(self, deal_id: str) -> tuple[DealStageChange, ...]:
        """Return a deal's way through the stages, oldest first."""
        query = select(DEAL_STAGES).where(DEAL_STAGES.c.deal_id == deal_id).order_by(DEAL_STAGES.c.entered_at)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return tuple(DealStageChange.model_validate(dict(row)) for row in rows)

    def consents(self, contact_id: str) -> tuple[Consent, ...]:
        """Return every recorded yes or no of a contact, newest first."""
        query = select(CONSENTS).where(CONSENTS.c.contact_id == contact_id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(CONSENTS.c.recorded_at.desc())).mappings()
            return tuple(codec.consent_of(row) for row in rows)

    def suppressions(self, limit: int = 100, offset: int = 0) -> tuple[Suppression, ...]:
        """Return addresses that must not be written to, newest first."""
        newest_first = (SUPPRESSIONS.c.since.desc(), SUPPRESSIONS.c.address, SUPPRESSIONS.c.reason)
        query = select(SUPPRESSIONS).order_by(*newest_first).limit(limit).offset(offset)
        with self._engine.connect() as connection:
            return tuple(codec.suppression_of(row) for row in connection.execute(query).mappings())

    # What happened, what we have, what we decided ------------------------------------------------------

    def events(
        self, kind: EventKind | None = None, since: datetime | None = None, limit: int = 100, offset: int = 0
    ) -> tuple[Event, ...]:
        """Return events of every contact, newest first."""
        query = select(EVENTS).order_by(EVENTS.c.at.desc(), EVENTS.c.id).limit(limit).offset(offset)
        if kind is not None:
            query = query.where(EVENTS.c.kind == kind.value)
        if since is not None:
            query = query.where(EVENTS.c.at >= since)
        with self._engine.connect() as connection:
            return tuple(codec.event_of(row) for row in connection.execute(query).mappings())

    def assets(
        self, *, only_active: bool = False, limit: int = 1_000, offset: int = 0
    ) -> tuple[ContentAsset, ...]:
        """Return content assets with their claims, by id."""
        query = select(ASSETS).order_by(ASSETS.c.id).limit(limit).offset(offset)
        return self._assets(query.where(ASSETS.c.is_active) if only_active else query)

    def campaign(self, campaign_id: str) -> Campaign:
        """One campaign as it was last run. Raises `NotFound`."""
        with self._engine.connect() as connection:
            row = connection.execute(_CAMPAIGN, {"id": campaign_id}).mappings().first()
        if row is None:
            raise NotFound("campaign", campaign_id, self._campaigns_like(campaign_id))
        return codec.campaign_of(row)

    def _campaigns_like(self, campaign_id: str) -> str:
        newest = select(CAMPAIGNS.c.id).order_by(CAMPAIGNS.c.updated_at.desc()).limit(MOST_COMPARED)
        with self._engine.connect() as connection:
            known = connection.execute(newest).scalars().all()
        said = campaign_id.lower()
        near = get_close_matches(said, known, n=3)
        if len(said) >= LEAST_PART:
            near += [one for one in known if said in one.lower() and one not in near]
        meant = f"Did you mean {' or '.join(near[:3])}? " if near else ""
        return f"{meant}A campaign is stored when it is first run."

    def messages_before(self, decision: Decision) -> int:
        """How many messages of this campaign come before this decision's one; counted to 1,000."""
        asked = {"campaign_id": decision.campaign_id, "run_id": decision.run_id, "id": decision.id}
        with self._engine.connect() as connection:
            earlier, same_run = connection.execute(_MESSAGES_BEFORE, asked).one()
        return int(earlier + same_run)

    def campaigns(self, limit: int = 100, offset: int = 0) -> tuple[Campaign, ...]:
        """Return campaigns, the most recently run first."""
        query = select(CAMPAIGNS).order_by(CAMPAIGNS.c.updated_at.desc(), CAMPAIGNS.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return tuple(codec.campaign_of(row) for row in rows)

    def decisions(self, contact_id: str, limit: int = 50, offset: int = 0) -> tuple[Decision, ...]:
        """Return what was decided for a contact, newest first."""
        query = select(DECISIONS).where(DECISIONS.c.contact_id == contact_id)
        newest_first = query.order_by(DECISIONS.c.decided_at.desc(), DECISIONS.c.id.desc())
        return self._decisions(newest_first.limit(limit).offset(offset))

    def counts(self) -> dict[str, int]:
        """Return how many rows every table of the CRM has, by table name."""
        with self._engine.connect() as connection:
            return {table.name: _count(connection, table) for table in _crm_tables()}

    def _assets(self, query: Select[Any]) -> tuple[ContentAsset, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            claims: dict[str, list[codec.Row]] = {}
            ids = [row["id"] for row in rows]
            for claim in connection.execute(
                select(CLAIMS).where(CLAIMS.c.asset_id.in_(ids)).order_by(CLAIMS.c.id)
            ).mappings():
                claims.setdefault(claim["asset_id"], []).append(claim)
            return tuple(codec.asset_of(row, claims.get(row["id"], ())) for row in rows)

    def _decisions(self, query: Select[Any]) -> tuple[Decision, ...]:
        with self._engine.connect() as connection:
            return tuple(codec.decision_of(row) for row in connection.execute(query).mappings())


# Built once: a run asks these for every contact, and building a statement costs more than running it.

_ID: BindParameter[str] = bindparam("id")
_WHOSE: BindParameter[str] = bindparam("contact_id")
_ACCOUNT_ID: BindParameter[str] = bindparam("account_id")

_ASSET = select(ASSETS).where(ASSETS.c.id == _ID)
_CLAIMS = select(CLAIMS).where(CLAIMS.c.asset_id == _ID).order_by(CLAIMS.c.id)
_DECISION = select(DECISIONS).where(DECISIONS.c.id == _ID)
_CAMPAIGN = select(CAMPAIGNS).where(CAMPAIGNS.c.id == _ID)
_ACCOUNT = select(ACCOUNTS).where(ACCOUNTS.c.id == _ID)
_ROLES = select(BUYING_ROLES).where(BUYING_ROLES.c.contact_id == _WHOSE).order_by(BUYING_ROLES.c.deal_id)

_DEALS = (
    select(DEALS)
    .where(
        or_(
            DEALS.c.account_id == _ACCOUNT_ID,
            DEALS.c.id.in_(select(BUYING_ROLES.c.deal_id).where(BUYING_ROLES.c.contact_id == _WHOSE)),
        )
    )
    .order_by(DEALS.c.created_at.desc(), DEALS.c.id)
)


_EVENTS = (
    select(EVENTS)
    .where(
        or_(
            EVENTS.c.contact_id == _WHOSE,
            and_(EVENTS.c.account_id == _ACCOUNT_ID, EVENTS.c.contact_id.is_(None)),
        )
    )
    .order_by(EVENTS.c.at.desc(), EVENTS.c.id.desc())
    .limit(DOSSIER_EVENTS)
)

_PEOPLE = select(CONTACTS.c.id).where(or_(CONTACTS.c.id == _WHOSE, CONTACTS.c.account_id == _ACCOUNT_ID))
_TOLD = select(EVENTS.c.id).where(EVENTS.c.kind == EventKind.EMAIL_SENT.value)
_COMPANY = select(
    select(OUTBOX.c.id)
    .where(OUTBOX.c.contact_id.in_(_PEOPLE), is_one_of(OUTBOX.c.status, MAY_HAVE_LEFT))
    .exists()
    .label("ours"),
    _TOLD.where(EVENTS.c.contact_id.in_(_PEOPLE)).exists().label("told"),
    _TOLD.where(EVENTS.c.account_id == _ACCOUNT_ID).exists().label("told_of_account"),
    select(func.count())
    .select_from(CONTACTS)
    .where(CONTACTS.c.account_id == _ACCOUNT_ID, CONTACTS.c.id != _WHOSE)
    .scalar_subquery()
    .label("colleagues"),
)
"""Whether the contact or its account was written to, by us or as a source says; how many colleagues we know."""


def _counted(rows: Select[Any]) -> Any:
    return select(func.count()).select_from(rows.limit(1_000).subquery()).scalar_subquery()


_MESSAGES_BEFORE = select(
    _counted(
        select(OUTBOX.c.id).where(
            OUTBOX.c.campaign_id == bindparam("campaign_id"), OUTBOX.c.run_id != bindparam("run_id")
        )
    ).label("earlier"),
    _counted(
        select(DECISIONS.c.id).where(
            DECISIONS.c.run_id == bindparam("run_id"),
            DECISIONS.c.asset_id.is_not(None),
            DECISIONS.c.id < _ID,
        )
    ).label("same_run"),
)


def _crm_tables() -> list[Table]:
    return sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _account(connection: Connection, account_id: str) -> Account | None:
    row = connection.execute(_ACCOUNT, {"id": account_id}).mappings().first()
    return None if row is None else codec.account_of(row, external_ids(connection, "account", account_id))


def _deals_of(
    connection: Connection, query: Select[Any], asked: dict[str, str | None] | None = None
) -> tuple[Deal, ...]:
    rows = connection.execute(query, asked).mappings().all()
    ids = external_ids_of(connection, "deal", [row["id"] for row in rows])
    return tuple(codec.deal_of(row, ids.get(row["id"])) for row in rows)

"""What happened after decisions, in bulk: for rewards and metrics.

A few queries for a whole campaign; nothing is asked per contact, nothing after `until` is seen. What a machine
did and opens are left out here, so that no reward can rest on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, and_, func, select

from domain.decision import Arm
from domain.events import EventKind
from domain.people import BuyingRoleKind, DealKind, LifecycleStage, SuppressionReason
from domain.run import ContactOutcome
from memory.crm.standing import LEFT_AT, MAY_HAVE_LEFT
from memory.crm.statements import (
    BUYING_ROLES,
    CONTACTS,
    DEAL_STAGES,
    DEALS,
    DECISIONS,
    EVENTS,
    OUTBOX,
    RUN_CONTACTS,
    RUNS,
    SUPPRESSIONS,
)

_HARM = {
    EventKind.EMAIL_UNSUBSCRIBED.value: SuppressionReason.UNSUBSCRIBED,
    EventKind.EMAIL_COMPLAINED.value: SuppressionReason.COMPLAINT,
    SuppressionReason.UNSUBSCRIBED.value: SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.OBJECTION.value: SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT.value: SuppressionReason.COMPLAINT,
}


class DecisionLine(NamedTuple):
    """One decision and how it was carried out. `left_at` is None where no message left."""

    id: str
    campaign_id: str
    contact_id: str
    account_id: str | None
    arm: Arm
    action_key: str
    asset_id: str | None
    decided_at: datetime
    left_at: datetime | None
    outcome: ContactOutcome | None
    cost_micros: int
    unit_cents: float | None = None


class Act(NamedTuple):
    """One thing a contact did, or that happened to it alone. `stage` and `before` are of stage changes."""

    contact_id: str
    kind: EventKind
    at: datetime
    stage: LifecycleStage | None = None
    before: LifecycleStage | None = None


class Harm(NamedTuple):
    """The first time a contact left us or complained."""

    contact_id: str
    reason: SuppressionReason
    at: datetime


class DealStory(NamedTuple):
    """A deal from opening to close; `people` have a part in it.

    `closed_at` is None while it is open, and where nobody said when it closed: then it is neither open nor won.
    """

    id: str
    account_id: str | None
    kind: DealKind
    amount_cents: int | None
    currency: str
    opened_at: datetime | None
    closed_at: datetime | None
    is_open: bool
    is_won: bool
    people: tuple[tuple[str, BuyingRoleKind], ...]


class AccountAct(NamedTuple):
    """A renewal or a loss told of an account, without a deal."""

    account_id: str
    kind: EventKind
    at: datetime


class Standpoint(NamedTuple):
    """Where a contact stands now, and since when as far as anyone said."""

    contact_id: str
    account_id: str | None
    stage: LifecycleStage
    since: datetime | None


class OutcomeReader:
    """Reads outcomes for rewards and metrics."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def decisions(self, campaign_id: str | None, until: datetime) -> list[DecisionLine]:
        """Return a campaign's decisions (all campaigns' if None), oldest first; dry runs are left out."""
        query = (
            select(
                DECISIONS.c.id,
                DECISIONS.c.campaign_id,
                DECISIONS.c.contact_id,
                CONTACTS.c.account_id,
                DECISIONS.c.arm,
                DECISIONS.c.action_key,
                DECISIONS.c.asset_id,
                DECISIONS.c.decided_at,
                RUN_CONTACTS.c.outcome,
                func.coalesce(RUN_CONTACTS.c.cost_micros, 0),
                DECISIONS.c.unit_cents,
            )
            .join(RUNS, RUNS.c.id == DECISIONS.c.run_id)
            .join(CONTACTS, CONTACTS.c.id == DECISIONS.c.contact_id)
            .outerjoin(
                RUN_CONTACTS,
                and_(
                    RUN_CONTACTS.c.run_id == DECISIONS.c.run_id,
                    RUN_CONTACTS.c.contact_id == DECISIONS.c.contact_id,
                ),
            )
            .where(RUNS.c.is_dry_run.is_(False), DECISIONS.c.decided_at <= until)
            .order_by(DECISIONS.c.decided_at, DECISIONS.c.id)
        )
        # Joined here and not in SQL: SQLite looks through the outbox once for every decision.
        left = select(OUTBOX.c.decision_id, LEFT_AT).where(
            OUTBOX.c.status.in_(MAY_HAVE_LEFT), OUTBOX.c.decision_id.is_not(None), until >= LEFT_AT
        )
        if campaign_id is not None:
            query = query.where(DECISIONS.c.campaign_id == campaign_id)
            left = left.where(OUTBOX.c.campaign_id == campaign_id)
        with self._engine.connect() as connection:
            left_at = {row[0]: row[1] for row in connection.execute(left)}
            return [
                DecisionLine(
                    *row[:4],
                    Arm(row[4]),
                    *row[5:8],
                    left_at.get(row[0]),
                    ContactOutcome(row[8]) if row[8] else None,
                    int(row[9]),
                    row[10],
                )
                for row in connection.execute(query)
            ]

    def acts(self, kinds: Sequence[EventKind], until: datetime, campaign_id: str | None = None) -> list[Act]:
        """Return what people (never machines) did, of these kinds, in no order.

        Args:
            kinds: stage changes come with their stage where their properties name one.
            until: UTC; nothing later.
            campaign_id: only contacts this campaign decided about; None for everyone.

        """
        columns = (EVENTS.c.contact_id, EVENTS.c.kind, EVENTS.c.at)
        wanted = [kind.value for kind in kinds if kind is not EventKind.STAGE_CHANGED]
        of_people = (EVENTS.c.contact_id.is_not(None), EVENTS.c.is_machine.is_(False), EVENTS.c.at <= until)
        query = select(*columns).where(*of_people, EVENTS.c.kind.in_(wanted))
        changes = select(*columns, EVENTS.c.properties).where(
            *of_people, EVENTS.c.kind == EventKind.STAGE_CHANGED.value
        )
        with self._engine.connect() as connection:
            by_name = {kind.value: kind for kind in EventKind}
            found = [
                Act(contact_id, by_name[kind], at)
                for contact_id, kind, at in connection.execute(_only(query, EVENTS.c.contact_id, campaign_id))
            ]
            if EventKind.STAGE_CHANGED in kinds:
                for contact_id, _, at, said in connection.execute(
                    _only(changes, EVENTS.c.contact_id, campaign_id)
                ):
                    if stage := _stage(said.get("to")):
                        act = Act(contact_id, EventKind.STAGE_CHANGED, at, stage, _stage(said.get("from")))
                        found.append(act)
            return found

    def harm(self, until: datetime, campaign_id: str | None = None) -> list[Harm]:
        """Return when contacts first unsubscribed or complained, by event or by the stop it left."""
        kinds = [EventKind.EMAIL_UNSUBSCRIBED.value, EventKind.EMAIL_COMPLAINED.value]
        told = select(EVENTS.c.contact_id, EVENTS.c.kind, EVENTS.c.at).where(
            EVENTS.c.contact_id.is_not(None),
            EVENTS.c.is_machine.is_(False),
            EVENTS.c.kind.in_(kinds),
            EVENTS.c.at <= until,
        )
        stops = select(SUPPRESSIONS.c.contact_id, SUPPRESSIONS.c.reason, SUPPRESSIONS.c.since).where(
            SUPPRESSIONS.c.contact_id.is_not(None),
            SUPPRESSIONS.c.reason.in_(list(_HARM)),
            SUPPRESSIONS.c.since <= until,
        )
        first: dict[tuple[str, SuppressionReason], datetime] = {}
        with self._engine.connect() as connection:
            for query, column in ((told, EVENTS.c.contact_id), (stops, SUPPRESSIONS.c.contact_id)):
                for contact_id, what, at in connection.execute(_only(query, column, campaign_id)):
                    key = (contact_id, _HARM[what])
                    first[key] = min(at, first.get(key, at))
        return [Harm(contact_id, reason, at) for (contact_id, reason), at in first.items()]

    def deals(self, until: datetime) -> list[DealStory]:
        """Return every deal opened by then, as it stood then."""
        ended = (EventKind.DEAL_WON.value, EventKind.DEAL_LOST.value)
        told = (
            select(EVENTS.c.deal_id, EVENTS.c.kind, func.max(EVENTS.c.at))
            .where(EVENTS.c.deal_id.is_not(None), EVENTS.c.kind.in_(ended))
            .group_by(EVENTS.c.deal_id, EVENTS.c.kind)
        )
        stages = select(
            DEAL_STAGES.c.deal_id, func.min(DEAL_STAGES.c.entered_at), func.max(DEAL_STAGES.c.entered_at)
        ).group_by(DEAL_STAGES.c.deal_id)
        with self._engine.connect() as connection:
            people: dict[str, list[tuple[str, BuyingRoleKind]]] = defaultdict(list)
            for row in connection.execute(select(BUYING_ROLES)):
                people[row.deal_id].append((row.contact_id, BuyingRoleKind(row.kind)))
            ends: dict[str, dict[bool, datetime]] = defaultdict(dict)
            for deal_id, kind, at in connection.execute(told):
                ends[deal_id][kind == EventKind.DEAL_WON.value] = at
            entered = {deal_id: (first, last) for deal_id, first, last in connection.execute(stages)}
            stories = []
            for deal in connection.execute(select(DEALS).order_by(DEALS.c.id)):
                story = _story(
                    deal, ends.get(deal.id, {}), entered.get(deal.id), tuple(people[deal.id]), until
                )
                if story is not None:
                    stories.append(story)
            return stories

    def account_acts(self, until: datetime) -> list[AccountAct]:
        """Return renewals and losses told of accounts without naming a deal."""
        kinds = (EventKind.RENEWED.value, EventKind.CUSTOMER_LOST.value)
        query = select(EVENTS.c.account_id, EVENTS.c.kind, EVENTS.c.at).where(
            EVENTS.c.account_id.is_not(None),
            EVENTS.c.deal_id.is_(None),
            EVENTS.c.kind.in_(kinds),
            EVENTS.c.at <= until,
        )
        with self._engine.connect() as connection:
            return [
                AccountAct(row[0], EventKind(row[1]), row[2]) for row in connection.execute(query.distinct())
            ]

    def standpoints(self, campaign_id: str | None = None) -> list[Standpoint]:
        """Return where contacts stand now."""
        query = select(
            CONTACTS.c.id, CONTACTS.c.account_id, CONTACTS.c.lifecycle_stage, CONTACTS.c.stage_since
        ).order_by(CONTACTS.c.id)
        with self._engine.connect() as connection:
            return [
                Standpoint(contact_id, account_id, LifecycleStage(stage), since)
                for contact_id, account_id, stage, since in connection.execute(
                    _only(query, CONTACTS.c.id, campaign_id)
                )
            ]


def _only(query: Select[Any], contact: Any, campaign_id: str | None) -> Select[Any]:
    if campaign_id is None:
        return query
    meant = select(DECISIONS.c.contact_id).where(DECISIONS.c.campaign_id == campaign_id)
    return query.where(contact.in_(meant))


def _stage(word: object) -> LifecycleStage | None:
    return LifecycleStage(word) if word in {stage.value for stage in LifecycleStage} else None


def _story(
    deal: Any,
    ends: dict[bool, datetime],
    entered: tuple[datetime, datetime] | None,
    people: tuple[tuple[str, BuyingRoleKind], ...],
    until: datetime,
) -> DealStory | None:
    opened = deal.created_at or (entered[0] if entered else None)
    if opened is not None and opened > until:
        return None
    is_won, closed = bool(deal.is_won), None
    if ends:
        # Both were told: the later word counts.
        is_won, closed = max(ends.items(), key=lambda end: end[1])
    elif deal.is_closed and entered:
        closed = entered[1]
    elif deal.is_closed and deal.closes_on:
        closed = datetime.combine(deal.closes_on, time(), tzinfo=UTC)
    closes_later = closed is not None and closed > until
    is_open = closes_later or (closed is None and not deal.is_closed)
    if closes_later:
        closed = None
    return DealStory(
        id=deal.id,
        account_id=deal.account_id,
        kind=DealKind(deal.kind),
        amount_cents=deal.amount_cents,
        currency=deal.currency,
        opened_at=opened,
        closed_at=closed,
        is_open=is_open,
        is_won=is_won and closed is not None,
        people=people,
    )

"""What results ask the CRM beside outcomes: who handled decisions, what was believed and taken, how fresh it all is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, and_, case, func, select

from domain.base import Noun, UtcDatetime
from domain.decision import SILENCE, Arm
from domain.people import LifecycleStage, Seniority
from domain.review import ProposalStatus
from domain.run import ContactOutcome
from memory.crm.statements import (
    ACCOUNTS,
    AUDIT,
    CAMPAIGNS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    PROPOSALS,
    RUN_CONTACTS,
    RUNS,
)


class Handled(NamedTuple):
    """How many contacts of one run ended or stand alike. `asked` is None where no person was asked."""

    run_id: str
    started_at: datetime
    outcome: ContactOutcome
    asked: ProposalStatus | None
    was_edited: bool
    many: int


class Believed(NamedTuple):
    """One decision of the learner with everything it weighed, and who it was about.

    `alternatives`: each action key, probability, value and uncertainty in cents.
    """

    contact_id: str
    decided_at: datetime
    learner_version: str
    alternatives: Sequence[Sequence[Any]]
    stage: LifecycleStage
    seniority: Seniority
    industry: str | None
    employees: int | None


class Taken(NamedTuple):
    """How many decisions of one run one arm took alike."""

    arm: Arm
    is_silence: bool
    many: int


class Freshness(Noun):
    """How much is known; where it is the same, so are results counted at the same time.

    heard_at: when the newest event reached us. audit_lines: sends, reviews, runs and changes each add one.
    """

    decisions: int
    campaigns: int
    heard_at: UtcDatetime | None
    audit_lines: int


class ResultsReader:
    """Reads for pages of results; a few queries a page, none a contact."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handled(self, campaign_id: str, until: datetime) -> list[Handled]:
        """Return how a campaign's runs ended for their contacts, oldest run first; dry runs are left out."""
        was_edited = case((PROPOSALS.c.version > 1, 1), else_=0)
        asked = and_(
            PROPOSALS.c.run_id == RUN_CONTACTS.c.run_id, PROPOSALS.c.contact_id == RUN_CONTACTS.c.contact_id
        )
        columns = (RUNS.c.id, RUNS.c.started_at, RUN_CONTACTS.c.outcome, PROPOSALS.c.status, was_edited)
        query = (
            select(*columns, func.count())
            .select_from(
                RUNS.join(RUN_CONTACTS, RUN_CONTACTS.c.run_id == RUNS.c.id).outerjoin(PROPOSALS, asked)
            )
            .where(
                RUNS.c.campaign_id == campaign_id, RUNS.c.is_dry_run.is_(False), RUNS.c.started_at <= until
            )
            .group_by(*columns)
            .order_by(RUNS.c.started_at, RUNS.c.id)
        )
        with self._engine.connect() as connection:
            return [
                Handled(
                    run_id,
                    started_at,
                    ContactOutcome(outcome),
                    ProposalStatus(status) if status else None,
                    bool(edited),
                    many,
                )
                for run_id, started_at, outcome, status, edited, many in connection.execute(query)
            ]

    def model_calls(self, campaign_id: str) -> int:
        """Return how many calls to models a campaign took."""
        query = (
            select(func.coalesce(func.sum(RUN_CONTACTS.c.calls), 0))
            .select_from(RUN_CONTACTS.join(RUNS, RUNS.c.id == RUN_CONTACTS.c.run_id))
            .where(RUNS.c.campaign_id == campaign_id)
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def believed(self, campaign_id: str, until: datetime, enough: int, most: int) -> list[Believed]:
        """Return the learner's newest decisions, one a contact, run by run until there are `enough`; at most `most`."""
        runs = (
            select(RUNS.c.id)
            .where(
                RUNS.c.campaign_id == campaign_id, RUNS.c.is_dry_run.is_(False), RUNS.c.started_at <= until
            )
            .order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())
        )
        found: dict[str, Believed] = {}
        with self._engine.connect() as connection:
            for run_id in connection.execute(runs).scalars().all():
                for row in self._believed_in(connection, run_id, most - len(found)):
                    found.setdefault(row.contact_id, row)
                if len(found) >= enough:
                    break
        return list(found.values())

    def _believed_in(self, connection: Any, run_id: str, most: int) -> Iterator[Believed]:
        query = (
            select(
                DECISIONS.c.contact_id,
                DECISIONS.c.decided_at,
                DECISIONS.c.learner_version,
                DECISIONS.c.alternatives,
                CONTACTS.c.lifecycle_stage,
                CONTACTS.c.seniority,
                ACCOUNTS.c.industry,
                ACCOUNTS.c.employees,
            )
            .join(CONTACTS, CONTACTS.c.id == DECISIONS.c.contact_id)
            .outerjoin(ACCOUNTS, ACCOUNTS.c.id == CONTACTS.c.account_id)
            .where(DECISIONS.c.run_id == run_id, DECISIONS.c.arm == Arm.LEARNED.value)
            .order_by(DECISIONS.c.contact_id)
            .limit(most)
        )
        for row in connection.execute(query):
            yield Believed(
                contact_id=row.contact_id,
                decided_at=row.decided_at,
                learner_version=row.learner_version,
                alternatives=row.alternatives,
                stage=LifecycleStage(row.lifecycle_stage),
                seniority=Seniority(row.seniority),
                industry=row.industry,
                employees=row.employees,
            )

    def taken(self, run_id: str) -> list[Taken]:
        """Return what each arm took in a run: how often a message, how often silence."""
        is_silence = (DECISIONS.c.action_key == SILENCE.key).label("is_silence")
        query = select(DECISIONS.c.arm, is_silence, func.count().label("many"))
        query = query.where(DECISIONS.c.run_id == run_id).group_by(DECISIONS.c.arm, is_silence)
        with self._engine.connect() as connection:
            return [Taken(Arm(arm), bool(silence), many) for arm, silence, many in connection.execute(query)]

    def silences(self, run_id: str, most: int) -> list[Sequence[Sequence[Any]]]:
        """Return what the learner weighed wherever it took silence in a run, by contact; at most so many."""
        query = (
            select(DECISIONS.c.alternatives)
            .where(
                DECISIONS.c.run_id == run_id,
                DECISIONS.c.arm == Arm.LEARNED.value,
                DECISIONS.c.action_key == SILENCE.key,
            )
            .order_by(DECISIONS.c.contact_id)
            .limit(most)
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def freshness(self) -> Freshness:
        """Return how fresh the CRM is; milliseconds, however large it is."""
        with self._engine.connect() as connection:
            return Freshness(
                decisions=connection.execute(select(func.count()).select_from(DECISIONS)).scalar() or 0,
                campaigns=connection.execute(select(func.count()).select_from(CAMPAIGNS)).scalar() or 0,
                heard_at=connection.execute(select(func.max(EVENTS.c.received_at))).scalar(),
                audit_lines=connection.execute(select(func.max(AUDIT.c.seq))).scalar() or 0,
            )

"""The log of decisions in bulk: run by run in time, contact by contact, a page at a time.

Within a run the pages follow the unique key (run, contact), so a page costs the same however long the log
is. Rows are light records, not validated nouns: they were validated when written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, func, select

from domain.campaign import Autonomy
from domain.decision import Arm
from domain.run import ContactOutcome
from memory.crm.statements import DECISIONS, RUN_CONTACTS, RUNS

PAGE_ROWS = 5_000

Alternatives = Sequence[Sequence[Any]]
"""Each: action key, probability, value in cents or None, uncertainty in cents or None."""


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One decision as it was logged, with its run's seed and whether anything could have left the house."""

    id: str
    run_id: str
    campaign_id: str
    contact_id: str
    decided_at: datetime
    arm: Arm
    action_key: str
    propensity: float
    alternatives: Alternatives
    learner_version: str
    features_version: str
    seed: int
    is_rehearsal: bool
    unit_cents: float | None = None

    @property
    def is_drawn(self) -> bool:
        """Tell whether this was a draw with known odds whose message could really go out.

        Not so a holdout or a usual-practice decision (no draw), a dry run or a shadow run (nothing sent).
        """
        return self.arm in {Arm.EXPLORE, Arm.LEARNED} and bool(self.alternatives) and not self.is_rehearsal


@dataclass(frozen=True, slots=True)
class LoggedRefusal:
    """A contact a rule kept out of a run before any decision: the constraint of a campaign's audience."""

    run_id: str
    campaign_id: str
    contact_id: str
    rule_id: str
    reason: str
    refused_at: datetime


class DecisionLogReader:
    """Reads decisions and refusals of many runs."""

    def __init__(self, engine: Engine, page_rows: int = PAGE_ROWS) -> None:
        self._engine = engine
        self._page_rows = page_rows

    def how_many(self, run_id: str, arm: Arm) -> int:
        """Return how many decisions of a run one arm took."""
        query = select(func.count()).select_from(DECISIONS)
        query = query.where(DECISIONS.c.run_id == run_id, DECISIONS.c.arm == arm.value)
        with self._engine.connect() as connection:
            return int(connection.scalar(query) or 0)

    def pages(
        self, campaign_id: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[list[LoggedDecision]]:
        """Yield decisions, oldest run first, by contact within a run; `since` counts, `until` no longer.

        Args:
            campaign_id: of one campaign, or of all.
            since: UTC time of the earliest decision.
            until: UTC time before which decisions were taken.

        """
        for run in self._runs(campaign_id, until):
            query = select(*_DECISION).where(DECISIONS.c.run_id == run.id)
            if since is not None:
                query = query.where(DECISIONS.c.decided_at >= since)
            if until is not None:
                query = query.where(DECISIONS.c.decided_at < until)
            rehearsal = run.is_dry_run or run.autonomy == Autonomy.SHADOW.value
            for rows in self._by_contact(query, DECISIONS.c.contact_id):
                yield [_decision(row, run.seed, rehearsal) for row in rows]

    def refusal_pages(
        self, campaign_id: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[list[LoggedRefusal]]:
        """Yield refusals by rule, oldest run first, by contact within a run."""
        for run in self._runs(campaign_id, until):
            query = select(*_REFUSAL).where(
                RUN_CONTACTS.c.run_id == run.id, RUN_CONTACTS.c.outcome == ContactOutcome.REFUSED.value
            )
            if since is not None:
                query = query.where(RUN_CONTACTS.c.updated_at >= since)
            if until is not None:
                query = query.where(RUN_CONTACTS.c.updated_at < until)
            for rows in self._by_contact(query, RUN_CONTACTS.c.contact_id):
                yield [
                    LoggedRefusal(
                        run.id, run.campaign_id, row.contact_id, row.rule_id or "", row.reason, row.updated_at
                    )
                    for row in rows
                ]

    def _runs(self, campaign_id: str | None, until: datetime | None) -> Sequence[Any]:
        columns = (RUNS.c.id, RUNS.c.campaign_id, RUNS.c.seed, RUNS.c.is_dry_run, RUNS.c.autonomy)
        query = select(*columns).order_by(RUNS.c.started_at, RUNS.c.id)
        if campaign_id is not None:
            query = query.where(RUNS.c.campaign_id == campaign_id)
        if until is not None:
            query = query.where(RUNS.c.started_at < until)
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def _by_contact(self, query: Select[Any], contact: Any) -> Iterator[Sequence[Any]]:
        after = ""
        while True:
            page = query.where(contact > after).order_by(contact).limit(self._page_rows)
            with self._engine.connect() as connection:
                rows = connection.execute(page).all()
            if rows:
                yield rows
            if len(rows) < self._page_rows:
                return
            after = rows[-1].contact_id


_NAMES = (
    "id",
    "run_id",
    "campaign_id",
    "contact_id",
    "decided_at",
    "arm",
    "action_key",
    "propensity",
    "alternatives",
    "learner_version",
    "features_version",
    "unit_cents",
)
_DECISION = tuple(DECISIONS.c[name] for name in _NAMES)
_REFUSAL = tuple(RUN_CONTACTS.c[name] for name in ("contact_id", "rule_id", "reason", "updated_at"))
_ARM = {arm.value: arm for arm in Arm}


def _decision(row: Any, seed: int, is_rehearsal: bool) -> LoggedDecision:
    values = dict(zip(_NAMES, row, strict=True))
    return LoggedDecision(**{**values, "arm": _ARM[values["arm"]]}, seed=seed, is_rehearsal=is_rehearsal)

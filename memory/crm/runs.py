"""Campaign runs: what was decided for the whole audience, and how each contact fares.

A run's decisions and ledger are written in one transaction: after a crash a run has decided for
everyone or for no one, never for half.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, bindparam, func, select, update

from domain.campaign import Campaign
from domain.decision import Decision
from domain.errors import NotFound, RunOpen
from domain.message import Usage
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from memory.crm import codec
from memory.crm.content import save_campaign
from memory.crm.statements import DECISIONS, RUN_CONTACTS, RUNS, insert_all, insert_new, upsert, writing

Part = tuple[Sequence[Decision], Sequence[RunContact]]
"""Some of a run's decisions and of its ledger's lines."""

_OPEN = (RunStatus.DECIDING.value, RunStatus.RUNNING.value)
_USAGE = tuple(Usage.model_fields)

# Built once: a run asks these for every contact, and building a statement costs more than running it.
_RUN = select(RUNS).where(RUNS.c.id == bindparam("id"))
_LINE = select(RUN_CONTACTS).where(
    RUN_CONTACTS.c.run_id == bindparam("run_id"), RUN_CONTACTS.c.contact_id == bindparam("contact_id")
)


def _count_by(column: ColumnElement[str | None]) -> Select[str | None, int]:
    counted = select(column, func.count()).where(RUN_CONTACTS.c.run_id == bindparam("run_id"))
    return counted.group_by(column)


_BY_OUTCOME, _BY_RULE = _count_by(RUN_CONTACTS.c.outcome), _count_by(RUN_CONTACTS.c.rule_id)


def _packed(decisions: Sequence[Decision], lines: Sequence[RunContact]) -> bytes:
    rows = [*map(codec.decision_row, decisions)], [*map(codec.run_contact_row, lines)]
    return zlib.compress(pickle.dumps(rows), level=1)


def _newest(since: datetime, most: int) -> Any:
    """Ids of the newest runs since then, dry runs apart."""
    began = select(RUNS.c.id).where(RUNS.c.is_dry_run.is_(False), RUNS.c.started_at >= since)
    return select(began.order_by(RUNS.c.started_at.desc()).limit(most).subquery().c.id)


class RunStore:
    """Keeps runs and their ledgers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, run: Run, campaign: Campaign) -> Run:
        """Keep the campaign as run and the run itself; a known run id returns what is stored.

        Raises:
            RunOpen: another run of this kind is under way; nothing was changed.

        """
        with writing(self._engine) as connection:
            stored = connection.execute(_RUN, {"id": run.id}).mappings().first()
            if stored is not None:
                return codec.run_of(stored)
            save_campaign(connection, campaign, run.started_at)
            if insert_new(connection, RUNS, [codec.run_row(run)]):
                return run
            connection.rollback()
        other = self.open_run(campaign.id, is_dry_run=run.is_dry_run)
        raise RunOpen(other.id if other else run.id, "another process has begun it this very moment")

    def get(self, run_id: str) -> Run:
        """Return one run. Raises `NotFound`."""
        with self._engine.connect() as connection:
            row = connection.execute(_RUN, {"id": run_id}).mappings().first()
        if row is None:
            raise NotFound("run", run_id, "See `attune runs list`.")
        return codec.run_of(row)

    def record(self, run_id: str, decisions: Sequence[Decision], lines: Sequence[RunContact]) -> bool:
        """Write what was decided for the whole audience in one part; see `record_parts`."""
        return self.record_parts(run_id, [(decisions, lines)])

    def record_parts(self, run_id: str, parts: Iterable[Part]) -> bool:
        """Write what was decided for the whole audience and set the run running, all or nothing.

        All parts are taken before the first row is written: nobody who writes meanwhile has to wait for a decision.
        They are kept packed until then, as a hundred thousand decisions would fill a gigabyte.

        Returns:
            True if this call wrote it; False if the run was recorded before, and nothing changed.

        """
        packed = [_packed(*part) for part in parts]
        with writing(self._engine) as connection:
            deciding = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == RunStatus.DECIDING.value)
            if connection.execute(deciding.values(status=RunStatus.RUNNING.value)).rowcount == 0:
                return False
            for part in packed:
                decision_rows, line_rows = pickle.loads(zlib.decompress(part))  # noqa: S301  # packed a moment ago
                insert_all(connection, DECISIONS, decision_rows)
                insert_all(connection, RUN_CONTACTS, line_rows)
            return True

    def start_decided(self, run: Run, campaign: Campaign, decision: Decision, line: RunContact) -> None:
        """Keep a run of one contact with its decision, all or nothing; it is closed, so no other run waits for it."""
        with writing(self._engine) as connection:
            save_campaign(connection, campaign, run.started_at)
            insert_all(connection, RUNS, [codec.run_row(run)])
            insert_all(connection, DECISIONS, [codec.decision_row(decision)])
            insert_all(connection, RUN_CONTACTS, [codec.run_contact_row(line)])

    def open_run(self, campaign_id: str, *, is_dry_run: bool = False) -> Run | None:
        """Return the campaign's newest unfinished run of this kind, to be carried on, or None."""
        query = (
            select(RUNS)
            .where(
                RUNS.c.campaign_id == campaign_id,
                RUNS.c.status.in_(_OPEN),
                RUNS.c.is_dry_run == is_dry_run,
            )
            .order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else codec.run_of(row)

    def queued(self, run_id: str, after: str = "", limit: int = 1_000) -> tuple[RunContact, ...]:
        """Return lines a job still has to carry further, by contact id, from the one after `after`."""
        return self.ledger(run_id, outcome=ContactOutcome.QUEUED, after=after, limit=limit)

    def mark(self, line: RunContact) -> None:
        """Set how a contact stands in its run; the usage given is added to what is there."""
        self.mark_all([line])

    def mark_all(self, lines: Sequence[RunContact]) -> None:
        """Set how many contacts stand, in one transaction."""
        with writing(self._engine) as connection:
            for has_decision in (True, False):
                rows = [
                    codec.run_contact_row(line)
                    for line in lines
                    if (line.decision_id is not None) == has_decision
                ]
                upsert(
                    connection,
                    RUN_CONTACTS,
                    rows,
                    keys=["run_id", "contact_id"],
                    adding=_USAGE,
                    keeping=[] if has_decision else ["decision_id"],
                )

    def finish(self, run_id: str, at: datetime, status: RunStatus = RunStatus.FINISHED) -> Run:
        """Close a run; one that is closed already stays as it was closed."""
        with writing(self._engine) as connection:
            connection.execute(
                update(RUNS)
                .where(RUNS.c.id == run_id, RUNS.c.status.in_(_OPEN))
                .values(status=status.value, finished_at=at)
            )
        return self.get(run_id)

    def stop(self, run_id: str, at: datetime) -> Run:
        """Give an unfinished run up: whoever is still queued is not reached. A closed run stays as it is."""
        with writing(self._engine) as connection:
            given_up = (
                update(RUNS)
                .where(RUNS.c.id == run_id, RUNS.c.status.in_(_OPEN))
                .values(status=RunStatus.STOPPED.value, finished_at=at)
            )
            if connection.execute(given_up).rowcount:
                connection.execute(
                    update(RUN_CONTACTS)
                    .where(
                        RUN_CONTACTS.c.run_id == run_id, RUN_CONTACTS.c.outcome == ContactOutcome.QUEUED.value
                    )
                    .values(
                        outcome=ContactOutcome.NOT_REACHED.value, reason="The run was stopped.", updated_at=at
                    )
                )
        return self.get(run_id)

    def retry_parked(self, run_id: str, contact_id: str | None, at: datetime) -> int:
        """Put parked contacts back on the queue, and an ended run with them under way; return how many.

        Raises:
            RunOpen: another run of the campaign is under way; nothing was changed.

        """
        parked = update(RUN_CONTACTS).where(
            RUN_CONTACTS.c.run_id == run_id, RUN_CONTACTS.c.outcome == ContactOutcome.PARKED.value
        )
        if contact_id is not None:
            parked = parked.where(RUN_CONTACTS.c.contact_id == contact_id)
        run = self.get(run_id)
        with writing(self._engine) as connection:
            values = {"outcome": ContactOutcome.QUEUED.value, "reason": "", "updated_at": at}
            many = connection.execute(parked.values(**values)).rowcount
            if many and run.status.value not in _OPEN:
                other = connection.execute(
                    select(RUNS.c.id).where(
                        RUNS.c.campaign_id == run.campaign_id,
                        RUNS.c.is_dry_run == run.is_dry_run,
                        RUNS.c.status.in_(_OPEN),
                    )
                ).scalar()
                if other is not None:
                    raise RunOpen(other, f"contacts of the earlier run {run_id} were to be tried again")
                reopened = update(RUNS).where(RUNS.c.id == run_id)
                connection.execute(reopened.values(status=RunStatus.RUNNING.value, finished_at=None))
            return many

    def line(self, run_id: str, contact_id: str) -> RunContact | None:
        """Return one contact's line, or None if the run did not consider it."""
        with self._engine.connect() as connection:
            row = connection.execute(_LINE, {"run_id": run_id, "contact_id": contact_id}).mappings().first()
        return None if row is None else codec.run_contact_of(row)

    def lines_of(self, contact_id: str, limit: int = 20) -> tuple[RunContact, ...]:
        """Return one contact's lines in every run, newest run first."""
        query = (
            select(RUN_CONTACTS)
            .join(RUNS, RUNS.c.id == RUN_CONTACTS.c.run_id)
            .where(RUN_CONTACTS.c.contact_id == contact_id)
            .order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return tuple(codec.run_contact_of(row) for row in connection.execute(query).mappings())

    def counts(self, run_id: str) -> dict[ContactOutcome, int]:
        """Return how many contacts stand where."""
        return {ContactOutcome(key): many for key, many in self._counted(run_id, _BY_OUTCOME)}

    def counts_by_rule(self, run_id: str) -> dict[str, int]:
        """Return how many contacts each rule kept back, most first."""
        counted = [(rule, many) for rule, many in self._counted(run_id, _BY_RULE) if rule]
        return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))

    def usage(self, run_id: str) -> Usage:
        """Return what the whole run took from language models."""
        sums = [func.coalesce(func.sum(RUN_CONTACTS.c[name]), 0).label(name) for name in _USAGE]
        with self._engine.connect() as connection:
            row = connection.execute(select(*sums).where(RUN_CONTACTS.c.run_id == run_id)).mappings().one()
        return Usage(**{name: int(row[name]) for name in _USAGE})

    def usage_since(self, campaign_id: str, since: datetime) -> Usage:
        """Return what a campaign's contacts who were touched since then took from models, dry runs apart."""
        sums = [func.coalesce(func.sum(RUN_CONTACTS.c[name]), 0).label(name) for name in _USAGE]
        query = (
            select(*sums)
            .select_from(RUN_CONTACTS.join(RUNS, RUNS.c.id == RUN_CONTACTS.c.run_id))
            .where(
                RUNS.c.campaign_id == campaign_id,
                RUNS.c.is_dry_run.is_(False),
                RUN_CONTACTS.c.updated_at >= since,
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one()
        return Usage(**{name: int(row[name]) for name in _USAGE})

    def open_runs(self) -> tuple[Run, ...]:
        """Return every unfinished run that is no dry run, the oldest first."""
        return self._open(RUNS.c.is_dry_run.is_(False))

    def open_samples(self) -> tuple[Run, ...]:
        """Return every unfinished dry run of a sample, the oldest first."""
        return self._open(RUNS.c.sample.is_not(None))

    def _open(self, which: ColumnElement[bool]) -> tuple[Run, ...]:
        query = select(RUNS).where(RUNS.c.status.in_(_OPEN), which)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(RUNS.c.started_at, RUNS.c.id)).mappings()
            return tuple(codec.run_of(row) for row in rows)

    def runs(self, campaign_id: str | None = None, limit: int = 50, offset: int = 0) -> tuple[Run, ...]:
        """Return runs, newest first."""
        query = select(RUNS).order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc()).limit(limit).offset(offset)
        if campaign_id is not None:
            query = query.where(RUNS.c.campaign_id == campaign_id)
        with self._engine.connect() as connection:
            return tuple(codec.run_of(row) for row in connection.execute(query).mappings())

    def latest(self, campaign_id: str, *, is_dry_run: bool = False) -> Run | None:
        """Return the newest run of this kind, whatever became of it, or None."""
        query = select(RUNS).where(RUNS.c.campaign_id == campaign_id, RUNS.c.is_dry_run == is_dry_run)
        with self._engine.connect() as connection:
            newest = query.order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc()).limit(1)
            row = connection.execute(newest).mappings().first()
        return None if row is None else codec.run_of(row)

    def kept_back(self, since: datetime, most_runs: int = 50) -> dict[str, dict[ContactOutcome, int]]:
        """Return how many contacts each rule kept back in the newest runs begun since then, by outcome."""
        counted = (
            select(RUN_CONTACTS.c.rule_id, RUN_CONTACTS.c.outcome, func.count())
            .where(RUN_CONTACTS.c.run_id.in_(_newest(since, most_runs)), RUN_CONTACTS.c.rule_id.is_not(None))
            .group_by(RUN_CONTACTS.c.rule_id, RUN_CONTACTS.c.outcome)
        )
        found: dict[str, dict[ContactOutcome, int]] = {}
        with self._engine.connect() as connection:
            for rule_id, outcome, many in connection.execute(counted):
                found.setdefault(str(rule_id), {})[ContactOutcome(outcome)] = many
        return found

    def kept_back_by(
        self, rule_id: str, since: datetime, limit: int = 20, most_runs: int = 50
    ) -> tuple[RunContact, ...]:
        """Return lines a rule kept back in the newest runs begun since then, newest first."""
        query = (
            select(RUN_CONTACTS)
            .where(RUN_CONTACTS.c.run_id.in_(_newest(since, most_runs)), RUN_CONTACTS.c.rule_id == rule_id)
            .order_by(RUN_CONTACTS.c.updated_at.desc(), RUN_CONTACTS.c.contact_id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return tuple(codec.run_contact_of(row) for row in connection.execute(query).mappings())

    def ledger(
        self,
        run_id: str,
        *,
        outcome: ContactOutcome | None = None,
        rule_id: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> tuple[RunContact, ...]:
        """Return lines by contact id, from the one after contact `after`."""
        query = select(RUN_CONTACTS).where(RUN_CONTACTS.c.run_id == run_id, RUN_CONTACTS.c.contact_id > after)
        if outcome is not None:
            query = query.where(RUN_CONTACTS.c.outcome == outcome.value)
        if rule_id is not None:
            query = query.where(RUN_CONTACTS.c.rule_id == rule_id)
        query = query.order_by(RUN_CONTACTS.c.contact_id).limit(limit)
        with self._engine.connect() as connection:
            return tuple(codec.run_contact_of(row) for row in connection.execute(query).mappings())

    def _counted(self, run_id: str, query: Select[str | None, int]) -> list[tuple[Any, int]]:
        with self._engine.connect() as connection:
            return [(key, many) for key, many in connection.execute(query, {"run_id": run_id})]

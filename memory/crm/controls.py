"""What lets a campaign run: its state as a person or the breaker set it, and who claimed which scheduled run.

The state is read again inside the transaction that reserves a message, so a pause holds from its commit on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, select, text, update

from domain.schedule import CampaignStanding, CampaignState, ScheduledRun, ScheduledState
from memory.crm.statements import CAMPAIGN_STATES, SCHEDULED_RUNS, insert_new, is_postgres, upsert, writing

# Built once: every reservation asks this, and building a statement costs more than running it.
_STATE = select(CAMPAIGN_STATES).where(CAMPAIGN_STATES.c.campaign_id == bindparam("campaign_id"))

_LOCK_KEY = 0x7374617465
"""PostgreSQL advisory lock of those who change a state: `state` in ASCII."""


class ControlStore:
    """Keeps campaigns' states and the claims of their scheduled runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standing(self, campaign_id: str) -> CampaignStanding:
        """Return how a campaign stands; one nobody ever touched is active."""
        with self._engine.connect() as connection:
            return standing_in(connection, campaign_id)

    def standings(self) -> dict[str, CampaignStanding]:
        """Return every campaign's standing that was ever set, by campaign id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(CAMPAIGN_STATES)).mappings()
            return {row["campaign_id"]: CampaignStanding.model_validate(dict(row)) for row in rows}

    def set(
        self,
        standing: CampaignStanding,
        *,
        only_from: Sequence[CampaignState] = (),
        tell: Callable[[Connection], None] | None = None,
    ) -> bool:
        """Set a campaign's state and tell whether it changed; the same state again changes nothing.

        Args:
            standing: the new one; its `since` must be given.
            only_from: states it may be set from; empty means any.
            tell: writes the audit's line of a change, with the transaction's connection.

        """
        if standing.since is None:
            raise ValueError(f"standing of {standing.campaign_id} without `since`")
        with writing(self._engine) as connection:
            if is_postgres(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            before = standing_in(connection, standing.campaign_id).state
            if before is standing.state or (only_from and before not in only_from):
                return False
            row = {**standing.model_dump(), "state": standing.state.value}
            upsert(connection, CAMPAIGN_STATES, [row], keys=["campaign_id"])
            if tell is not None:
                tell(connection)
            return True

    def claim(self, scheduled: ScheduledRun) -> bool:
        """Take one instant of a schedule; True for exactly one caller, however many try."""
        row = {**scheduled.model_dump(), "state": scheduled.state.value}
        with writing(self._engine) as connection:
            return insert_new(connection, SCHEDULED_RUNS, [row]) == 1

    def take_over(self, scheduled: ScheduledRun, by: str, at: datetime) -> bool:
        """Take a claim whose holder died before its run began; True for exactly one caller."""
        taking = (
            update(SCHEDULED_RUNS)
            .where(
                *_which(scheduled),
                SCHEDULED_RUNS.c.state == ScheduledState.CLAIMED.value,
                SCHEDULED_RUNS.c.claimed_at == scheduled.claimed_at,
            )
            .values(claimed_by=by, claimed_at=at)
        )
        with writing(self._engine) as connection:
            return connection.execute(taking).rowcount == 1

    def settle(
        self, scheduled: ScheduledRun, state: ScheduledState, *, run_id: str | None = None, detail: str = ""
    ) -> None:
        """Say what became of a claimed instant; one that was told of already stays."""
        still_claimed = SCHEDULED_RUNS.c.state == ScheduledState.CLAIMED.value
        told = update(SCHEDULED_RUNS).where(*_which(scheduled), still_claimed)
        with writing(self._engine) as connection:
            connection.execute(told.values(state=state.value, run_id=run_id, detail=detail))

    def newest(self, campaign_id: str) -> ScheduledRun | None:
        """Return the latest instant of a campaign that anybody took note of."""
        found = self.scheduled(campaign_id, limit=1)
        return found[0] if found else None

    def left_claimed(self, before: datetime) -> tuple[ScheduledRun, ...]:
        """Return claims made before `before` of which no run came: their holders may be dead."""
        query = select(SCHEDULED_RUNS).where(
            SCHEDULED_RUNS.c.state == ScheduledState.CLAIMED.value, SCHEDULED_RUNS.c.claimed_at < before
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(SCHEDULED_RUNS.c.scheduled_at)).mappings()
            return tuple(ScheduledRun.model_validate(dict(row)) for row in rows)

    def scheduled(self, campaign_id: str | None = None, limit: int = 20) -> tuple[ScheduledRun, ...]:
        """Return what became of scheduled instants, newest first."""
        query = select(SCHEDULED_RUNS)
        if campaign_id is not None:
            query = query.where(SCHEDULED_RUNS.c.campaign_id == campaign_id)
        query = query.order_by(SCHEDULED_RUNS.c.scheduled_at.desc(), SCHEDULED_RUNS.c.campaign_id).limit(
            limit
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return tuple(ScheduledRun.model_validate(dict(row)) for row in rows)

    def runs_begun(self, campaign_id: str) -> int:
        """Count the scheduled instants of a campaign that became runs."""
        query = select(func.count()).where(
            SCHEDULED_RUNS.c.campaign_id == campaign_id, SCHEDULED_RUNS.c.state == ScheduledState.BEGUN.value
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()


def standing_in(connection: Connection, campaign_id: str) -> CampaignStanding:
    """Read a campaign's standing with the caller's connection: inside a send, the sending transaction's."""
    row = connection.execute(_STATE, {"campaign_id": campaign_id}).mappings().first()
    return (
        CampaignStanding(campaign_id=campaign_id)
        if row is None
        else CampaignStanding.model_validate(dict(row))
    )


def _which(scheduled: ScheduledRun) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        SCHEDULED_RUNS.c.campaign_id == scheduled.campaign_id,
        SCHEDULED_RUNS.c.scheduled_at == scheduled.scheduled_at,
    )

"""One run of one campaign, and how each contact fared in it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import PositiveInt

from domain.base import Noun, UtcDatetime
from domain.campaign import Autonomy
from domain.message import Usage


class RunStatus(StrEnum):
    """Where a run stands."""

    DECIDING = "deciding"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class Run(Noun):
    """One campaign run. `seed` reproduces every draw in it.

    `sample`, of a dry run: for so many of those who would get a message one is drafted; None is for all of them.
    """

    id: str
    campaign_id: str
    status: RunStatus
    autonomy: Autonomy
    is_dry_run: bool = False
    sample: PositiveInt | None = None
    seed: int
    started_at: UtcDatetime
    finished_at: UtcDatetime | None = None


class ContactOutcome(StrEnum):
    """How a run ended, or stands, for one contact."""

    REFUSED = "refused"
    HELD_OUT = "held_out"
    SILENT = "silent"
    DECIDED_BEFORE = "decided_before"
    QUEUED = "queued"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    SENT = "sent"
    SHADOWED = "shadowed"
    BLOCKED = "blocked"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    PARKED = "parked"
    NOT_REACHED = "not_reached"

    @property
    def is_open(self) -> bool:
        """Tell whether a job still has to carry this contact further by itself."""
        return self is ContactOutcome.QUEUED


class RunContact(Noun):
    """One contact's line in a run's ledger."""

    run_id: str
    contact_id: str
    outcome: ContactOutcome
    rule_id: str | None = None
    reason: str = ""
    decision_id: str | None = None
    usage: Usage = Usage()
    updated_at: UtcDatetime

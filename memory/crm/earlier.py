"""What a campaign decided lately, so that a run repeated minutes later does not draw anew."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select

from domain.campaign import Autonomy
from domain.decision import SILENCE, Arm
from memory.crm.statements import DECISIONS, RUNS


class Silence(NamedTuple):
    """A contact's newest decision of a campaign, where that was to say nothing."""

    decision_id: str
    contact_id: str
    arm: Arm
    decided_at: datetime


def silences(engine: Engine, campaign_id: str, since: datetime, until: datetime) -> dict[str, Silence]:
    """Return, by contact, whose newest decision after `since` and up to `until` was silence.

    Rehearsals (dry runs and shadow runs) bind nobody and are left out.
    """
    query = (
        select(
            DECISIONS.c.id,
            DECISIONS.c.contact_id,
            DECISIONS.c.arm,
            DECISIONS.c.decided_at,
            DECISIONS.c.action_key,
        )
        .join(RUNS, RUNS.c.id == DECISIONS.c.run_id)
        .where(
            DECISIONS.c.campaign_id == campaign_id,
            DECISIONS.c.decided_at > since,
            DECISIONS.c.decided_at <= until,
            RUNS.c.is_dry_run.is_(False),
            RUNS.c.autonomy != Autonomy.SHADOW.value,
        )
        .order_by(DECISIONS.c.decided_at, DECISIONS.c.id)
    )
    newest: dict[str, Silence | None] = {}
    with engine.connect() as connection:
        for id_, contact_id, arm, at, action_key in connection.execute(query):
            is_silence = action_key == SILENCE.key
            newest[contact_id] = Silence(id_, contact_id, Arm(arm), at) if is_silence else None
    return {contact_id: found for contact_id, found in newest.items() if found is not None}

"""After a long absence, or when an older database stands here, a person looks before anything more is sent.

A backup knows nothing of what was sent after it was taken (F-09). Two things show it: the audit chain is behind
the mark kept beside the database, or the last sign of life in the database is further back than a message may
be overdue.
"""

from __future__ import annotations

from datetime import datetime

from app.deliver import DUE_AT_ONCE, mark
from app.wiring import House
from domain.message import OutboxStatus
from domain.schedule import CampaignStanding, CampaignState
from policies.pacing import is_overdue

LAST_SEEN_FACT = "last_seen"
"""The workspace fact that tells when a scheduler, a run or `attune outbox send` was last at work."""

RESTORE_CHECK = "the restore check"


def hold_after_a_gap(house: House, *, nobody_watches: bool = False) -> int:
    """Hold what came due meanwhile, and leave a sign of life; return how many messages are held.

    A run that was under way when a backup was taken is paused with its campaign: whom it wrote to since,
    the database does not know. Where nobody watches, so is one that was under way before a long absence.

    Args:
        house: the opened workspace.
        nobody_watches: True for a scheduler; a person who goes on with a run by hand has looked.

    """
    now = house.clock()
    why = why_to_look(house)
    if why is None:
        seen_now(house)
        return 0
    held = 0
    last: tuple[datetime, str] | None = None
    while due := house.outbox.due(now, DUE_AT_ONCE, after=last):
        last = (due[-1].not_before, due[-1].id)
        for entry in due:
            detail = f"H-21: due since {entry.not_before:%Y-%m-%d %H:%M} UTC, and {why}"
            after = house.outbox.hold(entry.id, detail)
            mark(house, after)
            held += after.status is OutboxStatus.HELD
    paused = _pause_runs_under_way(house, why) if nobody_watches or was_restored(house) else []
    house.audit.append("gap", "outbox", {"held": held, "paused": paused, "why": why})
    seen_now(house)
    return held


def why_to_look(house: House) -> str | None:
    """Return why a person has to look first, or None."""
    if was_restored(house):
        return "the database was restored from a backup"
    seen = house.content.get_fact(LAST_SEEN_FACT)
    last_seen = datetime.fromisoformat(str(seen["at"])) if seen else None
    if last_seen is not None and is_overdue(last_seen, house.clock(), house.rules.delivery):
        return f"nobody was here since {last_seen:%Y-%m-%d %H:%M} UTC"
    return None


def was_restored(house: House) -> bool:
    """Tell whether an older database stands here than the one last worked with."""
    return house.workspace.is_behind_mark(*house.audit.tip(), house.audit.sha256_of)


def seen_now(house: House) -> None:
    """Leave a sign of life in the database, and beside it the mark of how far the audit chain has come."""
    house.content.set_fact(LAST_SEEN_FACT, {"at": house.clock().isoformat()})
    house.workspace.set_mark(*house.audit.tip())


def _pause_runs_under_way(house: House, why: str) -> list[str]:
    paused = []
    for run in house.runs.open_runs():
        standing = CampaignStanding(
            campaign_id=run.campaign_id,
            state=CampaignState.TRIPPED,
            reason=f"H-21: run {run.id} was under way, and {why}",
            by=RESTORE_CHECK,
            since=house.clock(),
        )
        if house.controls.set(standing, only_from=(CampaignState.ACTIVE,)):
            house.audit.append("campaign", run.campaign_id, {"state": "tripped", "by": RESTORE_CHECK})
            paused.append(run.id)
    return paused

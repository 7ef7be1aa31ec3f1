"""After a long absence, or when an older database stands here, a person looks before anything more is sent.

A backup knows nothing of what was sent after it was taken (F-09). Two things show it: the audit chain is behind
the head kept beside the database, or the last sign of life in the database is further back than a message may
be overdue.
"""

from __future__ import annotations

import functools
from datetime import datetime

from sqlalchemy import Connection

from app.deliver import DUE_AT_ONCE, mark
from app.heads import forget_lost, keep_head, was_restored
from app.steering import hold_every
from app.wiring import House
from domain.message import OutboxEntry, OutboxStatus
from domain.schedule import CampaignStanding, CampaignState
from policies.pacing import is_overdue

LAST_SEEN_FACT = "last_seen"
"""The workspace fact that tells when a scheduler, a run or `attune outbox send` was last at work."""

DOUBT_FACT = "may-have-left-by"
"""The workspace fact that tells until when messages may have left of which this database knows nothing."""

RELEASED = "released by a person"
RESTORE_CHECK = "the restore check"
RESTORED = "the database was restored from a backup"


def hold_after_a_gap(house: House, *, nobody_watches: bool = False) -> int:
    """Hold what came due meanwhile, and leave a sign of life; return how many messages are held.

    After a restore every campaign waits for a person: whom it wrote to since the backup, and who opted out, the
    database does not know. Where nobody watches, so does a run that was under way before a long absence.

    Args:
        house: the opened workspace.
        nobody_watches: True for a scheduler; a person who goes on with a run by hand has looked.

    """
    why = why_to_look(house)
    if why is None:
        seen_now(house)
        return 0
    held = _hold(house, why, (), nobody_watches)
    seen_now(house)
    return held


def look_after_a_restore(house: House, *campaigns: str) -> None:
    """Where an older database stands here, hold what is due and every campaign; how long nobody was here, is not asked.

    Args:
        house: the opened workspace.
        campaigns: ids that neither a campaign file nor the database may know yet.

    """
    if was_restored(house):
        _hold(house, RESTORED, campaigns, nobody_watches=False)
        keep_head(house)


def own_a_restore(house: House, by: str) -> int:
    """A person says that a backup was restored: all is held, then the heads it does not know are dropped; how many.

    Raises:
        InvalidFile: a line of the file of heads is none.
        WorkspaceBusy: another process writes the file this moment.
    """
    look_after_a_restore(house)
    return len(forget_lost(house, by))


def _hold(house: House, why: str, campaigns: tuple[str, ...], nobody_watches: bool) -> int:
    """Hold what is due and the campaigns; the caller keeps the new head after: broken off before, all is held again."""
    held = 0
    last: tuple[datetime, str] | None = None
    while due := house.outbox.due(house.clock(), DUE_AT_ONCE, after=last):
        last = (due[-1].not_before, due[-1].id)
        for entry in due:
            detail = f"H-21: due since {entry.not_before:%Y-%m-%d %H:%M} UTC, and {why}"
            after = house.outbox.hold(entry.id, detail)
            mark(house, after)
            held += after.status is OutboxStatus.HELD
    if why == RESTORED or nobody_watches:
        until = {"until": house.clock().isoformat(), "why": why, "was_restored": why == RESTORED}
        house.content.set_fact(DOUBT_FACT, until)
    paused = []
    if why == RESTORED:
        reason = (
            f"F-09: {RESTORED}; what was sent and who opted out since, it does not know: ask your provider"
        )
        paused = hold_every(house, RESTORE_CHECK, reason, *campaigns)
    elif nobody_watches:
        paused = _pause_runs_under_way(house, why)
    house.audit.append("gap", "outbox", {"held": held, "paused": paused, "why": why})
    return held


def why_to_look(house: House) -> str | None:
    """Return why a person has to look first, or None."""
    if was_restored(house):
        return RESTORED
    seen = house.content.get_fact(LAST_SEEN_FACT)
    last_seen = datetime.fromisoformat(str(seen["at"])) if seen else None
    if last_seen is not None and is_overdue(last_seen, house.clock(), house.rules.delivery):
        return f"nobody was here since {last_seen:%Y-%m-%d %H:%M} UTC"
    return None


def doubt(house: House, entry: OutboxEntry) -> str | None:
    """Return why a person looks before this approved message leaves, whoever approved it since, or None.

    What was to go out before an older database was found here, or everybody had been away, may have gone out: the
    approval it waited for may have been given before, in a database that is gone. After a restore so may every message
    of a run that had begun by then. What a person released from the outbox was looked at.
    """
    found = house.content.get_fact(DOUBT_FACT)
    if found is None or entry.detail == RELEASED:
        return None
    until = datetime.fromisoformat(str(found["until"]))
    is_of_old_run = found["was_restored"] and house.runs.get(entry.run_id).started_at < until
    if entry.not_before >= until and not is_of_old_run:
        return None
    return (
        f"H-21: it may have gone out before {until:%Y-%m-%d %H:%M} UTC, because {found['why']}; ask your provider, "
        "then release or withdraw it"
    )


def seen_now(house: House) -> None:
    """Leave a sign of life in the database, and beside it the head of the audit chain."""
    house.content.set_fact(LAST_SEEN_FACT, {"at": house.clock().isoformat()})
    keep_head(house)


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
        told = {"state": "tripped", "by": RESTORE_CHECK}
        tell = functools.partial(_tell, house, run.campaign_id, told)
        if house.controls.set(standing, only_from=(CampaignState.ACTIVE,), tell=tell):
            paused.append(run.id)
    return paused


def _tell(house: House, campaign_id: str, told: dict[str, str], connection: Connection) -> None:
    house.audit.append_in(connection, "campaign", campaign_id, told)

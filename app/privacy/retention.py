"""Keeping nothing for too long: checkpoints nobody will resume, drafts nobody asks about, old talk, rejects, old mail.

`prune` is what the scheduler calls; it may be called as often as one likes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Text, and_, cast, delete, or_, select, update

from app.checkpoints import open_checkpoints
from app.privacy import chats
from app.privacy.stores import thread_ids
from domain.assistant import CHAT_THREAD
from domain.run import ContactOutcome, RunStatus
from memory.crm.statements import DRAFTS, INBOUND, PROPOSALS, RUN_CONTACTS, RUNS, WEBHOOK_EVENTS, writing

if TYPE_CHECKING:
    from app.wiring import House

_OPEN_RUNS = (RunStatus.DECIDING.value, RunStatus.RUNNING.value)


async def prune(house: House) -> dict[str, int]:
    """Delete what is older than the settings' limits; return how much of each. One line goes to the audit.

    Checkpoints of a waiting proposal and of a run under way are never touched: they are what a review or a
    broken-off run goes on from. Drafts of waiting proposals stand in the proposal, and are kept as well. Mail and
    what providers posted is blanked, not deleted: its id stays, so that a repeat is still known for one.
    """
    now, settings = house.clock(), house.settings
    pruned = {
        "checkpoints": await _checkpoints(house, now - timedelta(days=settings.keep_checkpoints_days)),
        "conversations": await chats.forget_old(
            house, now - timedelta(days=settings.keep_conversations_days)
        ),
        "drafts": _drafts(house, now - timedelta(days=settings.keep_drafts_days)),
        "rejects": _rejects(house, now - timedelta(days=settings.keep_rejects_days)),
        **_inbound(house, now - timedelta(days=settings.keep_inbound_days)),
    }
    if any(pruned.values()):
        house.audit.append("retention", "prune", pruned)
    return pruned


async def _checkpoints(house: House, before: datetime) -> int:
    workspace, url = house.workspace, house.database_url
    if url is None and not workspace.checkpoints.exists():
        return 0
    async with open_checkpoints(workspace.checkpoints, url) as saver:
        threads = [one for one in await thread_ids(saver, url) if _is_done(house, one, before)]
        for thread in threads:
            await saver.adelete_thread(thread)
    return len(threads)


def _is_done(house: House, thread: str, before: datetime) -> bool:
    """Tell whether nothing will go on from here, and has not for longer than checkpoints are kept."""
    if thread.startswith(CHAT_THREAD):
        return False  # a conversation has its own limit
    run_id, _, contact_id = thread.partition(":")
    query = (
        select(RUN_CONTACTS.c.outcome, RUN_CONTACTS.c.updated_at, RUNS.c.status)
        .join_from(RUN_CONTACTS, RUNS, RUN_CONTACTS.c.run_id == RUNS.c.id)
        .where(RUN_CONTACTS.c.run_id == run_id, RUN_CONTACTS.c.contact_id == contact_id)
    )
    waiting = select(PROPOSALS.c.id).where(PROPOSALS.c.status == "waiting", PROPOSALS.c.run_id == run_id)
    with house.engine.connect() as connection:
        line = connection.execute(query).first()
        if line is None:
            return True  # of a run or a person that is gone
        if connection.execute(waiting.where(PROPOSALS.c.contact_id == contact_id)).first() is not None:
            return False
    is_open = line.status in _OPEN_RUNS and line.outcome == ContactOutcome.QUEUED.value
    return not is_open and line.updated_at < before


def _drafts(house: House, before: datetime) -> int:
    waiting = select(PROPOSALS.c.contact_id).where(
        PROPOSALS.c.status == "waiting", PROPOSALS.c.run_id == DRAFTS.c.run_id
    )
    with writing(house.engine) as connection:
        old = delete(DRAFTS).where(DRAFTS.c.kept_at < before, DRAFTS.c.contact_id.not_in(waiting))
        return connection.execute(old).rowcount


def _rejects(house: House, before: datetime) -> int:
    folder, removed = house.workspace.rejects, 0
    for path in folder.glob("*.csv") if folder.exists() else ():
        if path.stat().st_mtime < before.timestamp():
            path.unlink()
            removed += 1
    return removed


def _inbound(house: House, before: datetime) -> dict[str, int]:
    mail, told = INBOUND.c, WEBHOOK_EVENTS.c
    is_settled = or_(mail.hold_reason.is_(None), mail.settled_at.is_not(None))
    has_words = or_(mail.from_address != "", mail.subject != "", mail.text != "")
    old_mail = and_(mail.received_at < before, is_settled, has_words)
    # The reason a mail was held quotes it.
    blank = {"from_address": "", "subject": "", "text": "", "hold_reason": None}
    old_event = and_(told.received_at < before, cast(told.raw, Text) != "{}")
    with writing(house.engine) as connection:
        return {
            "mails": connection.execute(update(INBOUND).where(old_mail).values(blank)).rowcount,
            "webhooks": connection.execute(update(WEBHOOK_EVENTS).where(old_event).values(raw={})).rowcount,
        }

"""Conversations with the assistant: those that show an erased person go whole, and so do old ones.

Blanking would not do: what a model said of a person need not name them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from app.checkpoints import open_checkpoints
from app.privacy import stores
from domain.assistant import CHAT_THREAD
from memory.crm.erasure import Traces

if TYPE_CHECKING:
    from app.wiring import House


async def forget_naming(house: House, traces: Traces) -> int:
    """Delete every conversation that has shown this person, or in which an id, address or full name of theirs stands.

    What a member typed, or called a conversation, may name somebody no tool has shown.
    """
    words = (*traces.words, *traces.names)
    noted = house.conversations.naming(traces.contact_ids, words)
    found = {*noted, *(_id_of(thread) for thread in stores.threads_with(house, CHAT_THREAD, words))}
    return await _forget(house, found)


async def forget_old(house: House, before: datetime) -> int:
    """Delete conversations nobody went on with since `before`, and checkpoints whose conversation is gone."""
    return await _forget(house, house.conversations.not_used_since(before), with_strays=True)


async def _forget(house: House, conversation_ids: Collection[str], *, with_strays: bool = False) -> int:
    """Checkpoints go first: broken off in between, a conversation is still found by its record."""
    workspace, url = house.workspace, house.database_url
    gone = set(conversation_ids)
    if url is not None or workspace.checkpoints.exists():
        async with open_checkpoints(workspace.checkpoints, url) as saver:
            threads = [one for one in await stores.thread_ids(saver, url) if one.startswith(CHAT_THREAD)]
            # Asked after the threads were read: a conversation is there before its first checkpoint.
            known = house.conversations.ids()
            for thread in threads:
                one = _id_of(thread)
                if one in gone or (with_strays and one not in known):
                    gone.add(one)
                    await saver.adelete_thread(thread)
    house.conversations.remove(sorted(gone))
    return len(gone)


def _id_of(thread: str) -> str:
    return thread.removeprefix(CHAT_THREAD)

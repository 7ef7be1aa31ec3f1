"""Keeps contact history up with the journal: what reached us since last time is remembered in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from app.wiring import House
from memory.history.story import REMEMBERED_KINDS, remember_events

MARK_FACT = "remembered-until"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Progress = Callable[[int], None]
"""Called with how many events were looked at so far."""


def catch_up(house: House, progress: Progress | None = None) -> int:
    """Remember what is new in the journal; return how many memories that made.

    The mark moves after each batch, so a broken-off call goes on where it was; what is remembered twice
    is kept once.
    """
    mark = house.content.get_fact(MARK_FACT) or {}
    at = datetime.fromisoformat(mark["at"]) if mark else BEGINNING
    event_id = str(mark.get("event_id", ""))
    new = looked_at = 0
    while True:
        events, at, event_id = house.journal.received_after(at, event_id, REMEMBERED_KINDS)
        if not events:
            return new
        new += remember_events(house.history, events)
        house.content.set_fact(MARK_FACT, {"at": at.isoformat(), "event_id": event_id})
        looked_at += len(events)
        if progress:
            progress(looked_at)

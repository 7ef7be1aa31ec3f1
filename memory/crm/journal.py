"""The journal: everything that happened, once. Appending the same event again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, or_, select, tuple_

from domain.base import utc_now
from domain.events import Event, EventKind
from domain.ports import Clock
from memory.crm import codec
from memory.crm.statements import EVENTS, batches, insert_new, writing


class Journal:
    """Appends events and reads them back by contact."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def append(self, events: Sequence[Event]) -> int:
        """Add events and return how many were new; each batch is its own transaction."""
        new = 0
        for batch in batches(events):
            with writing(self._engine) as connection:
                new += append_events(connection, batch, self._clock())
        return new

    def timeline(
        self, contact_id: str, before: Event | datetime | None = None, limit: int = 50
    ) -> tuple[Event, ...]:
        """Return a contact's events, newest first.

        Args:
            contact_id: whose events.
            before: only events earlier than this time; give the last event of a page to get the next one,
                which loses nothing where several happened in the same instant.
            limit: most events returned.

        """
        query = select(EVENTS).where(EVENTS.c.contact_id == contact_id)
        if isinstance(before, Event):
            same_instant = and_(EVENTS.c.at == before.at, EVENTS.c.id < before.id)
            query = query.where(or_(EVENTS.c.at < before.at, same_instant))
        elif before is not None:
            query = query.where(EVENTS.c.at < before)
        query = query.order_by(EVENTS.c.at.desc(), EVENTS.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return tuple(codec.event_of(row) for row in connection.execute(query).mappings())

    def told_of(self, contact_id: str, message_id: str, kinds: Sequence[EventKind]) -> Event | None:
        """Return the first event of these kinds that names this Message-ID, or None."""
        query = select(EVENTS).where(
            EVENTS.c.contact_id == contact_id, EVENTS.c.kind.in_([kind.value for kind in kinds])
        )
        bare = message_id.strip("<>")
        with self._engine.connect() as connection:
            for row in connection.execute(query.order_by(EVENTS.c.at)).mappings():
                if str(row["properties"].get("message_id", "")).strip("<>") == bare:
                    return codec.event_of(row)
        return None

    def received_after(
        self, received_at: datetime, event_id: str, kinds: Sequence[EventKind], limit: int = 5_000
    ) -> tuple[tuple[Event, ...], datetime, str]:
        """Return what contacts did, of these kinds, in the order it reached us, and where to go on.

        Args:
            received_at: UTC time the last event seen was received at.
            event_id: id of the last event seen.
            kinds: what is asked for.
            limit: most events returned; fewer means there are no more.

        """
        query = (
            select(EVENTS)
            .where(
                tuple_(EVENTS.c.received_at, EVENTS.c.id) > tuple_(received_at, event_id),
                EVENTS.c.contact_id.is_not(None),
                EVENTS.c.kind.in_([kind.value for kind in kinds]),
            )
            .order_by(EVENTS.c.received_at, EVENTS.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        if rows:
            received_at, event_id = rows[-1]["received_at"], rows[-1]["id"]
        return tuple(codec.event_of(row) for row in rows), received_at, event_id


def append_events(connection: Connection, events: Sequence[Event], received_at: datetime) -> int:
    """Add events inside the caller's transaction and return how many were new."""
    return insert_new(connection, EVENTS, [codec.event_row(event, received_at) for event in events])

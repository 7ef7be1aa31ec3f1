"""How content fares: what was sent of each asset, and how many of those who got it clicked themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, and_, func, select

from domain.base import Noun
from domain.events import EventKind
from domain.message import OutboxStatus
from memory.crm.statements import DECISIONS, EVENTS, OUTBOX


class AssetUse(Noun):
    """What became of the messages that led to one asset. `clicked` counts messages, machines' clicks apart."""

    sent: int = 0
    clicked: int = 0


class ContentUseReader:
    """Counts over the outbox; the events are asked only about contacts who got something."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_asset(self, since: datetime) -> dict[str, AssetUse]:
        """Return the use of every asset that was sent since then."""
        clicked = (
            select(EVENTS.c.id)
            .where(
                EVENTS.c.contact_id == OUTBOX.c.contact_id,
                EVENTS.c.at >= OUTBOX.c.sent_at,
                EVENTS.c.kind == EventKind.EMAIL_CLICKED.value,
                EVENTS.c.is_machine.is_(False),
                EVENTS.c.asset_id == DECISIONS.c.asset_id,
            )
            .exists()
        )
        sent = and_(OUTBOX.c.status == OutboxStatus.SENT.value, OUTBOX.c.sent_at >= since)
        query = (
            select(DECISIONS.c.asset_id, func.count(), func.count().filter(clicked))
            .select_from(OUTBOX.join(DECISIONS, DECISIONS.c.id == OUTBOX.c.decision_id))
            .where(sent, DECISIONS.c.asset_id.is_not(None))
            .group_by(DECISIONS.c.asset_id)
        )
        with self._engine.connect() as connection:
            return {row[0]: AssetUse(sent=row[1], clicked=row[2]) for row in connection.execute(query)}

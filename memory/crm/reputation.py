"""What came back of a campaign's messages: the numbers its circuit breaker looks at.

A complaint or bounce counts for the campaign whose message the contact got last before it, whatever the
provider's webhook says of campaigns.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, exists, func, literal, select

from domain.events import EventKind
from domain.message import OutboxStatus
from memory.crm.statements import EVENTS, OUTBOX


class ReputationReader:
    """Counts what was sent and what came back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def counts(self, campaign_id: str, since: datetime, until: datetime) -> tuple[int, int, int]:
        """Return messages sent in (since, until], and how many contacts complained of them, or bounced hard."""
        sent = select(func.count()).where(
            OUTBOX.c.campaign_id == campaign_id,
            OUTBOX.c.status == OutboxStatus.SENT.value,
            OUTBOX.c.sent_at > since,
            OUTBOX.c.sent_at <= until,
        )
        with self._engine.connect() as connection:
            return (
                connection.execute(sent).scalar_one(),
                connection.execute(
                    _came_back(campaign_id, EventKind.EMAIL_COMPLAINED, since, until)
                ).scalar_one(),
                connection.execute(
                    _came_back(campaign_id, EventKind.EMAIL_BOUNCED, since, until)
                ).scalar_one(),
            )

    def campaigns(self, since: datetime) -> list[str]:
        """Return the campaigns that have sent anything since then."""
        query = select(OUTBOX.c.campaign_id).where(OUTBOX.c.sent_at > since).distinct()
        with self._engine.connect() as connection:
            return sorted(connection.execute(query).scalars())


def _came_back(campaign_id: str, kind: EventKind, since: datetime, until: datetime) -> Any:
    later = OUTBOX.alias("later")
    after = and_(later.c.contact_id == EVENTS.c.contact_id, later.c.sent_at <= EVENTS.c.at)
    of_campaign = exists().where(
        OUTBOX.c.contact_id == EVENTS.c.contact_id,
        OUTBOX.c.campaign_id == campaign_id,
        OUTBOX.c.sent_at > since,
        OUTBOX.c.sent_at <= EVENTS.c.at,
        ~exists().where(after, later.c.sent_at > OUTBOX.c.sent_at),
    )
    return select(func.count(func.distinct(EVENTS.c.contact_id))).where(
        # Written out: a bound value would keep the small index of these kinds from being used.
        EVENTS.c.kind == literal(kind.value, literal_execute=True),
        EVENTS.c.at > since,
        EVENTS.c.at <= until,
        of_campaign,
    )

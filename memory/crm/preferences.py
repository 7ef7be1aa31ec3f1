"""What people choose on our own pages: nothing more at all, a pause, or some topics not.

Every act is one transaction and holds for the next reservation of a message (C-03).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, or_, select

from domain.base import Noun, UtcDatetime, utc_now
from domain.events import Event, EventKind
from domain.people import Suppression, SuppressionReason, topic_channel
from domain.ports import Audit, Clock
from memory.crm import codec
from memory.crm.journal import append_events
from memory.crm.matching import Ours, find_ours
from memory.crm.standing import OUR_SOURCE
from memory.crm.statements import CONSENTS, SUPPRESSIONS, sharing, writing
from memory.crm.stopping import SAID_BY_PERSON, Stop, add_stop, lift_pause, set_pause

LASTING = frozenset({*SAID_BY_PERSON, SuppressionReason.MANUAL, SuppressionReason.ERASED})
"""Stops nobody lifts on a page."""


class Preferences(Noun):
    """What stands for the reader of one message."""

    address: str
    is_opted_out: bool = False
    paused_until: UtcDatetime | None = None
    unwanted_topics: tuple[str, ...] = ()


class PreferenceStore:
    """Reads and writes the choices of whoever holds the link of one of our messages."""

    def __init__(self, engine: Engine, audit: Audit, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._audit = audit
        self._clock = clock

    def of(self, outbox_id: str) -> Preferences | None:
        """Return the choices of the one this message went to, or None where the message is not known."""
        with self._engine.connect() as connection:
            ours = _ours(connection, outbox_id)
            return _preferences(connection, ours, self._clock()) if ours else None

    def opt_out(self, outbox_id: str, source: str) -> Preferences | None:
        """Stop everything for the one this message went to; a second time changes nothing.

        Args:
            outbox_id: the message whose link was used.
            source: how it was said (`one-click`, `opt-out page`).

        """
        with writing(self._engine) as connection, sharing(connection):
            ours, now = _ours(connection, outbox_id), self._clock()
            if ours is None:
                return None
            self._opt_out(connection, ours, source, now)
            return _preferences(connection, ours, now)

    def choose(
        self, outbox_id: str, unwanted: Collection[str], known_topics: Collection[str], pause_days: int | None
    ) -> Preferences | None:
        """Keep which topics are not wanted, and begin, leave or end a pause.

        Args:
            outbox_id: the message whose link was used.
            unwanted: topics the person does not want.
            known_topics: every topic the page offered; a topic no longer offered is left as it was.
            pause_days: 0 ends a pause, None leaves it.

        """
        with writing(self._engine) as connection, sharing(connection):
            ours, now = _ours(connection, outbox_id), self._clock()
            if ours is None:
                return None
            for topic in sorted(known_topics):
                stop = _stop(ours, SuppressionReason.TOPIC, now, topic_channel(topic))
                if topic not in unwanted:
                    lift_pause(connection, stop.address, stop.channel, stop.reason)
                elif topic not in _preferences(connection, ours, now).unwanted_topics:
                    set_pause(connection, stop)
            if pause_days == 0:
                lift_pause(connection, ours.address.lower(), "email", SuppressionReason.PAUSED)
            elif pause_days is not None:
                until = now + timedelta(days=pause_days)
                set_pause(connection, _stop(ours, SuppressionReason.PAUSED, now, until=until))
            chosen = {"unwanted": sorted(set(unwanted) & set(known_topics)), "pause_days": pause_days}
            self._audit.append("preferences", f"message {ours.outbox_id}", chosen)
            return _preferences(connection, ours, now)

    def _opt_out(self, connection: Connection, ours: Ours, source: str, now: datetime) -> None:
        stop = Stop(
            ours.address.lower(),
            ours.contact_id,
            SuppressionReason.UNSUBSCRIBED,
            now,
            source,
            proof=f"message {ours.message_id}",
        )
        # A link may be used as often as one likes: what stands already is not written again.
        if _said_no(connection, ours) or not add_stop(connection, stop):
            return
        event = Event(
            id=f"{OUR_SOURCE}:{ours.outbox_id}:unsubscribed",
            kind=EventKind.EMAIL_UNSUBSCRIBED,
            at=now,
            source=OUR_SOURCE,
            contact_id=ours.contact_id,
            account_id=ours.account_id,
            asset_id=ours.asset_id,
            subject=ours.subject,
            properties={
                "outbox_id": ours.outbox_id,
                "campaign_id": ours.campaign_id,
                "decision_id": ours.decision_id,
                "message_id": ours.message_id,
                "source": source,
            },
        )
        append_events(connection, [event], now)
        # By the message and not by the contact: the audit outlives an erasure.
        self._audit.append(
            "stop", f"message {ours.outbox_id}", {"reason": stop.reason.value, "source": source}
        )


def _ours(connection: Connection, outbox_id: str) -> Ours | None:
    return find_ours(connection, [outbox_id], []).of(outbox_id, None, None)


def _stop(
    ours: Ours,
    reason: SuppressionReason,
    now: datetime,
    channel: str = "email",
    until: datetime | None = None,
) -> Stop:
    source = "preference page"
    return Stop(ours.address.lower(), ours.contact_id, reason, now, source, channel=channel, until=until)


def _preferences(connection: Connection, ours: Ours, now: datetime) -> Preferences:
    table, address = SUPPRESSIONS.c, ours.address.lower()
    query = select(SUPPRESSIONS).where(or_(table.address == address, table.contact_id == ours.contact_id))
    stops = [codec.suppression_of(row) for row in connection.execute(query).mappings()]
    paused = [s.until for s in stops if s.reason is SuppressionReason.PAUSED and s.until and s.until > now]
    return Preferences(
        address=ours.address,
        is_opted_out=any(stop.reason in LASTING for stop in stops),
        paused_until=max(paused, default=None),
        unwanted_topics=tuple(
            sorted({_topic(stop) for stop in stops if stop.reason is SuppressionReason.TOPIC})
        ),
    )


def _said_no(connection: Connection, ours: Ours) -> bool:
    """Tell whether this address is stopped by its own word, and the contact's newest record is a no."""
    stop, consent = SUPPRESSIONS.c, CONSENTS.c
    stands = select(stop.address).where(
        stop.address == ours.address.lower(),
        stop.channel == "email",
        stop.reason == SuppressionReason.UNSUBSCRIBED.value,
    )
    newest = (
        select(consent.is_granted)
        .where(consent.contact_id == ours.contact_id, consent.channel == "email")
        .order_by(consent.recorded_at.desc(), consent.id.desc())
        .limit(1)
    )
    if connection.execute(stands).first() is None:
        return False
    return connection.execute(newest).scalar() is False


def _topic(stop: Suppression) -> str:
    return stop.channel.removeprefix(topic_channel(""))

"""What classes of messages have earned: their records as reviewers made them, and the last decision about each.

A record counts from the class's grant or narrowing on, so that what follows is judged by what came after. What a
recipient says counts against every level of the campaign's content it was about: whether a person had looked at that
very message is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, case, func, literal, or_, select, text

from domain.autonomy import ActionClass, Day, Grant, GrantState, TrackRecord
from domain.events import EventKind
from domain.message import OutboxStatus, Stakes
from domain.review import ProposalStatus
from memory.crm import codec
from memory.crm.statements import (
    AUTONOMY,
    DECISIONS,
    DRAFTS,
    EVENTS,
    OUTBOX,
    PROPOSALS,
    is_postgres,
    upsert,
    writing,
)

_P, _A = PROPOSALS.c, AUTONOMY.c

DAY = timedelta(days=1)
_LOCK_KEY = 0x6772616E74
"""PostgreSQL advisory lock of those who decide about classes: `grant` in ASCII."""
_KEY = ("campaign_id", "asset_id", "level")


class AutonomyStore:
    """Keeps grants, and counts what they rest on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def grant(self, of: ActionClass) -> Grant | None:
        """Return what was last decided about a class, or None."""
        with self._engine.connect() as connection:
            return _grant_in(connection, of)

    def grants(self) -> tuple[Grant, ...]:
        """Return every decision that stands, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(AUTONOMY).order_by(_A.at.desc())).mappings()
            return tuple(_grant(row) for row in rows)

    def set(
        self, grant: Grant, fits: Callable[[Grant | None], bool], tell: Callable[[Connection], None]
    ) -> bool:
        """Decide about a class and tell whether that was done: in one transaction with the line that tells it.

        Args:
            grant: the decision.
            fits: asked of what stands; False leaves it. Whoever was faster is seen here.
            tell: writes the audit's line with the transaction's connection.

        """
        with writing(self._engine) as connection:
            if is_postgres(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            if not fits(_grant_in(connection, grant.action_class)):
                return False
            row = {
                "campaign_id": grant.action_class.campaign_id,
                "asset_id": grant.action_class.asset_id,
                "level": codec.LEVELS[grant.action_class.level],
                **grant.model_dump(exclude={"action_class", "state"}),
                "state": grant.state.value,
            }
            upsert(connection, AUTONOMY, [row], keys=_KEY)
            tell(connection)
            return True

    def records(self, now: datetime, window_days: int) -> dict[ActionClass, TrackRecord]:
        """Return what reviewers made of every class they decided about in the window."""
        since = now - timedelta(days=window_days)
        whose = and_(*(_A[mine] == _P[theirs] for mine, theirs in zip(_KEY, _CLASS, strict=True)))
        counts_from = or_(_A.at.is_(None), _A.state == GrantState.DECLINED.value, _P.decided_at > _A.at)
        query = _counted().select_from(PROPOSALS.outerjoin(AUTONOMY, whose))
        query = query.where(_P.decided_at > since, _P.asset_id.is_not(None), counts_from)
        with self._engine.connect() as connection:
            return {_class(row): _record(row) for row in connection.execute(query).mappings()}

    def days(self, now: datetime) -> dict[ActionClass, TrackRecord]:
        """Return what reviewers made of every class within the last 24 hours."""
        query = _counted().where(_P.decided_at > now - DAY, _P.asset_id.is_not(None))
        with self._engine.connect() as connection:
            return {_class(row): _record(row) for row in connection.execute(query).mappings()}

    def day(self, of: ActionClass, now: datetime) -> Day:
        """Return the last 24 hours of one class."""
        asked = {
            "campaign_id": of.campaign_id,
            "asset_id": of.asset_id,
            "level": codec.LEVELS[of.level],
            "since": now - DAY,
        }
        with self._engine.connect() as connection:
            row = connection.execute(_DAY, asked).mappings().first()
            said: dict[str, int] = dict(connection.execute(_SAID, asked).all())
        return Day(
            record=TrackRecord() if row is None else _record(row),
            complaints=said.get(EventKind.EMAIL_COMPLAINED.value, 0),
            opt_outs=said.get(EventKind.EMAIL_UNSUBSCRIBED.value, 0),
        )

    def on_their_way(self, of: ActionClass) -> tuple[str, ...]:
        """Return the approved messages of a class that wait to go out and that no person was asked about."""
        was_asked = select(PROPOSALS.c.id).where(_P.outbox_id == OUTBOX.c.id).exists()
        query = (
            select(OUTBOX.c.id, DRAFTS.c.record)
            .join(DECISIONS, DECISIONS.c.id == OUTBOX.c.decision_id)
            .join(DRAFTS, DRAFTS.c.decision_id == OUTBOX.c.decision_id)
            .where(
                OUTBOX.c.status == OutboxStatus.APPROVED.value,
                OUTBOX.c.campaign_id == of.campaign_id,
                DECISIONS.c.asset_id == of.asset_id,
                ~was_asked,
            )
            .order_by(OUTBOX.c.id)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        made = {row.id: Stakes.model_validate(row.record["stakes"] or {}) for row in rows}
        return tuple(key for key, stakes in made.items() if stakes.waived and stakes.level is of.level)


_CLASS = ("campaign_id", "asset_id", "asked_level")


def _counted() -> Any:
    is_approved = _P.status == ProposalStatus.APPROVED.value
    is_rejected = _P.status == ProposalStatus.REJECTED.value

    def many(what: Any, label: str) -> Any:
        return func.sum(case((what, 1), else_=0)).label(label)

    return (
        select(
            *(_P[name] for name in _CLASS),
            many(and_(is_approved, _P.version == 1), "unedited"),
            many(and_(is_approved, _P.version > 1), "edited"),
            many(is_rejected, "rejected"),
        )
        .where(or_(is_approved, is_rejected))
        .group_by(*(_P[name] for name in _CLASS))
    )


# Built once: a run asks these for every message of a granted class.

_DAY = _counted().where(
    _P.campaign_id == bindparam("campaign_id"),
    _P.asset_id == bindparam("asset_id"),
    _P.asked_level == bindparam("level"),
    _P.decided_at > bindparam("since"),
)

_GRANT = select(AUTONOMY).where(*(_A[name] == bindparam(name) for name in _KEY))


def _what_they_said() -> Any:
    """Complaints and opt-outs since, by contacts whose last message before was of this campaign and content."""
    later = OUTBOX.alias("later")
    was_last = (
        select(later.c.id)
        .where(
            later.c.contact_id == EVENTS.c.contact_id,
            later.c.status == OutboxStatus.SENT.value,
            later.c.sent_at <= EVENTS.c.at,
        )
        .order_by(later.c.sent_at.desc(), later.c.id)
        .limit(1)
        .scalar_subquery()
        .correlate(EVENTS)
    )
    # Written out: a bound value would keep the small index of these kinds from being used.
    kinds = or_(
        *(
            EVENTS.c.kind == literal(kind.value, literal_execute=True)
            for kind in (EventKind.EMAIL_COMPLAINED, EventKind.EMAIL_UNSUBSCRIBED)
        )
    )
    return (
        select(EVENTS.c.kind, func.count(func.distinct(EVENTS.c.contact_id)))
        .select_from(
            EVENTS.join(OUTBOX, OUTBOX.c.id == was_last).join(
                DECISIONS, DECISIONS.c.id == OUTBOX.c.decision_id
            )
        )
        .where(
            kinds,
            EVENTS.c.at > bindparam("since"),
            OUTBOX.c.campaign_id == bindparam("campaign_id"),
            DECISIONS.c.asset_id == bindparam("asset_id"),
        )
        .group_by(EVENTS.c.kind)
    )


_SAID = _what_they_said()


def _grant_in(connection: Connection, of: ActionClass) -> Grant | None:
    asked = {"campaign_id": of.campaign_id, "asset_id": of.asset_id, "level": codec.LEVELS[of.level]}
    row = connection.execute(_GRANT, asked).mappings().first()
    return None if row is None else _grant(row)


def _grant(row: codec.Row) -> Grant:
    return Grant(
        action_class=ActionClass(
            campaign_id=row["campaign_id"], asset_id=row["asset_id"], level=codec.LEVEL_OF[row["level"]]
        ),
        **{name: row[name] for name in ("state", "by", "reason", "decided_then", "words_sha256", "at")},
    )


def _class(row: codec.Row) -> ActionClass:
    return ActionClass(
        campaign_id=row["campaign_id"], asset_id=row["asset_id"], level=codec.LEVEL_OF[row["asked_level"]]
    )


def _record(row: codec.Row) -> TrackRecord:
    return TrackRecord(**{name: row[name] for name in TrackRecord.model_fields})

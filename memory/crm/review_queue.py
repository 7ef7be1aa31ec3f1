"""The queue of proposals as reviewers work through it: sorted, narrowed and counted in SQL, a page at a time.

Putting off and assigning are marks on a waiting proposal: they change neither message nor verdict, and an act of a
reviewer never needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, case, func, literal, or_, select, update

from domain.decision import SILENCE
from domain.errors import NotFound, ReviewRejected
from domain.message import StakesLevel
from domain.review import ProposalStatus
from domain.review_queue import PAGE_LINES, QueueCounts, QueueFilter, QueueLine, QueueOrder, QueuePage
from memory.crm import codec
from memory.crm.statements import ACCOUNTS, ASSETS, CAMPAIGNS, CONTACTS, DECISIONS, OUTBOX, PROPOSALS, writing

_P = PROPOSALS.c
_UNVALUED = -1e18
"""Sorts what has no expected worth behind everything that has one."""

_WORTH = func.coalesce(_P.value_cents, _UNVALUED)

_KEYS: dict[QueueOrder, tuple[tuple[ColumnElement[Any], bool], ...]] = {
    QueueOrder.STAKES: ((_P.level, True), (_P.created_at, False), (_P.id, False)),
    QueueOrder.AGE: ((_P.created_at, False), (_P.id, False)),
    QueueOrder.VALUE: ((_WORTH, True), (_P.created_at, False), (_P.id, False)),
}
"""What each order sorts by, and whether downwards; the id makes every order total."""

_JOINED = (
    PROPOSALS.join(CONTACTS, CONTACTS.c.id == _P.contact_id)
    .outerjoin(ACCOUNTS, ACCOUNTS.c.id == CONTACTS.c.account_id)
    .outerjoin(CAMPAIGNS, CAMPAIGNS.c.id == _P.campaign_id)
    .outerjoin(ASSETS, ASSETS.c.id == _P.asset_id)
)

_OWN = tuple(name for name in QueueLine.model_fields if name in _P)
"""Fields of a line that are columns of their own."""

_LINE = select(
    _P.id,
    *(_P[name] for name in _OWN),
    CONTACTS.c.first_name,
    CONTACTS.c.last_name,
    CONTACTS.c.email,
    ACCOUNTS.c.name.label("company"),
    CAMPAIGNS.c.record.label("campaign"),
    ASSETS.c.title.label("asset_title"),
).select_from(_JOINED)


_ALTERNATIVES = select(_P.id, DECISIONS.c.alternatives).select_from(
    PROPOSALS.join(OUTBOX, OUTBOX.c.id == _P.outbox_id).join(
        DECISIONS, DECISIONS.c.id == OUTBOX.c.decision_id
    )
)


class ReviewQueue:
    """Reads the queue, and keeps what was put off and who looks after what."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: QueueFilter, now: datetime, number: int = 1, lines: int = PAGE_LINES) -> QueuePage:
        """Return one page of the queue, of so many lines; a number past the end gives the last page."""
        conditions = _conditions(wanted, now)
        counting = select(func.count()).select_from(_JOINED if wanted.words else PROPOSALS).where(*conditions)
        with self._engine.connect() as connection:
            total = connection.execute(counting).scalar_one()
            number = min(max(number, 1), max(1, -(-total // lines)))
            source = _JOINED if wanted.words else PROPOSALS
            ids = _sorted(select(_P.id).select_from(source).where(*conditions), wanted.order)
            # In two steps: which ones is told by an index alone, and only their long rows are read.
            shown = list(connection.execute(ids.limit(lines).offset((number - 1) * lines)).scalars())
            found = connection.execute(_LINE.where(_P.id.in_(shown))).mappings()
            rows = {row["id"]: row for row in found}
            below = [one for one, row in rows.items() if (row["value_cents"] or 0.0) < 0]
            told = connection.execute(_ALTERNATIVES.where(_P.id.in_(below))) if below else ()
            silence = {one: _silence(alternatives) for one, alternatives in told}
        return QueuePage(
            lines=tuple(_line(rows[one], silence.get(one)) for one in shown if one in rows),
            number=number,
            total=total,
        )

    def line(self, proposal_id: str) -> QueueLine:
        """Return one proposal as the queue shows it. Raises `NotFound`."""
        with self._engine.connect() as connection:
            row = connection.execute(_LINE.where(_P.id == proposal_id)).mappings().first()
        if row is None:
            raise NotFound("proposal", proposal_id, "See `attune review list`.")
        return _line(row)

    def beside(
        self, proposal_id: str, wanted: QueueFilter, now: datetime
    ) -> tuple[str | None, str | None, int, int]:
        """Return the ids before and after a proposal in the queue, its place (from 1), and how many there are.

        A proposal that left the queue still has its place: what follows it comes next, else the first of all.
        """
        conditions = _conditions(wanted, now)
        keys = _KEYS[wanted.order]
        source = _JOINED if wanted.words else PROPOSALS
        with self._engine.connect() as connection:
            own = connection.execute(select(*(key for key, _ in keys)).where(_P.id == proposal_id)).first()
            total = connection.execute(
                select(func.count()).select_from(source).where(*conditions)
            ).scalar_one()
            if own is None:
                raise NotFound("proposal", proposal_id, "See `attune review list`.")
            ids = select(_P.id).select_from(source).where(*conditions)
            before = _beyond(keys, own, backwards=True)
            place = connection.execute(
                select(func.count()).select_from(source).where(*conditions, before)
            ).scalar_one()
            previous = connection.execute(_sorted(ids.where(before), wanted.order, backwards=True).limit(1))
            following = connection.execute(
                _sorted(ids.where(_beyond(keys, own, backwards=False)), wanted.order).limit(1)
            )
            return previous.scalar(), following.scalar(), place + 1, total

    def first(self, wanted: QueueFilter, now: datetime) -> str | None:
        """Return the id that comes first, or None where nothing waits."""
        with self._engine.connect() as connection:
            source = _JOINED if wanted.words else PROPOSALS
            ids = select(_P.id).select_from(source).where(*_conditions(wanted, now))
            return connection.execute(_sorted(ids, wanted.order).limit(1)).scalar()

    def counts(self, now: datetime, member_id: str | None = None) -> QueueCounts:
        """Return how much waits, by stakes, and how old it is; `mine` is what is assigned to the member."""
        waits = _P.status == ProposalStatus.WAITING.value
        is_due = or_(_P.snoozed_until.is_(None), _P.snoozed_until <= now)

        def many(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
            return func.coalesce(func.sum(case((and_(*conditions), 1), else_=0)), 0)

        query = select(
            *(many(is_due, _P.level == codec.LEVELS[level]).label(level.value) for level in StakesLevel),
            many(~is_due).label("snoozed"),
            many(is_due, _P.assignee == (member_id or "")).label("mine"),
            many(is_due, _P.assignee.is_(None)).label("nobodys"),
            func.min(case((is_due, _P.created_at))).label("oldest_at"),
        ).where(waits)
        with self._engine.connect() as connection:
            told = dict(connection.execute(query).mappings().one())
            due = told["high"] + told["ordinary"] + told["low"]
            middle = select(_P.created_at).where(waits, is_due).order_by(_P.created_at)
            median = connection.execute(middle.limit(1).offset(due // 2)).scalar() if due else None
        return QueueCounts(**told, median_at=median)

    def campaigns(self) -> tuple[tuple[str, str], ...]:
        """Return id and name of the campaigns that have something waiting, by name."""
        waiting = select(_P.campaign_id).where(_P.status == ProposalStatus.WAITING.value).distinct()
        query = select(CAMPAIGNS.c.id, CAMPAIGNS.c.record).where(CAMPAIGNS.c.id.in_(waiting))
        with self._engine.connect() as connection:
            found = [(row.id, str(row.record.get("name", row.id))) for row in connection.execute(query)]
        return tuple(sorted(found, key=lambda one: one[1].casefold()))

    def snooze(self, proposal_id: str, until: datetime | None) -> None:
        """Put a waiting proposal off, or back on with None. Raises `NotFound`, `ReviewRejected`."""
        self._mark(proposal_id, snoozed_until=until)

    def assign(self, proposal_id: str, assignee: str | None) -> None:
        """Say who looks after a waiting proposal, or nobody with None. Raises `NotFound`, `ReviewRejected`."""
        self._mark(proposal_id, assignee=assignee)

    def _mark(self, proposal_id: str, **columns: Any) -> None:
        with writing(self._engine) as connection:
            waits = and_(_P.id == proposal_id, _P.status == ProposalStatus.WAITING.value)
            if connection.execute(update(PROPOSALS).where(waits).values(**columns)).rowcount == 1:
                return
            status = connection.execute(select(_P.status).where(_P.id == proposal_id)).scalar()
        if status is None:
            raise NotFound("proposal", proposal_id, "See `attune review list`.")
        raise ReviewRejected(f"Proposal {proposal_id} is {status} already. Nothing was changed.")


def _conditions(wanted: QueueFilter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_P.status == wanted.status.value]
    if wanted.status is ProposalStatus.WAITING:
        is_due = or_(_P.snoozed_until.is_(None), _P.snoozed_until <= now)
        found.append(_P.snoozed_until > now if wanted.is_snoozed else is_due)
    if wanted.campaign_id is not None:
        found.append(_P.campaign_id == wanted.campaign_id)
    if wanted.asset_id is not None:
        found.append(_P.asset_id == wanted.asset_id)
    if wanted.level is not None:
        found.append(_P.level == codec.LEVELS[wanted.level])
    if wanted.assignee is not None:
        found.append(_P.assignee == wanted.assignee if wanted.assignee else _P.assignee.is_(None))
    searched = (
        CONTACTS.c.first_name,
        CONTACTS.c.last_name,
        CONTACTS.c.email,
        ACCOUNTS.c.name,
        _P.subject,
        _P.id,
    )
    for word in wanted.words.lower().split():
        found.append(or_(*(func.lower(column).contains(word, autoescape=True) for column in searched)))
    return found


def _sorted(query: Select[Any], order: QueueOrder, *, backwards: bool = False) -> Select[Any]:
    return query.order_by(*(k.desc() if down != backwards else k.asc() for k, down in _KEYS[order]))


def _beyond(
    keys: Sequence[tuple[ColumnElement[Any], bool]], own: Sequence[Any], *, backwards: bool
) -> ColumnElement[bool]:
    """Everything after (or before) a place in the order: equal in the first keys, beyond in the next."""
    ways: list[ColumnElement[bool]] = []
    for place, (key, down) in enumerate(keys):
        same = [one == value for (one, _), value in zip(keys[:place], own, strict=False)]
        value = literal(own[place], key.type)
        ways.append(and_(*same, key < value if down != backwards else key > value))
    return or_(*ways)


def _silence(alternatives: Sequence[Sequence[Any]]) -> float | None:
    """What silence was expected to be worth, of a decision's alternatives as they are kept."""
    return next((value for key, _, value, _ in alternatives if key == SILENCE.key), None)


def _line(row: codec.Row, silence_cents: float | None = None) -> QueueLine:
    campaign = row["campaign"] or {}
    name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    told = {
        **{name: row[name] for name in _OWN},
        "proposal_id": row["id"],
        "level": codec.LEVEL_OF[row["level"]],
        "campaign_name": str(campaign.get("name", row["campaign_id"])),
        "currency": str(campaign.get("goal", {}).get("currency", "")),
        "asset_title": row["asset_title"] or row["asset_id"] or "",
        "contact_name": name or row["email"] or row["contact_id"],
        "company": row["company"] or "",
        "not_before": row["not_before"] or row["created_at"],
        "silence_cents": silence_cents,
    }
    return QueueLine.model_validate(told)

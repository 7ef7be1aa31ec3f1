"""Reads a contact's story a page at a time, newest first, from every table that knows something of it.

A page begins after a place, not at a number: what happens meanwhile moves no line to another page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    String,
    and_,
    cast,
    false,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)

from domain.events import EventKind
from domain.story import Moment, StoryKind, StoryPage, StoryPlace
from memory.crm import codec
from memory.crm.standing import LEFT_AT, OUR_SOURCE
from memory.crm.statements import (
    CONSENTS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    OUTBOX,
    PROPOSALS,
    REVIEWS,
    RUN_CONTACTS,
    RUNS,
    SUPPRESSIONS,
)

STORY_PAGE = 40
_STOP_KEY = SUPPRESSIONS.c.address + "|" + SUPPRESSIONS.c.channel + "|" + SUPPRESSIONS.c.reason


class StoryReader:
    """Reads stories."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self,
        contact_id: str,
        after: StoryPlace | None = None,
        limit: int = STORY_PAGE,
        kinds: Sequence[StoryKind] = (),
    ) -> StoryPage:
        """Return the moments that follow a place (the newest ones where it is None), newest first.

        What happened to the contact's account as a whole belongs to it; what colleagues did does not.

        Args:
            contact_id: whose story; nobody's is empty.
            after: the `older` of the page before.
            limit: most moments.
            kinds: only these; empty means all.

        """
        with self._engine.connect() as connection:
            account_id = connection.execute(
                select(CONTACTS.c.account_id).where(CONTACTS.c.id == contact_id)
            ).scalar()
            parts = [
                _newest(kind, at, key, query, after, limit)
                for kind, at, key, query in _parts(contact_id, account_id)
                if not kinds or kind in kinds
            ]
            joined = union_all(*(select(part) for part in parts)).subquery()
            columns = joined.c
            newest_first = (columns.at.desc(), columns.kind.desc(), columns.id.desc())
            rows = connection.execute(select(joined).order_by(*newest_first).limit(limit + 1)).all()
            places = [StoryPlace(at=row.at, kind=StoryKind(row.kind), id=row.id) for row in rows]
            shown = places[:limit]
            moments = _filled(connection, contact_id, shown)
        return StoryPage(moments=moments, older=shown[-1] if len(places) > limit else None)


_Part = tuple[StoryKind, ColumnElement[datetime], ColumnElement[str], Select[Any]]


def _parts(contact_id: str, account_id: str | None) -> Iterable[_Part]:
    """Every source: what it is, its time, its key, and whose rows."""
    event, entry, line, review = EVENTS.c, OUTBOX.c, RUN_CONTACTS.c, REVIEWS.c
    # Our own messages are told from the outbox, which knows more of them.
    ours = and_(event.kind == EventKind.EMAIL_SENT.value, event.source == OUR_SOURCE)
    happened = select().select_from(EVENTS).where(not_(ours))
    yield StoryKind.EVENT, event.at, event.id, happened.where(event.contact_id == contact_id)
    if account_id is not None:
        of_account = and_(event.account_id == account_id, event.contact_id.is_(None))
        yield StoryKind.EVENT, event.at, event.id, happened.where(of_account)
    sent = select().select_from(OUTBOX).where(entry.contact_id == contact_id)
    yield StoryKind.MESSAGE, LEFT_AT, entry.id, sent
    decided = select().select_from(DECISIONS).where(DECISIONS.c.contact_id == contact_id)
    yield StoryKind.DECISION, DECISIONS.c.decided_at, DECISIONS.c.id, decided
    lines = select().select_from(RUN_CONTACTS)
    undecided = lines.where(line.contact_id == contact_id, line.decision_id.is_(None))
    yield StoryKind.LINE, line.updated_at, line.run_id, undecided
    reviewed = select().select_from(REVIEWS.join(PROPOSALS, review.proposal_id == PROPOSALS.c.id))
    of_contact = reviewed.where(PROPOSALS.c.contact_id == contact_id)
    yield StoryKind.REVIEW, review.at, cast(review.id, String), of_contact
    consents = select().select_from(CONSENTS).where(CONSENTS.c.contact_id == contact_id)
    yield StoryKind.CONSENT, CONSENTS.c.recorded_at, cast(CONSENTS.c.id, String), consents
    stops = select().select_from(SUPPRESSIONS).where(SUPPRESSIONS.c.contact_id == contact_id)
    yield StoryKind.STOP, SUPPRESSIONS.c.since, _STOP_KEY, stops


def _newest(
    kind: StoryKind,
    at: ColumnElement[datetime],
    key: ColumnElement[str],
    query: Select[Any],
    after: StoryPlace | None,
    limit: int,
) -> Any:
    """The newest rows of one source after a place; more of them can never be on the page."""
    asked = query.add_columns(at.label("at"), literal(kind.value).label("kind"), key.label("id"))
    if after is not None:
        same_instant: ColumnElement[bool] = true() if kind < after.kind else false()
        if kind is after.kind:
            same_instant = key < after.id
        asked = asked.where(or_(at < after.at, and_(at == after.at, same_instant)))
    return asked.order_by(at.desc(), key.desc()).limit(limit + 1).subquery()


def _filled(connection: Connection, contact_id: str, places: Sequence[StoryPlace]) -> tuple[Moment, ...]:
    ids = {kind: [place.id for place in places if place.kind is kind] for kind in StoryKind}
    found: dict[tuple[StoryKind, str], dict[str, Any]] = {}

    def read(kind: StoryKind, query: Select[Any], key: str = "id") -> Iterable[tuple[str, Any]]:
        rows = connection.execute(query).mappings() if ids[kind] else ()
        return ((str(row[key]), row) for row in rows)

    events = select(EVENTS).where(EVENTS.c.id.in_(ids[StoryKind.EVENT]))
    for key, row in read(StoryKind.EVENT, events):
        found[StoryKind.EVENT, key] = {"event": codec.event_of(row)}
    entries = select(OUTBOX).where(OUTBOX.c.id.in_(ids[StoryKind.MESSAGE]))
    for key, row in read(StoryKind.MESSAGE, entries):
        found[StoryKind.MESSAGE, key] = {"message": codec.entry_of(row), "campaign_id": row["campaign_id"]}
    lines = _lines(connection, contact_id, ids)
    decisions = select(DECISIONS).where(DECISIONS.c.id.in_(ids[StoryKind.DECISION]))
    for key, row in read(StoryKind.DECISION, decisions):
        decision = codec.decision_of(row)
        beside = lines.get(decision.run_id, {})
        found[StoryKind.DECISION, key] = {**beside, "decision": decision, "campaign_id": decision.campaign_id}
    for key in ids[StoryKind.LINE]:
        found[StoryKind.LINE, key] = lines[key]
    reviews = select(REVIEWS, PROPOSALS.c.campaign_id).join(
        PROPOSALS, REVIEWS.c.proposal_id == PROPOSALS.c.id
    )
    for key, row in read(StoryKind.REVIEW, reviews.where(REVIEWS.c.id.in_(map(int, ids[StoryKind.REVIEW])))):
        told = {name: value for name, value in row.items() if name != "campaign_id"}
        found[StoryKind.REVIEW, key] = {"review": codec.review_of(told), "campaign_id": row["campaign_id"]}
    consents = select(CONSENTS).where(CONSENTS.c.id.in_(map(int, ids[StoryKind.CONSENT])))
    for key, row in read(StoryKind.CONSENT, consents):
        found[StoryKind.CONSENT, key] = {"consent": codec.consent_of(row)}
    stops = select(SUPPRESSIONS, _STOP_KEY.label("key")).where(_STOP_KEY.in_(ids[StoryKind.STOP]))
    for key, row in read(StoryKind.STOP, stops, "key"):
        told = {name: value for name, value in row.items() if name != "key"}
        found[StoryKind.STOP, key] = {"stop": codec.suppression_of(told)}
    return tuple(Moment(place=place, **found[place.kind, place.id]) for place in places)


def _lines(
    connection: Connection, contact_id: str, ids: dict[StoryKind, list[str]]
) -> dict[str, dict[str, Any]]:
    """The ledger's lines of this contact by run: those that stand alone, and those beside a decision."""
    if not (ids[StoryKind.LINE] or ids[StoryKind.DECISION]):
        return {}
    runs = select(DECISIONS.c.run_id).where(DECISIONS.c.id.in_(ids[StoryKind.DECISION]))
    query = (
        select(RUN_CONTACTS, RUNS.c.campaign_id, RUNS.c.is_dry_run)
        .join(RUNS, RUNS.c.id == RUN_CONTACTS.c.run_id)
        .where(
            RUN_CONTACTS.c.contact_id == contact_id,
            or_(RUN_CONTACTS.c.run_id.in_(ids[StoryKind.LINE]), RUN_CONTACTS.c.run_id.in_(runs)),
        )
    )
    found = {}
    for row in connection.execute(query).mappings():
        told = {name: value for name, value in row.items() if name not in {"campaign_id", "is_dry_run"}}
        found[row["run_id"]] = {
            "line": codec.run_contact_of(told),
            "campaign_id": row["campaign_id"],
            "is_rehearsal": row["is_dry_run"],
        }
    return found

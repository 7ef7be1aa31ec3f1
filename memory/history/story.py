"""Turns what happened into words worth remembering, once per thing.

Deliveries, opens and stage changes are not remembered: the journal has them and words add nothing. What a
scanner did is left out. Visits to one topic on one day become one item. Words from outside stay words:
they are stored as they came, shortened, and marked by whoever puts them into a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from sqlalchemy import Engine, and_, or_, select

from domain.events import Event, EventKind
from domain.history import EDITED, MemoryKind, Remembered
from domain.message import OutboxEntry
from domain.ports import ContactHistory
from domain.review import Proposal, Review, ReviewAct
from memory.crm import codec
from memory.crm.statements import EVENTS

MOST_CHARACTERS = 2_000
"""A longer text is cut: the rest of it would drown what the vector says."""

_BATCH_EVENTS = 5_000

_TOLD = {
    EventKind.EMAIL_SENT: (MemoryKind.TOUCH, "We sent"),
    EventKind.EMAIL_FORWARDED: (MemoryKind.TOUCH, "Forwarded our message"),
    EventKind.EMAIL_REPLIED: (MemoryKind.REPLY, "Replied"),
    EventKind.FORM_SUBMITTED: (MemoryKind.FORM, "Form"),
    EventKind.TRIAL_STARTED: (MemoryKind.FORM, "Started a trial"),
    EventKind.CONTENT_DOWNLOADED: (MemoryKind.VISIT, "Downloaded"),
    EventKind.WEBINAR_ATTENDED: (MemoryKind.MEETING, "Attended webinar"),
    EventKind.MEETING_BOOKED: (MemoryKind.MEETING, "Meeting booked"),
    EventKind.MEETING_HELD: (MemoryKind.MEETING, "Meeting held"),
    EventKind.CALL_HELD: (MemoryKind.CALL, "Call"),
    EventKind.NOTE_ADDED: (MemoryKind.NOTE, "Note"),
    EventKind.TASK_ADDED: (MemoryKind.NOTE, "Task"),
    EventKind.TICKET_OPENED: (MemoryKind.NOTE, "Ticket"),
}
_COLLAPSED = {
    EventKind.PAGE_VIEWED: "Visited page",
    EventKind.EMAIL_CLICKED: "Clicked",
    EventKind.PRODUCT_USED: "Used the product",
}

REMEMBERED_KINDS = (*_TOLD, *_COLLAPSED)
"""The kinds of events that are remembered in words at all."""


def remembered(event: Event) -> Remembered | None:
    """Return what an event is remembered as, or None where nothing is.

    The ref is the event's id; for visits it is kind, day and topic, so the second visit of a day adds
    nothing, in whatever order and however often events are read.
    """
    if event.contact_id is None or event.is_machine:
        return None
    if event.kind in _COLLAPSED:
        return _visit(event.contact_id, event)
    if event.kind not in _TOLD:
        return None
    kind, beginning = _TOLD[event.kind]
    said = _joined(event.subject, event.text)
    if not said and not event.topic:
        return None
    return Remembered(
        contact_id=event.contact_id,
        kind=kind,
        text=_sentence(beginning, said, event.topic),
        at=event.at,
        ref=event.id,
    )


def touch(entry: OutboxEntry) -> Remembered:
    """Return what a sent message is remembered as: its subject, not its words, which the outbox keeps."""
    return Remembered(
        contact_id=entry.contact_id,
        kind=MemoryKind.TOUCH,
        text=_sentence("We sent", entry.message.subject, None),
        at=entry.updated_at,
        ref=f"outbox:{entry.id}",
    )


def lesson(review: Review, proposal: Proposal) -> Remembered | None:
    """Return what a reviewer taught by rejecting, editing or answering, or None for a plain approval.

    The words of the message itself stay out: a model wrote them, and lessons are heeded.
    """
    if review.act is ReviewAct.APPROVE:
        return None
    if review.act is ReviewAct.REJECT:
        text = f"A message was rejected: {review.reason.strip()}"
    elif review.act is ReviewAct.ANSWER:
        text = f"About a message a reviewer said: {review.reason.strip()}"
    else:
        text = EDITED + _edit(review)
    return Remembered(
        contact_id=proposal.contact_id,
        kind=MemoryKind.LESSON,
        text=text[:MOST_CHARACTERS],
        at=review.at,
        ref=f"review:{proposal.id}:{review.at.isoformat()}",
    )


def remember_events(
    history: ContactHistory, events: Iterable[Event], progress: Callable[[int], None] | None = None
) -> int:
    """Remember every event worth it and return how many items were new. May be repeated at will.

    Args:
        history: where to.
        events: any order; `events_of` reads all of a journal.
        progress: called with the number of events read so far.
    """
    fresh = read = 0
    source = iter(events)
    while batch := list(islice(source, _BATCH_EVENTS)):
        told: dict[tuple[str, str], Remembered] = {}
        for event in batch:
            item = remembered(event)
            if item is not None:
                told.setdefault((item.contact_id, item.ref), item)
        fresh += history.remember(list(told.values()))
        read += len(batch)
        if progress is not None:
            progress(read)
    return fresh


def events_of(engine: Engine) -> Iterator[Event]:
    """Read all events of known contacts from the journal, oldest first, in pages that hold no lock."""
    wanted = [kind.value for kind in REMEMBERED_KINDS]
    query = (
        select(EVENTS)
        .where(EVENTS.c.contact_id.is_not(None), EVENTS.c.kind.in_(wanted))
        .order_by(EVENTS.c.at, EVENTS.c.id)
        .limit(_BATCH_EVENTS)
    )
    page = query
    while True:
        with engine.connect() as connection:
            events = [codec.event_of(row) for row in connection.execute(page).mappings()]
        yield from events
        if len(events) < _BATCH_EVENTS:
            return
        last = events[-1]
        same_instant = and_(EVENTS.c.at == last.at, EVENTS.c.id > last.id)
        page = query.where(or_(EVENTS.c.at > last.at, same_instant))


def _visit(contact_id: str, event: Event) -> Remembered:
    what = event.topic or event.subject or event.asset_id or ""
    return Remembered(
        contact_id=contact_id,
        kind=MemoryKind.VISIT,
        text=_sentence(_COLLAPSED[event.kind], event.subject or "", event.topic),
        at=event.at,
        ref=f"visits:{event.kind.value}:{event.at.date().isoformat()}:{what[:200]}",
    )


def _edit(review: Review) -> str:
    parts = [f": {review.reason.strip()}" if review.reason.strip() else ""]
    if review.subject is not None:
        parts.append(f". The subject became '{review.subject}'")
    if review.body is not None:
        parts.append(f". The text became: {review.body}")
    return "".join(parts)


def _joined(*parts: str | None) -> str:
    return " - ".join(part.strip() for part in parts if part and part.strip())


def _sentence(beginning: str, said: str, topic: str | None) -> str:
    about = f" (topic {topic})" if topic and topic.casefold() not in said.casefold() else ""
    return f"{beginning}: {said[:MOST_CHARACTERS]}{about}" if said else f"{beginning}{about}"

"""What is remembered of an event, a sent message, a review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from domain.base import Noun
from domain.events import Event, EventKind
from domain.history import MemoryKind, Remembered
from domain.message import Message, OutboxEntry
from domain.review import Proposal, Review, ReviewAct
from memory.history.story import MOST_CHARACTERS, lesson, remember_events, remembered, touch
from tests.fakes.history import FakeHistory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def event(kind: EventKind, **fields: object) -> Event:
    known: dict[str, object] = {"id": "hubspot:1", "at": NOON, "source": "hubspot", "contact_id": "c_ada"}
    return Event.model_validate({**known, "kind": kind, **fields})


def told(kind: EventKind, **fields: object) -> Remembered:
    item = remembered(event(kind, **fields))
    assert item is not None
    return item


@pytest.mark.parametrize(
    ("kind", "fields", "memory_kind", "text"),
    [
        (EventKind.EMAIL_REPLIED, {"text": "Too dear."}, MemoryKind.REPLY, "Replied: Too dear."),
        (EventKind.EMAIL_SENT, {"subject": "Hello"}, MemoryKind.TOUCH, "We sent: Hello"),
        (EventKind.CALL_HELD, {"subject": "Intro", "text": "Busy"}, MemoryKind.CALL, "Call: Intro - Busy"),
        (EventKind.TICKET_OPENED, {"text": "Broken"}, MemoryKind.NOTE, "Ticket: Broken"),
        (EventKind.WEBINAR_ATTENDED, {"topic": "roi"}, MemoryKind.MEETING, "Attended webinar (topic roi)"),
        (
            EventKind.PAGE_VIEWED,
            {"subject": "Plans", "topic": "pricing"},
            MemoryKind.VISIT,
            "Visited page: Plans (topic pricing)",
        ),
        (
            EventKind.PAGE_VIEWED,
            {"subject": "Pricing", "topic": "pricing"},
            MemoryKind.VISIT,
            "Visited page: Pricing",
        ),
    ],
)
def test_an_event_is_told_in_words(
    kind: EventKind, fields: dict[str, str], memory_kind: MemoryKind, text: str
) -> None:
    item = told(kind, **fields)
    assert (item.kind, item.text) == (memory_kind, text)


@pytest.mark.parametrize(
    "nothing",
    [
        event(EventKind.EMAIL_OPENED, subject="Hello"),
        event(EventKind.EMAIL_DELIVERED, subject="Hello"),
        event(EventKind.EMAIL_REPLIED, text="Out of office", is_machine=True),
        event(EventKind.EMAIL_REPLIED, text="Hello", contact_id=None),
        event(EventKind.NOTE_ADDED, text="  "),
    ],
)
def test_what_says_nothing_is_not_remembered(nothing: Event) -> None:
    assert remembered(nothing) is None


def test_a_memory_names_its_event() -> None:
    assert told(EventKind.NOTE_ADDED, text="Prefers mornings").ref == "hubspot:1"


def test_a_long_text_is_cut() -> None:
    assert len(told(EventKind.NOTE_ADDED, text="x" * 9_000).text) < MOST_CHARACTERS + 20


def test_visits_to_one_topic_on_one_day_are_one_memory() -> None:
    history = FakeHistory()
    views = [
        event(EventKind.PAGE_VIEWED, id=f"web:{n}", topic="pricing", at=NOON + timedelta(hours=n))
        for n in range(3)
    ]
    other_topic = event(EventKind.PAGE_VIEWED, id="web:8", topic="security")
    next_day = event(EventKind.PAGE_VIEWED, id="web:9", topic="pricing", at=NOON + timedelta(days=1))
    assert remember_events(history, [*views, other_topic, next_day]) == 3
    assert remember_events(history, [event(EventKind.PAGE_VIEWED, id="web:77", topic="pricing")]) == 0


def test_progress_counts_events_read() -> None:
    seen: list[int] = []
    remember_events(
        FakeHistory(), [event(EventKind.EMAIL_OPENED, id=f"e:{n}") for n in range(7)], seen.append
    )
    assert seen == [7]


NounT = TypeVar("NounT", bound=Noun)


def bare(kind: type[NounT], **fields: Any) -> NounT:
    """A noun with only the fields that story reads."""
    made: NounT = kind.model_construct(**fields)  # type: ignore[assignment]
    return made


MESSAGE = bare(Message, subject="Ten minutes on Tuesday?", text="Secret words")


def review(act: ReviewAct, **fields: str) -> Remembered | None:
    proposal = bare(Proposal, id="p_1", contact_id="c_ada", message=MESSAGE)
    given = {"proposal_id": "p_1", "act": act, "reviewer": "kim", "message_sha256": "0" * 64, "at": NOON}
    return lesson(Review.model_validate({**given, **fields}), proposal)


def test_a_sent_message_is_remembered_by_its_subject() -> None:
    entry = bare(OutboxEntry, id="o_1", contact_id="c_ada", message=MESSAGE, updated_at=NOON)
    item = touch(entry)
    assert (item.kind, item.text, item.ref, item.at) == (
        MemoryKind.TOUCH,
        "We sent: Ten minutes on Tuesday?",
        "outbox:o_1",
        NOON,
    )


def test_a_plain_approval_teaches_nothing() -> None:
    assert review(ReviewAct.APPROVE) is None


@pytest.mark.parametrize(
    ("act", "fields", "taught"),
    [
        (ReviewAct.REJECT, {"reason": "She left the firm."}, "was rejected: She left the firm."),
        (ReviewAct.ANSWER, {"reason": "Name the audit."}, "a reviewer said: Name the audit."),
        (ReviewAct.EDIT, {"subject": "Your audit"}, "was edited. The subject became 'Your audit'"),
        (
            ReviewAct.EDIT,
            {"reason": "Too long", "body": "Short."},
            "was edited: Too long. The text became: Short.",
        ),
    ],
)
def test_a_review_leaves_its_lesson(act: ReviewAct, fields: dict[str, str], taught: str) -> None:
    item = review(act, **fields)
    assert item is not None
    assert item.kind is MemoryKind.LESSON
    assert item.text in {f"A message {taught}", f"About a message {taught}"}
    # A model wrote the subject, and lessons are heeded: its words must not come back as one.
    assert "Ten minutes" not in item.text
    assert item.ref == "review:p_1:2026-03-02T12:00:00+00:00"

"""The journal keeps what happened once, whatever it is made of, and pages without losing any."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from domain.events import Event, EventKind
from memory.crm.journal import Journal
from tests.contracts.crm_sample import ADA, BEN, DAY, NOON, seed


def note(number: int, **changes: object) -> Event:
    added = Event(
        id=f"crm:{number}",
        kind=EventKind.NOTE_ADDED,
        at=NOON,
        source="crm",
        contact_id=ADA.id,
        text="Called “back” — 好的 🙂",
        properties={"by": "eve", "minutes": 3, "tags": ["a", None]},
    )
    return added.model_copy(update=changes)


@pytest.fixture
def journal(engine: Engine) -> Journal:
    seed(engine)
    return Journal(engine, lambda: NOON)


def test_appending_again_adds_nothing(journal: Journal) -> None:
    assert journal.append([note(1), note(2)]) == 2
    assert journal.append([note(2, text="rewritten"), note(3)]) == 1
    assert journal.timeline(ADA.id) == (note(3), note(2), note(1))


def test_a_repeat_within_one_batch_counts_once(journal: Journal) -> None:
    assert journal.append([note(1), note(1)]) == 1
    assert journal.append([]) == 0


def test_more_than_one_batch_goes_in_whole(journal: Journal) -> None:
    assert journal.append([note(number) for number in range(5_100)]) == 5_100


def test_a_timeline_pages_through_events_of_one_instant(journal: Journal) -> None:
    events = [note(number) for number in range(5)] + [note(9, at=NOON - DAY)]
    journal.append([*events, note(10, contact_id=BEN.id)])
    seen = list(journal.timeline(ADA.id, limit=2))
    while page := journal.timeline(ADA.id, before=seen[-1], limit=2):
        seen += page
    assert sorted(event.id for event in seen) == sorted(event.id for event in events)
    assert seen[-1].id == "crm:9"
    assert journal.timeline(ADA.id, before=NOON) == (note(9, at=NOON - DAY),)


def test_a_nul_character_does_not_stop_the_journal(journal: Journal) -> None:
    journal.append([note(1, text="a\x00b", subject="\x00", topic="c\x00")])
    (kept,) = journal.timeline(ADA.id)
    assert (kept.text, kept.subject, kept.topic) == ("ab", "", "c")

"""What classes of messages have earned, counted on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, update

from domain.autonomy import ActionClass, Grant, GrantState, TrackRecord
from domain.events import Event, EventKind
from domain.message import OutboxStatus, Stakes, StakesLevel, StakesReason
from domain.people import Contact
from domain.review import ReviewAct
from memory.crm.autonomy import AutonomyStore
from memory.crm.journal import append_events
from memory.crm.proposals import ProposalStore
from memory.crm.runs import RunStore
from memory.crm.statements import OUTBOX, PROPOSALS, writing
from tests.contracts.crm_sample import (
    ADA,
    BEN,
    CLEO,
    DAY,
    HOUR,
    NOON,
    decision,
    pending,
    proposal,
    review,
    seed,
)

LOW = ActionClass(campaign_id="spring", asset_id="guide", level=StakesLevel.LOW)
MINOR = StakesReason(code="assist", text="Everything is reviewed in assist", is_minor=True)


@pytest.fixture
def store(engine: Engine) -> AutonomyStore:
    """Three low ones at noon: approved as written, approved after an edit, rejected."""
    seed(engine)
    RunStore(engine).record("r_1", [decision(one) for one in (ADA, BEN, CLEO)], [])
    proposals = ProposalStore(engine)
    for contact, act in ((ADA, ReviewAct.APPROVE), (BEN, ReviewAct.APPROVE), (CLEO, ReviewAct.REJECT)):
        made = proposal(contact).model_copy(update={"stakes": Stakes(reasons=(MINOR,))})
        opened = proposals.open(made, pending(contact))
        if contact is BEN:
            with writing(engine) as connection:
                connection.execute(update(PROPOSALS).where(PROPOSALS.c.id == opened.id).values(version=2))
        proposals.settle(review(opened, act), opened)
    return AutonomyStore(engine)


def decided(state: GrantState, **changes: Any) -> Grant:
    made = Grant(
        action_class=LOW,
        state=state,
        by="m_ada",
        reason="it went well",
        words_sha256="5" * 64,
        at=NOON + HOUR,
    )
    return made.model_copy(update=changes)


def test_a_record_tells_unedited_edited_and_rejected_apart(store: AutonomyStore) -> None:
    expected = TrackRecord(unedited=1, edited=1, rejected=1)
    assert store.records(NOON + DAY / 2, 90) == {LOW: expected}
    assert store.days(NOON + DAY / 2) == {LOW: expected}
    assert store.day(LOW, NOON + DAY / 2).record == expected
    assert store.days(NOON + DAY) == {}
    assert store.day(LOW, NOON + DAY).record == TrackRecord()
    assert store.records(NOON + 90 * DAY, 90) == {}


def test_a_decision_stands_until_the_next_and_is_told_in_the_same_transaction(store: AutonomyStore) -> None:
    told: list[str] = []
    assert store.grant(LOW) is None
    assert store.set(decided(GrantState.GRANTED), lambda before: before is None, lambda _: told.append("1"))
    assert store.grant(LOW) == decided(GrantState.GRANTED)
    assert not store.set(
        decided(GrantState.NARROWED), lambda before: before is None, lambda _: told.append("2")
    )
    assert store.grants() == (decided(GrantState.GRANTED),)
    assert told == ["1"]

    def fails(_: object) -> None:
        raise RuntimeError("no line, no decision")

    with pytest.raises(RuntimeError):
        store.set(decided(GrantState.NARROWED), lambda _: True, fails)
    assert store.grant(LOW) == decided(GrantState.GRANTED)


@pytest.mark.parametrize(
    ("state", "counts"), [(GrantState.GRANTED, 0), (GrantState.NARROWED, 0), (GrantState.DECLINED, 3)]
)
def test_after_a_grant_or_its_end_a_record_begins_anew(
    store: AutonomyStore, state: GrantState, counts: int
) -> None:
    store.set(decided(state), lambda _: True, lambda _: None)
    assert store.records(NOON + 2 * HOUR, 90).get(LOW, TrackRecord()).decided == counts


def test_what_recipients_say_counts_for_the_content_they_last_got(
    store: AutonomyStore, engine: Engine
) -> None:
    def says(contact: Contact, kind: EventKind, number: int = 1) -> Event:
        return Event(
            id=f"{contact.id}{kind.value}{number}",
            kind=kind,
            at=NOON + 2 * HOUR,
            source="x",
            contact_id=contact.id,
        )

    with writing(engine) as connection:
        connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.contact_id != CLEO.id)
            .values(status=OutboxStatus.SENT.value, sent_at=NOON)
        )
        events = [
            says(ADA, EventKind.EMAIL_COMPLAINED),
            says(ADA, EventKind.EMAIL_COMPLAINED, 2),
            says(BEN, EventKind.EMAIL_UNSUBSCRIBED),
            says(CLEO, EventKind.EMAIL_UNSUBSCRIBED),
        ]
        append_events(connection, events, NOON + 2 * HOUR)
    day = store.day(LOW, NOON + 3 * HOUR)
    assert (day.complaints, day.opt_outs) == (1, 1)
    other = LOW.model_copy(update={"asset_id": "other"})
    assert store.day(other, NOON + 3 * HOUR).complaints == 0
    assert store.day(LOW, NOON + 2 * HOUR + DAY).complaints == 0

"""The review queue on both databases: order, narrowing, pages, neighbours, counts, marks, figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from domain.decision import Alternative
from domain.errors import NotFound, ReviewRejected
from domain.message import Stakes, StakesLevel, StakesReason
from domain.people import Contact
from domain.review import Proposal, ProposalStatus, ReviewAct
from domain.review_queue import QueueFilter, QueueOrder
from memory.crm.proposals import ProposalStore
from memory.crm.review_figures import ReviewFigureReader
from memory.crm.review_queue import ReviewQueue
from memory.crm.runs import RunStore
from memory.crm.statements import PROPOSALS, writing
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

MINOR = StakesReason(code="assist", text="Everything is reviewed in assist", is_minor=True)
FIRST = StakesReason(code="first_contact", text="Our first message to Northwind")
BOSS = StakesReason(code="executive", text="Ada Byron is CEO", is_locked=True)
EDITED = StakesReason(code="edited", text="A reviewer changed it", is_locked=True)

NOW = NOON + 3 * HOUR


def asked(store: ProposalStore, contact: Contact, *reasons: StakesReason, **changes: Any) -> Proposal:
    made = proposal(contact).model_copy(update={"stakes": Stakes(reasons=reasons), **changes})
    return store.open(made, pending(contact))


@pytest.fixture
def queue(engine: Engine) -> ReviewQueue:
    """Ben's low one is the oldest, Ada's is high, Cleo's ordinary and worth the most."""
    seed(engine)
    worth = {
        contact.id: decision(contact).model_copy(
            update={
                "alternatives": (
                    Alternative(action_key="guide|email|morning", probability=1.0, value_cents=cents),
                )
            }
        )
        for contact, cents in ((ADA, 200.0), (CLEO, 900.0))
    }
    RunStore(engine).record("r_1", list(worth.values()), [])
    store = ProposalStore(engine)
    asked(store, BEN, MINOR)
    asked(store, ADA, BOSS, MINOR, created_at=NOON + HOUR)
    asked(store, CLEO, FIRST, created_at=NOON + 2 * HOUR)
    return ReviewQueue(engine)


def ids(queue: ReviewQueue, **wanted: Any) -> list[str]:
    return [line.contact_id for line in queue.page(QueueFilter(**wanted), NOW).lines]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (QueueOrder.STAKES, ["c_ada", "c_cleo", "c_ben"]),
        (QueueOrder.AGE, ["c_ben", "c_ada", "c_cleo"]),
        (QueueOrder.VALUE, ["c_cleo", "c_ada", "c_ben"]),
    ],
)
def test_the_queue_is_sorted_and_neighbours_follow_the_same_order(
    queue: ReviewQueue, order: QueueOrder, expected: list[str]
) -> None:
    assert ids(queue, order=order) == expected
    first, second, third = (f"p_r_1_{one}" for one in expected)
    wanted = QueueFilter(order=order)
    assert queue.beside(second, wanted, NOW) == (first, third, 2, 3)
    assert queue.beside(first, wanted, NOW) == (None, second, 1, 3)
    assert queue.first(wanted, NOW) == first


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"level": StakesLevel.HIGH}, ["c_ada"]),
        ({"level": StakesLevel.LOW}, ["c_ben"]),
        ({"campaign_id": "autumn"}, []),
        ({"asset_id": "guide"}, ["c_ada", "c_cleo"]),
        ({"words": "northwind byron"}, ["c_ada"]),
        ({"words": "solo.example"}, ["c_cleo"]),
        ({"words": "%"}, []),
        ({"assignee": ""}, ["c_ada", "c_cleo", "c_ben"]),
        ({"status": ProposalStatus.APPROVED}, []),
    ],
)
def test_the_queue_is_narrowed(queue: ReviewQueue, wanted: dict[str, Any], expected: list[str]) -> None:
    assert ids(queue, **wanted) == expected


def test_a_line_says_who_what_why_and_what_it_is_worth(queue: ReviewQueue) -> None:
    line = queue.line("p_r_1_c_ada")
    assert (line.contact_name, line.company, line.level) == ("Ada Byron", "Northwind GmbH", StakesLevel.HIGH)
    assert (line.campaign_name, line.currency, line.asset_title) == ("Spring", "USD", "The guide")
    assert (line.reason, line.more_reasons, line.value_cents) == ("Ada Byron is CEO", 1, 200.0)
    assert not line.is_for_batches
    assert queue.line("p_r_1_c_ben").is_for_batches
    with pytest.raises(NotFound):
        queue.line("p_nobody")


def test_a_worth_below_zero_comes_with_that_of_silence(engine: Engine) -> None:
    seed(engine)
    alternatives = {
        ADA.id: (("silence", -7.5), ("guide|email|morning", -2.0)),
        BEN.id: (("silence", -7.5), ("guide|email|morning", 2.0)),
        CLEO.id: (("guide|email|morning", -2.0),),
    }
    decided = [
        decision(contact).model_copy(
            update={
                "alternatives": tuple(
                    Alternative(
                        action_key=key, probability=1 / len(alternatives[contact.id]), value_cents=cents
                    )
                    for key, cents in alternatives[contact.id]
                )
            }
        )
        for contact in (ADA, BEN, CLEO)
    ]
    RunStore(engine).record("r_1", decided, [])
    store = ProposalStore(engine)
    for contact in (ADA, BEN, CLEO):
        asked(store, contact, MINOR)
    lines = {one.contact_id: one for one in ReviewQueue(engine).page(QueueFilter(), NOW).lines}
    assert {key: (one.value_cents, one.silence_cents) for key, one in lines.items()} == {
        ADA.id: (-2.0, -7.5),
        BEN.id: (2.0, None),
        CLEO.id: (-2.0, None),
    }


def test_what_is_put_off_is_away_until_then(queue: ReviewQueue) -> None:
    queue.snooze("p_r_1_c_ada", NOW + DAY)
    assert ids(queue) == ["c_cleo", "c_ben"]
    assert ids(queue, is_snoozed=True) == ["c_ada"]
    assert queue.counts(NOW).snoozed == 1
    assert queue.counts(NOW + DAY).snoozed == 0
    assert queue.page(QueueFilter(), NOW + DAY).total == 3
    queue.snooze("p_r_1_c_ada", None)
    assert ids(queue)[0] == "c_ada"


def test_who_looks_after_what_is_counted(queue: ReviewQueue) -> None:
    queue.assign("p_r_1_c_ada", "m_rita")
    assert ids(queue, assignee="m_rita") == ["c_ada"]
    counts = queue.counts(NOW, "m_rita")
    assert (counts.high, counts.ordinary, counts.low, counts.waiting) == (1, 1, 1, 3)
    assert (counts.mine, counts.nobodys) == (1, 2)
    assert (counts.oldest_at, counts.median_at) == (NOON, NOON + HOUR)
    assert queue.campaigns() == (("spring", "Spring"),)


def test_an_empty_queue_counts_nothing(engine: Engine) -> None:
    counts = ReviewQueue(engine).counts(NOW)
    assert (counts.waiting, counts.oldest_at) == (0, None)
    page = ReviewQueue(engine).page(QueueFilter(), NOW, 7)
    assert (page.lines, page.number, page.pages) == ((), 1, 1)


def test_nothing_is_marked_that_no_longer_waits(queue: ReviewQueue, engine: Engine) -> None:
    store = ProposalStore(engine)
    store.settle(review(store.get("p_r_1_c_ben")), store.get("p_r_1_c_ben"))
    with pytest.raises(ReviewRejected, match="approved already"):
        queue.snooze("p_r_1_c_ben", NOW + DAY)
    with pytest.raises(NotFound):
        queue.assign("p_nobody", "m_rita")
    assert queue.beside("p_r_1_c_ben", QueueFilter(), NOW) == ("p_r_1_c_cleo", None, 3, 2)


def test_another_version_is_back_in_the_queue_with_its_new_level(queue: ReviewQueue, engine: Engine) -> None:
    store = ProposalStore(engine)
    before = store.get("p_r_1_c_ben")
    queue.snooze(before.id, NOW + DAY)
    message = before.message.model_copy(update={"subject": "Mine"})
    after = before.model_copy(
        update={
            "message": message,
            "message_sha256": message.sha256,
            "stakes": Stakes(reasons=(MINOR, EDITED)),
        }
    )
    store.revise(after, before.message_sha256)
    line = queue.line(before.id)
    assert (line.subject, line.level, line.snoozed_until) == ("Mine", StakesLevel.ORDINARY, None)
    with engine.connect() as connection:
        kept = connection.execute(PROPOSALS.select().where(PROPOSALS.c.id == before.id)).mappings().one()
    assert kept["asked_level"] == 1


def test_figures_say_what_was_decided_how_fast_and_how_often_people_agree(
    queue: ReviewQueue, engine: Engine
) -> None:
    store = ProposalStore(engine)
    ada, ben, cleo = (store.get(f"p_r_1_{one}") for one in ("c_ada", "c_ben", "c_cleo"))
    store.settle(review(ben, at=NOON + HOUR), ben)
    store.settle(review(ada, ReviewAct.REJECT, reviewer="omar", at=NOON + 4 * HOUR), ada)
    store.settle(review(cleo, ReviewAct.EDIT, at=NOON + 3 * HOUR), cleo)
    with writing(engine) as connection:
        connection.execute(update(PROPOSALS).where(PROPOSALS.c.id == cleo.id).values(version=2))
    store.settle(review(cleo, at=NOON + 5 * HOUR), cleo)
    figures = ReviewFigureReader(engine).of(NOON + DAY, 7)
    assert (figures.approved, figures.unedited, figures.rejected, figures.edits) == (2, 1, 1, 1)
    assert figures.agreement == pytest.approx(1 / 3)
    assert figures.median_seconds == timedelta(hours=3).total_seconds()
    rita, omar = figures.reviewers
    assert (rita.reviewer, rita.approved, rita.edited, rita.median_seconds) == ("rita", 2, 1, 1.5 * 3600)
    assert (omar.rejected, omar.decided) == (1, 1)
    assert ReviewFigureReader(engine).of(NOON + 30 * DAY, 7).decided == 0

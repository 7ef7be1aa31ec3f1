"""Reviews as people give them: two at once, too late, of words that are gone; and what they leave behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import update

from app import loop
from app.deliver import deliver_due, expire_proposals, reconcile
from app.deliver import settle as settle_unknown
from app.reviews import review
from app.runs import begin, carry_on
from app.wiring import House
from app.workspace import Workspace
from domain.campaign import Autonomy
from domain.errors import NothingToSay, ReviewRejected
from domain.message import OutboxStatus
from domain.review import Proposal, ProposalStatus, Review, ReviewAct
from domain.run import ContactOutcome
from evals.crowd import NOON, campaign
from memory.crm.statements import OUTBOX, RUN_CONTACTS, writing
from tests.settled import settle


class Hands:
    """A clock one can set."""

    now = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A workspace whose run of three asked a person about each of them."""
    house = settle(tmp_path_factory.mktemp("asked") / "ws", 3)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    house.close()
    return house


@pytest.fixture
def house(tmp_path: Path, hands: Hands, asked: House) -> Iterator[House]:
    shutil.copytree(asked.workspace.folder, tmp_path / "ws")
    settings = asked.settings.model_copy(update={"workspace": tmp_path / "ws"})
    house = House(settings, Workspace(tmp_path / "ws"), clock=lambda: hands.now)
    yield house
    house.close()


def given(proposal: Proposal, act: ReviewAct = ReviewAct.APPROVE, **more: str) -> Review:
    return Review.model_validate(
        {
            "proposal_id": proposal.id,
            "act": act,
            "reviewer": "rita",
            "message_sha256": proposal.message_sha256,
            "at": NOON,
            **more,
        }
    )


def outcome_of(house: House, proposal: Proposal) -> tuple[ContactOutcome, str]:
    line = house.runs.line(proposal.run_id, proposal.contact_id)
    assert line is not None
    return line.outcome, line.reason


async def test_an_approval_is_told_to_the_outbox_and_the_ledger(house: House) -> None:
    first, *_ = house.proposals.waiting()
    done = await review(house, given(first))
    assert (done.proposal.status, done.outcome) == (ProposalStatus.APPROVED, ContactOutcome.SENT)
    assert outcome_of(house, first)[0] is ContactOutcome.SENT


async def test_while_one_review_is_carried_out_a_second_reviewer_is_told_so(house: House) -> None:
    first, second, _ = house.proposals.waiting()
    with house.workspace.reviewing(first.id):
        with pytest.raises(ReviewRejected, match="right now"):
            await review(house, given(first))
        assert (await review(house, given(second))).outcome is ContactOutcome.SENT
    assert house.proposals.get(first.id) == first
    assert (await review(house, given(first))).outcome is ContactOutcome.SENT


async def test_a_second_review_of_a_decided_proposal_is_refused(house: House) -> None:
    first, *_ = house.proposals.waiting()
    await review(house, given(first))
    with pytest.raises(ReviewRejected, match="approved already"):
        await review(house, given(first, ReviewAct.REJECT, reason="no"))


@pytest.mark.parametrize("act", list(ReviewAct))
async def test_no_act_of_any_kind_counts_for_words_that_are_gone(house: House, act: ReviewAct) -> None:
    first, *_ = house.proposals.waiting()
    edited = await review(house, given(first, ReviewAct.EDIT, subject="Another subject"))
    assert edited.proposal.version == 2
    late = given(first, act, reason="late", **({"subject": "Mine"} if act is ReviewAct.EDIT else {}))
    with pytest.raises(ReviewRejected, match="has changed since you looked"):
        await review(house, late)
    assert house.proposals.get(first.id) == edited.proposal


async def test_a_hint_that_cannot_be_followed_is_told_and_leaves_the_draft(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = house.proposals.waiting()

    async def nothing(*_: object) -> NoReturn:
        raise NothingToSay(first.contact_id, "guide-pricing", "no approved sentence fits the hint")

    monkeypatch.setattr(house.bench.composer, "compose", nothing)
    with pytest.raises(ReviewRejected, match="still waits"):
        await review(house, given(first, ReviewAct.ANSWER, reason="about prices"))
    assert house.proposals.get(first.id) == first
    assert outcome_of(house, first)[0] is ContactOutcome.WAITING


async def test_a_proposal_nobody_decided_in_time_is_closed_and_its_message_withdrawn(
    house: House, hands: Hands
) -> None:
    first, *_ = house.proposals.waiting()
    days = house.rules.stakes.proposal_days
    hands.now = NOON + timedelta(days=days) - timedelta(seconds=1)
    assert await expire_proposals(house) == 0
    hands.now = NOON + timedelta(days=days)
    await deliver_due(house)
    assert house.proposals.waiting() == ()
    assert house.proposals.get(first.id).status is ProposalStatus.EXPIRED
    assert house.outbox.counts() == {OutboxStatus.WITHDRAWN: 3}
    assert outcome_of(house, first) == (ContactOutcome.REJECTED, f"nobody decided within {days} days")
    assert house.audit.lines(subject=first.id)[-1].detail["act"] == "expire"
    with pytest.raises(ReviewRejected, match="expired already"):
        await review(house, given(first))
    async with house.open_carrier() as carrier:
        thread = {"configurable": {"thread_id": first.thread_id}}
        assert (await carrier.graph.aget_state(thread)).values == {}  # type: ignore[arg-type]


async def test_a_proposal_under_review_does_not_expire_meanwhile(house: House, hands: Hands) -> None:
    first, *_ = house.proposals.waiting()
    hands.now = NOON + timedelta(days=house.rules.stakes.proposal_days)
    with house.workspace.reviewing(first.id):
        assert await expire_proposals(house) == 2
    assert house.proposals.waiting() == (first,)


async def test_a_ledger_that_missed_the_outboxs_word_is_brought_up(house: House) -> None:
    first, *_ = house.proposals.waiting()
    await review(house, given(first))
    with writing(house.engine) as connection:
        connection.execute(
            update(RUN_CONTACTS)
            .where(RUN_CONTACTS.c.contact_id == first.contact_id)
            .values(outcome=ContactOutcome.WAITING.value)
        )
    await reconcile(house)
    assert outcome_of(house, first)[0] is ContactOutcome.SENT
    assert house.outbox.untold() == ()


@pytest.mark.parametrize(
    ("was_sent", "status", "outcome"),
    [
        (True, OutboxStatus.SENT, ContactOutcome.SENT),
        (False, OutboxStatus.FAILED, ContactOutcome.NOT_SENT),
    ],
)
async def test_a_person_settles_an_unknown_send_once(
    house: House, was_sent: bool, status: OutboxStatus, outcome: ContactOutcome
) -> None:
    first, *_ = house.proposals.waiting()
    done = await review(house, given(first))
    with writing(house.engine) as connection:
        connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.id == done.entry.id)
            .values(status=OutboxStatus.UNKNOWN.value, sent_at=None)
        )
    for file in house.workspace.mailbox.glob("*.eml"):
        file.unlink()
    await reconcile(house)
    assert outcome_of(house, first)[0] is ContactOutcome.UNKNOWN
    assert settle_unknown(house, done.entry.id, was_sent=was_sent).status is status
    assert outcome_of(house, first)[0] is outcome
    with pytest.raises(ReviewRejected, match="not unknown"):
        settle_unknown(house, done.entry.id, was_sent=not was_sent)

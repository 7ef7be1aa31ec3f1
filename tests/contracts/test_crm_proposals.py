"""Proposals: an act counts once, and only for what the person looked at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from domain.errors import DuplicateSend, NotFound, ReviewRejected
from domain.message import OutboxStatus
from domain.review import Proposal, ProposalStatus, ReviewAct
from memory.crm.outbox import OutboxStore
from memory.crm.proposals import ProposalStore
from tests.contracts.crm_sample import (
    ADA,
    BEN,
    DAY,
    HOUR,
    NOON,
    entry,
    message,
    pending,
    proposal,
    review,
    seed,
)

ENTRY_ID = "o_r_1_c_ada"


@pytest.fixture
def outbox(engine: Engine) -> OutboxStore:
    seed(engine)
    return OutboxStore(engine, lambda: NOON)


@pytest.fixture
def proposals(engine: Engine, outbox: OutboxStore) -> ProposalStore:
    return ProposalStore(engine)


@pytest.fixture
def opened(proposals: ProposalStore) -> Proposal:
    return proposals.open(proposal(ADA), pending(ADA))


def revised(of: Proposal, text: str) -> Proposal:
    new = message(ADA, text)
    return of.model_copy(update={"message": new, "message_sha256": new.sha256})


def test_opening_stores_proposal_and_pending_message_once(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal
) -> None:
    assert opened == proposal(ADA) == proposals.get(opened.id)
    assert (
        proposals.open(
            revised(opened, "Other."), pending(ADA).model_copy(update={"message": message(ADA, "Other.")})
        )
        == opened
    )
    assert outbox.get(ENTRY_ID).status is OutboxStatus.PENDING
    assert proposals.outbox_id(opened.id) == ENTRY_ID


def test_opening_refuses_a_message_that_is_not_the_proposals(proposals: ProposalStore) -> None:
    with pytest.raises(ValueError, match="the very message"):
        proposals.open(revised(proposal(ADA), "Other."), pending(ADA))
    with pytest.raises(ValueError, match="pending"):
        proposals.open(proposal(ADA), entry(ADA))


def test_a_taken_place_opens_nothing(proposals: ProposalStore, outbox: OutboxStore) -> None:
    outbox.put(entry(ADA, id="o_first", message=message(ADA, key="first")))
    with pytest.raises(DuplicateSend):
        proposals.open(proposal(ADA), pending(ADA))
    with pytest.raises(NotFound):
        proposals.get(proposal(ADA).id)


def test_approving_approves_exactly_this_message(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal
) -> None:
    settled = proposals.settle(review(opened), opened)
    assert (settled.status, settled.decided_at) == (ProposalStatus.APPROVED, NOON)
    released = outbox.get(ENTRY_ID)
    assert (released.status, released.approved_sha256) == (OutboxStatus.APPROVED, opened.message.sha256)
    assert proposals.reviews_of(opened.id) == (review(opened),)


def test_rejecting_withdraws_the_message(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal
) -> None:
    assert proposals.settle(review(opened, ReviewAct.REJECT), opened).status is ProposalStatus.REJECTED
    assert outbox.get(ENTRY_ID).status is OutboxStatus.WITHDRAWN


def test_the_very_same_review_again_changes_nothing(proposals: ProposalStore, opened: Proposal) -> None:
    first = proposals.settle(review(opened), opened)
    assert proposals.settle(review(opened), opened) == first
    assert len(proposals.reviews_of(opened.id)) == 1


def test_a_second_reviewer_is_told_who_was_faster(proposals: ProposalStore, opened: Proposal) -> None:
    proposals.settle(review(opened), opened)
    late = review(opened, ReviewAct.REJECT, reviewer="tom")
    with pytest.raises(ReviewRejected, match="already approved by rita"):
        proposals.settle(late, opened)
    assert proposals.reviews_of(opened.id) == (review(opened),)


def test_an_approval_of_an_older_version_is_void(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal
) -> None:
    after = proposals.revise(revised(opened, "Better."), opened.message_sha256)
    assert (after.version, after.message.text) == (2, "Better.")
    with pytest.raises(ReviewRejected, match="changed since you looked"):
        proposals.settle(review(opened), opened)
    assert outbox.get(ENTRY_ID).status is OutboxStatus.PENDING
    proposals.settle(review(after), after)
    assert outbox.get(ENTRY_ID).approved_sha256 == message(ADA, "Better.").sha256


def test_a_revision_repeated_after_a_crash_is_the_same_revision(
    proposals: ProposalStore, opened: Proposal
) -> None:
    better = revised(opened, "Better.")
    first = proposals.revise(better, opened.message_sha256)
    assert proposals.revise(better, opened.message_sha256) == first
    with pytest.raises(ReviewRejected, match="changed since"):
        proposals.revise(revised(opened, "Mine."), opened.message_sha256)


def test_a_revision_cannot_change_who_is_written_to(proposals: ProposalStore, opened: Proposal) -> None:
    new = opened.message.model_copy(update={"to_address": "mallory@example.com"})
    moved = opened.model_copy(update={"message": new, "message_sha256": new.sha256})
    with pytest.raises(ReviewRejected, match="who it is written to"):
        proposals.revise(moved, opened.message_sha256)


@pytest.mark.parametrize("act", [ReviewAct.EDIT, ReviewAct.ANSWER])
def test_an_edit_or_an_answer_is_recorded_and_leaves_the_proposal_waiting(
    proposals: ProposalStore, opened: Proposal, act: ReviewAct
) -> None:
    said = review(opened, act)
    assert proposals.settle(said, opened).status is ProposalStatus.WAITING
    assert proposals.reviews_of(opened.id) == (said,)
    after = proposals.revise(revised(opened, "Better."), opened.message_sha256)
    # An edit, too, is of the words that were seen.
    with pytest.raises(ReviewRejected, match="changed since you looked"):
        proposals.settle(review(opened, act, reviewer="tom"), after)


def test_an_expired_proposal_withdraws_its_message(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal
) -> None:
    assert proposals.expire(opened.id, "nobody looked", NOON + DAY).status is ProposalStatus.EXPIRED
    assert outbox.get(ENTRY_ID).status is OutboxStatus.WITHDRAWN
    with pytest.raises(ReviewRejected, match="already expired"):
        proposals.settle(review(opened), opened)


def test_a_message_gone_from_the_outbox_cannot_be_approved(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal
) -> None:
    outbox.withdraw(ENTRY_ID, "the run was stopped")
    with pytest.raises(ReviewRejected, match="no longer waits in the outbox"):
        proposals.settle(review(opened), opened)
    assert proposals.get(opened.id).status is ProposalStatus.WAITING
    assert proposals.reviews_of(opened.id) == ()


def test_waiting_lists_the_longest_waiting_first(proposals: ProposalStore, opened: Proposal) -> None:
    second = proposals.open(proposal(BEN).model_copy(update={"created_at": NOON + HOUR}), pending(BEN))
    assert proposals.waiting() == (opened, second)
    assert proposals.waiting(limit=1, offset=1) == (second,)
    assert proposals.waiting(campaign_id="autumn") == ()
    proposals.settle(review(opened), opened)
    assert proposals.waiting() == (second,)
    assert proposals.counts() == {ProposalStatus.APPROVED: 1, ProposalStatus.WAITING: 1}


@pytest.mark.parametrize("second_act", [ReviewAct.APPROVE, ReviewAct.REJECT])
def test_of_two_reviewers_racing_exactly_one_wins(
    proposals: ProposalStore, outbox: OutboxStore, opened: Proposal, second_act: ReviewAct
) -> None:
    together = Barrier(2)
    acts = {"rita": ReviewAct.APPROVE, "tom": second_act}

    def settle(reviewer: str) -> str | None:
        together.wait()
        try:
            proposals.settle(review(opened, acts[reviewer], reviewer=reviewer), opened)
        except ReviewRejected:
            return None
        return reviewer

    with ThreadPoolExecutor(2) as people:
        won = [reviewer for reviewer in people.map(settle, acts) if reviewer]
    assert len(won) == 1
    (kept,) = proposals.reviews_of(opened.id)
    expected = {ReviewAct.APPROVE: OutboxStatus.APPROVED, ReviewAct.REJECT: OutboxStatus.WITHDRAWN}
    assert (kept.reviewer, outbox.get(ENTRY_ID).status) == (won[0], expected[acts[won[0]]])

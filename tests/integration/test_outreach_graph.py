"""The way of one contact through the graph: pause, answers, restarts, and what must never happen twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from domain.campaign import Autonomy
from domain.errors import NothingToSay
from domain.leads import Outlook
from domain.message import OutboxStatus
from domain.people import Suppression, SuppressionReason
from domain.review import Proposal, ProposalStatus, Review, ReviewAct
from domain.run import ContactOutcome, Run
from memory.crm import codec
from memory.crm.audit import AuditChain
from memory.crm.content import ContentStore
from memory.crm.proposals import ProposalStore
from memory.crm.statements import SUPPRESSIONS, insert_all, writing
from tests.bench import Shop
from tests.neighbourhood import CASE_STUDY, DANA, MIA, OLA, TUESDAY, campaign, move_in


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    move_in(shop.engine)
    yield shop
    shop.close()


async def carry(shop: Shop, run: Run, contact_id: str) -> ContactOutcome:
    """As one process would: its own connection to the checkpoints."""
    async with shop.carrier() as carrier:
        return await carrier.carry(run, contact_id)


async def resume(shop: Shop, given: Review, proposal: Proposal) -> ContactOutcome:
    async with shop.carrier() as carrier:
        return await carrier.resume(proposal.run_id, proposal.contact_id, given)


def review(proposal: Proposal, act: ReviewAct, **more: str) -> Review:
    return Review.model_validate(
        {
            "proposal_id": proposal.id,
            "act": act,
            "reviewer": "rita",
            "message_sha256": proposal.message_sha256,
            "at": TUESDAY,
            **more,
        }
    )


async def proposed(shop: Shop, contact_id: str = OLA.id) -> Proposal:
    run = shop.decide(campaign(autonomy=Autonomy.ASSIST))
    assert await carry(shop, run, contact_id) is ContactOutcome.WAITING
    return next(p for p in waiting(shop) if p.contact_id == contact_id)


def waiting(shop: Shop) -> list[Proposal]:
    return list(shop.bench.proposals.waiting())  # type: ignore[attr-defined]


async def test_three_approvals_are_three_sends_never_more(shop: Shop) -> None:
    run = shop.decide(campaign(autonomy=Autonomy.ASSIST))
    for contact in (DANA, OLA, MIA):
        assert await carry(shop, run, contact.id) is ContactOutcome.WAITING
    for proposal in waiting(shop):
        approval = review(proposal, ReviewAct.APPROVE)
        assert await resume(shop, approval, proposal) is ContactOutcome.SENT
        # LangGraph starts the interrupted node again on every resume; a second answer must change nothing.
        assert await resume(shop, approval, proposal) is ContactOutcome.SENT
        assert await carry(shop, run, proposal.contact_id) is ContactOutcome.SENT
    assert len(shop.mails()) == 3


async def test_low_stakes_go_alone_and_an_executive_waits(shop: Shop) -> None:
    run = shop.decide(campaign(autonomy=Autonomy.AUTOPILOT))
    assert await carry(shop, run, OLA.id) is ContactOutcome.SENT
    assert await carry(shop, run, DANA.id) is ContactOutcome.WAITING


async def test_a_contact_whose_account_may_leave_waits_for_a_person_even_in_autopilot(shop: Shop) -> None:
    leaving = Outlook(contact_id=OLA.id, churn_probability=0.3, churn_lift=3.0)
    shop.bench = replace(shop.bench, outlook={OLA.id: leaving}.get)
    run = shop.decide(campaign(autonomy=Autonomy.AUTOPILOT))
    assert await carry(shop, run, OLA.id) is ContactOutcome.WAITING
    assert await carry(shop, run, MIA.id) is ContactOutcome.SENT


async def test_shadow_drafts_and_nothing_leaves(shop: Shop) -> None:
    run = shop.decide(campaign(autonomy=Autonomy.SHADOW))
    assert await carry(shop, run, OLA.id) is ContactOutcome.SHADOWED
    line = shop.runs.line(run.id, OLA.id)
    assert line is not None
    assert line.decision_id is not None
    made = shop.bench.archive.made_for(line.decision_id)
    assert made is not None
    assert made.message is not None
    assert shop.mails() == []
    assert waiting(shop) == []


async def test_two_people_at_one_company_get_different_messages(shop: Shop) -> None:
    run = shop.decide(campaign(autonomy=Autonomy.AUTOPILOT))
    for contact in (OLA, MIA):
        await carry(shop, run, contact.id)
    ola, mia = (shop.bench.archive.made_for(decision_of(shop, run, c.id)) for c in (OLA, MIA))
    assert ola is not None
    assert mia is not None
    assert ola.draft is not None
    assert mia.draft is not None
    assert "automat" in ola.draft.body.lower()
    assert "integration" in mia.draft.body.lower()
    assert "integration" not in ola.draft.body.lower()


def decision_of(shop: Shop, run: Run, contact_id: str) -> str:
    line = shop.runs.line(run.id, contact_id)
    assert line is not None
    assert line.decision_id is not None
    return line.decision_id


async def test_a_rejection_sends_nothing_and_frees_the_place(shop: Shop) -> None:
    proposal = await proposed(shop)
    outcome = await resume(shop, review(proposal, ReviewAct.REJECT, reason="too soon"), proposal)
    assert outcome is ContactOutcome.REJECTED
    line = shop.runs.line(proposal.run_id, OLA.id)
    assert line is not None
    assert line.reason == "too soon"
    assert shop.mails() == []
    assert shop.bench.proposals.get(proposal.id).status is ProposalStatus.REJECTED


async def test_an_edit_is_checked_again_and_voids_what_was_seen(shop: Shop) -> None:
    proposal = await proposed(shop)
    edit = review(proposal, ReviewAct.EDIT, body="We can save you 37 percent.")
    assert await resume(shop, edit, proposal) is ContactOutcome.WAITING
    after = shop.bench.proposals.get(proposal.id)
    assert after.version == 2
    assert after.message_sha256 != proposal.message_sha256
    assert "37 percent" in after.message.text
    assert {"C-07"} <= {f.rule_id for f in after.verdict.findings}
    # The old approval is for words that are gone.
    assert await resume(shop, review(proposal, ReviewAct.APPROVE), proposal) is ContactOutcome.WAITING
    assert shop.mails() == []


async def test_an_edited_message_goes_out_in_the_reviewers_words(shop: Shop) -> None:
    proposal = await proposed(shop)
    words = proposal.draft.body + "\n\nHappy to answer by reply."
    await resume(shop, review(proposal, ReviewAct.EDIT, subject="Your planning week", body=words), proposal)
    edited = shop.bench.proposals.get(proposal.id)
    assert await resume(shop, review(edited, ReviewAct.APPROVE), edited) is ContactOutcome.SENT
    (mail,) = shop.mails()
    assert b"Your planning week" in mail.read_bytes()
    assert b"Happy to answer by reply." in mail.read_bytes()


async def test_an_answer_brings_another_draft_to_the_same_reviewer(shop: Shop) -> None:
    proposal = await proposed(shop)
    outcome = await resume(shop, review(proposal, ReviewAct.ANSWER, reason="shorter, please"), proposal)
    assert outcome is ContactOutcome.WAITING
    (after,) = waiting(shop)
    assert after.id == proposal.id
    assert after.version == 2
    assert len(after.draft.body) < len(proposal.draft.body)


async def test_where_there_is_no_other_draft_the_one_that_was_seen_waits_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = await proposed(shop)

    async def nothing(*_: object) -> NoReturn:
        raise NothingToSay(OLA.id, CASE_STUDY.id, "no approved sentence fits the hint")

    monkeypatch.setattr(shop.bench.composer, "compose", nothing)
    outcome = await resume(shop, review(proposal, ReviewAct.ANSWER, reason="about prices"), proposal)
    assert outcome is ContactOutcome.WAITING
    assert waiting(shop) == [proposal]
    assert await resume(shop, review(proposal, ReviewAct.APPROVE), proposal) is ContactOutcome.SENT
    made = shop.bench.archive.made_for(proposal.decision_id)
    assert made is not None
    assert (made.draft, made.verdict) == (proposal.draft, proposal.verdict)


async def test_content_withdrawn_while_waiting_is_not_sent_although_approved(shop: Shop) -> None:
    proposal = await proposed(shop)
    ContentStore(shop.engine).save_assets([CASE_STUDY.model_copy(update={"is_active": False})])
    assert await resume(shop, review(proposal, ReviewAct.APPROVE), proposal) is ContactOutcome.NOT_SENT
    line = shop.runs.line(proposal.run_id, OLA.id)
    assert line is not None
    assert "was withdrawn" in line.reason
    assert shop.mails() == []


async def test_every_act_of_a_reviewer_stands_in_the_reviews_and_in_the_audit(shop: Shop) -> None:
    proposal = await proposed(shop)
    await resume(shop, review(proposal, ReviewAct.EDIT, subject="Your planning week"), proposal)
    edited = shop.bench.proposals.get(proposal.id)
    await resume(shop, review(edited, ReviewAct.ANSWER, reason="shorter, please"), proposal)
    redone = shop.bench.proposals.get(proposal.id)
    await resume(shop, review(redone, ReviewAct.APPROVE), proposal)
    acts = [r.act.value for r in ProposalStore(shop.engine).reviews_of(proposal.id)]
    assert acts == ["edit", "answer", "approve"]
    lines = AuditChain(shop.engine).lines(subject=proposal.id)
    assert sorted(line.detail["act"] for line in lines) == sorted(acts)


async def test_a_blocked_message_cannot_be_approved(shop: Shop) -> None:
    proposal = await proposed(shop)
    link = review(proposal, ReviewAct.EDIT, body="See https://evil.example/x for more.")
    await resume(shop, link, proposal)
    blocked = shop.bench.proposals.get(proposal.id)
    assert blocked.verdict.blocks
    assert await resume(shop, review(blocked, ReviewAct.APPROVE), blocked) is ContactOutcome.WAITING
    assert shop.mails() == []


async def test_an_opt_out_while_waiting_stops_an_approved_message(shop: Shop) -> None:
    proposal = await proposed(shop)
    stop = Suppression(
        address=str(OLA.email),
        reason=SuppressionReason.UNSUBSCRIBED,
        source="link",
        since=TUESDAY,
        contact_id=OLA.id,
    )
    with writing(shop.engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    assert await resume(shop, review(proposal, ReviewAct.APPROVE), proposal) is ContactOutcome.NOT_SENT
    line = shop.runs.line(proposal.run_id, OLA.id)
    assert line is not None
    assert "C-03" in line.reason
    assert shop.mails() == []


async def test_what_was_approved_and_what_is_stored_must_be_the_same_words(shop: Shop) -> None:
    proposal = await proposed(shop)
    from sqlalchemy import update

    from memory.crm.statements import OUTBOX

    forged = proposal.message.model_copy(update={"to_address": "someone.else@evil.example"})
    with writing(shop.engine) as connection:
        connection.execute(update(OUTBOX).values(message=forged.model_dump(mode="json")))
    outcome = await resume(shop, review(proposal, ReviewAct.APPROVE), proposal)
    assert outcome is ContactOutcome.NOT_SENT
    assert shop.mails() == []


async def test_a_run_carried_twice_drafts_once(shop: Shop) -> None:
    run = shop.decide(campaign(autonomy=Autonomy.AUTOPILOT))
    for _ in range(3):
        assert await carry(shop, run, OLA.id) is ContactOutcome.SENT
    assert len(shop.mails()) == 1
    counts = shop.bench.outbox.counts()  # type: ignore[attr-defined]
    assert counts == {OutboxStatus.SENT: 1}


async def test_a_message_outside_the_recipients_hours_waits(shop: Shop) -> None:
    shop.now = TUESDAY.replace(hour=8)  # three in the morning in New York
    run = shop.decide(campaign(autonomy=Autonomy.AUTOPILOT))
    assert await carry(shop, run, OLA.id) is ContactOutcome.SCHEDULED
    assert shop.mails() == []


async def test_the_same_contact_is_not_asked_about_twice_in_one_campaign(shop: Shop) -> None:
    await proposed(shop)
    second = shop.decide(campaign(autonomy=Autonomy.ASSIST), run_id="r_2")
    line = shop.runs.line(second.id, OLA.id)
    assert line is not None
    assert line.outcome is ContactOutcome.REFUSED
    assert line.rule_id == "H-01"


async def test_a_place_that_was_taken_meanwhile_is_refused_and_nobody_is_asked(shop: Shop) -> None:
    first = shop.decide(campaign(autonomy=Autonomy.ASSIST))
    second = shop.decide(campaign(autonomy=Autonomy.ASSIST), run_id="r_2")
    assert await carry(shop, first, OLA.id) is ContactOutcome.WAITING
    assert await carry(shop, second, OLA.id) is ContactOutcome.REFUSED
    line = shop.runs.line(second.id, OLA.id)
    assert line is not None
    assert (line.rule_id, "already has a message" in line.reason) == ("H-01", True)
    assert [one.run_id for one in waiting(shop)] == [first.id]


def object_to(shop: Shop, address: str, channel: str) -> None:
    """Dana objects, under whatever address and channel it was told."""
    objection = Suppression(
        address=address,
        channel=channel,
        reason=SuppressionReason.OBJECTION,
        source="privacy",
        since=TUESDAY,
        contact_id=DANA.id,
    )
    with writing(shop.engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(objection)])


async def test_an_objection_between_decision_and_draft_ends_all_profiling(shop: Shop) -> None:
    run = shop.decide(campaign(autonomy=Autonomy.ASSIST))
    object_to(shop, "dana@harbor.example", "all")
    assert await carry(shop, run, DANA.id) is ContactOutcome.REFUSED
    line = shop.runs.line(run.id, DANA.id)
    assert line is not None
    assert line.rule_id == "C-13"
    assert line.decision_id is not None
    made = shop.bench.archive.made_for(line.decision_id)
    assert made is not None
    assert (made.brief, made.evidence, made.draft) == (None, (), None)


def test_whoever_objected_is_refused_before_anything_is_scored(shop: Shop) -> None:
    object_to(shop, "nobody@else.example", "sms")
    run = shop.decide(campaign(autonomy=Autonomy.ASSIST))
    line = shop.runs.line(run.id, DANA.id)
    assert line is not None
    assert (line.outcome, line.rule_id, line.decision_id) == (ContactOutcome.REFUSED, "C-13", None)
    assert "no profiling" in line.reason

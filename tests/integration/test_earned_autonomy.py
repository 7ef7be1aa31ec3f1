"""Earned autonomy in real runs: a class approved often enough goes alone once granted, and asks again after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app import loop
from app.autonomy import decline, narrow, narrow_after_bad_days, standing_of, standings, widen
from app.deliver import deliver_due
from app.drills.settling import settle
from app.reviews import review
from app.runs import begin, carry_on
from app.wiring import House
from domain.autonomy import ActionClass, Advice, GrantState
from domain.campaign import Autonomy, SendSlot
from domain.errors import ReviewRejected
from domain.events import Event, EventKind
from domain.message import OutboxStatus, StakesLevel
from domain.review import Proposal, ProposalStatus, Review, ReviewAct
from domain.run import ContactOutcome
from evals.crowd import NOON, campaign
from memory.crm.journal import append_events
from memory.crm.statements import writing

CLASS = ActionClass(campaign_id="crowd", asset_id="guide-pricing", level=StakesLevel.ORDINARY)
"""The crowd hears from us for the first time: ordinary stakes."""

BRIEF = campaign().brief

EACH = 4
"""Messages of one run; further runs reach those who got none yet."""


class Hands:
    """A clock one can set."""

    now = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def house(tmp_path: Path, hands: Hands) -> Iterator[House]:
    before = settle(tmp_path / "ws", 30)
    before.close()
    house = House(settings=before.settings, workspace=before.workspace, clock=lambda: hands.now)
    # Fewer reviews than a team would want, so that a test can give them; no looks by chance.
    lenient = {"widen_reviews": 3, "widen_share": 0.3, "check_share": 1e-9}
    rules = house.rules
    autonomy = rules.autonomy.model_copy(update=lenient)
    house.__dict__["rules"] = rules.model_copy(update={"autonomy": autonomy})
    yield house
    house.close()


def run_once(
    house: House, slot: SendSlot = SendSlot.NOW, autonomy: Autonomy = Autonomy.ASSIST, brief: str = BRIEF
) -> list[str]:
    """Write to those who got nothing yet; return what became of each, in words."""
    plan = campaign(EACH).model_copy(
        update={"autonomy": autonomy, "assets": ("guide-pricing",), "slots": (slot,), "brief": brief}
    )
    run, _ = begin(house, plan, is_dry_run=False)
    loop.run(carry_on(house, run))
    ended = (ContactOutcome.SENT, ContactOutcome.WAITING, ContactOutcome.SCHEDULED, ContactOutcome.SHADOWED)
    counts = house.runs.counts(run.id)
    return [outcome.value for outcome in ended for _ in range(counts.get(outcome, 0))]


def give(house: House, proposal: Proposal, act: ReviewAct = ReviewAct.APPROVE, **more: str) -> None:
    asked = {
        "proposal_id": proposal.id,
        "act": act,
        "reviewer": "rita",
        "message_sha256": proposal.message_sha256,
        "at": house.clock(),
        **more,
    }
    loop.run(review(house, Review.model_validate(asked)))


def earn(house: House) -> None:
    """A run whose messages are all approved as written, and the grant an admin gives for it."""
    assert run_once(house) == ["waiting"] * EACH
    for proposal in house.proposals.waiting():
        give(house, proposal)
    widen(house, CLASS, "m_admin")


def test_after_a_grant_the_class_goes_alone_and_after_narrowing_it_asks_again(house: House) -> None:
    earn(house)
    assert run_once(house) == ["sent"] * EACH
    made = house.archive.made_for(house.outbox.entries(status=OutboxStatus.SENT)[0].decision_id)
    assert made is not None and made.stakes is not None
    narrow(house, CLASS, "m_admin")
    assert run_once(house) == ["waiting"] * EACH


def test_a_grant_rests_while_the_content_says_something_else(house: House) -> None:
    earn(house)
    before = house.crm.asset(CLASS.asset_id)
    house.content.save_assets([before.model_copy(update={"summary": "Everything is free from today on."})])
    assert run_once(house) == ["waiting"] * EACH
    now = standing_of(house, CLASS)
    assert now.rests and now.is_granted and now.advice is Advice.NARROW
    house.content.save_assets([before])
    assert not standing_of(house, CLASS).rests
    assert "sent" in run_once(house)


def test_a_grant_rests_while_the_brief_says_something_else(house: House) -> None:
    earn(house)
    assert run_once(house, brief="Press them for an answer.") == ["waiting"] * EACH
    assert standing_of(house, CLASS).rests
    assert "sent" in run_once(house)


def test_what_was_waived_is_on_record(house: House) -> None:
    earn(house)
    run_once(house)
    stakes = [
        made.stakes for entry in house.outbox.entries() if (made := house.archive.made_for(entry.decision_id))
    ]
    waived = [one for one in stakes if one is not None and one.waived]
    assert len(waived) == EACH
    assert {reason.code for one in waived for reason in one.waived} >= {"first_contact", "assist"}
    assert not any(one.asks_a_person for one in waived)


def test_a_grant_needs_its_reviews_and_a_narrowing_its_grant(house: House) -> None:
    with pytest.raises(ReviewRejected, match="more reviews before"):
        widen(house, CLASS, "m_admin")
    with pytest.raises(ReviewRejected, match="asks a person already"):
        narrow(house, CLASS, "m_admin")
    with pytest.raises(ReviewRejected, match="Nothing is proposed"):
        decline(house, CLASS, "m_admin")
    assert house.autonomy.grants() == ()


def test_every_decision_stands_in_the_audit_chain(house: House) -> None:
    earn(house)
    narrow(house, CLASS, "m_admin", "we changed the tone")
    told = [
        (line.subject, line.detail["state"], line.detail["by"]) for line in house.audit.latest("autonomy", 9)
    ]
    assert told == [(CLASS.key, "narrowed", "m_admin"), (CLASS.key, "granted", "m_admin")]
    assert house.audit.latest("autonomy", 9)[1].detail["decided"] == EACH
    assert house.audit.verify() is None


def test_a_declined_class_is_proposed_again_only_after_more_reviews(house: House) -> None:
    run_once(house)
    for proposal in house.proposals.waiting():
        give(house, proposal)
    assert standing_of(house, CLASS).advice is Advice.WIDEN
    decline(house, CLASS, "m_admin")
    assert standing_of(house, CLASS).advice is Advice.NOTHING
    with pytest.raises(ReviewRejected, match="declined"):
        widen(house, CLASS, "m_admin")


def test_a_high_stakes_message_asks_whatever_its_class_has_earned(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    earn(house)
    monkeypatch.setattr("agents.graph.MOST_REVISIONS", 0)
    locked = house.rules.stakes.model_copy(update={"locked": house.rules.stakes.locked | {"first_contact"}})
    house.__dict__["rules"] = house.rules.model_copy(update={"stakes": locked})
    house.__dict__.pop("bench")
    assert run_once(house) == ["waiting"] * EACH


def test_two_rejections_of_looks_end_the_grant_at_once_and_hold_what_waits(
    house: House, hands: Hands
) -> None:
    earn(house)
    looks = house.rules.autonomy.model_copy(update={"check_share": 1.0})
    fewer = house.rules
    house.__dict__["rules"] = fewer.model_copy(update={"autonomy": looks})
    house.__dict__.pop("bench")
    assert run_once(house) == ["waiting"] * EACH
    asked = house.proposals.waiting()
    assert {proposal.stakes.reasons[0].code for proposal in asked} == {"spot_check"}
    house.__dict__["rules"] = fewer
    house.__dict__.pop("bench")
    scheduled = run_once(house, SendSlot.MORNING).count("scheduled")
    assert scheduled > 0

    # Yesterday's approvals no longer count as today's.
    hands.now += timedelta(hours=25)
    give(house, asked[0], ReviewAct.REJECT, reason="the tone is off")
    assert standing_of(house, CLASS).is_granted
    give(house, asked[1], ReviewAct.REJECT, reason="the tone is off")
    after = standing_of(house, CLASS)
    assert after.grant is not None
    assert (after.grant.state, after.grant.by) == (GrantState.NARROWED, "bad day")
    assert "edited or rejected 2 of 2" in after.grant.reason
    held = house.outbox.entries(status=OutboxStatus.HELD)
    assert len(held) == scheduled
    assert all("H-22" in entry.detail for entry in held)
    loop.run(deliver_due(house))
    assert len(house.outbox.entries(status=OutboxStatus.HELD)) == scheduled


def test_a_complaint_stops_the_class_before_anyone_decides(house: House) -> None:
    earn(house)
    assert run_once(house) == ["sent"] * EACH
    victim = house.outbox.entries(status=OutboxStatus.SENT)[0].contact_id
    with writing(house.engine) as connection:
        complaint = Event(
            id="x1", kind=EventKind.EMAIL_COMPLAINED, at=house.clock(), source="x", contact_id=victim
        )
        append_events(connection, [complaint], house.clock())
    assert run_once(house) == ["waiting"] * EACH
    assert narrow_after_bad_days(house) == (CLASS,)
    assert narrow_after_bad_days(house) == ()
    assert [one.grant.state for one in standings(house) if one.grant] == [GrantState.NARROWED]


def test_in_shadow_nothing_leaves_whatever_was_granted(house: House) -> None:
    earn(house)
    assert set(run_once(house, autonomy=Autonomy.SHADOW)) == {"shadowed"}


def test_an_edited_approval_counts_against_the_class(house: House) -> None:
    run_once(house)
    first, *rest = house.proposals.waiting()
    give(house, first, ReviewAct.EDIT, subject="Something of my own")
    give(house, house.proposals.get(first.id))
    for proposal in rest:
        give(house, proposal)
    assert house.proposals.get(first.id).status is ProposalStatus.APPROVED
    record = standing_of(house, CLASS).record
    assert (record.unedited, record.edited, record.rejected) == (EACH - 1, 1, 0)

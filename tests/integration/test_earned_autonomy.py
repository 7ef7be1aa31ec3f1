"""Earned autonomy in real runs: a class approved often enough goes alone once granted, and asks again after."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app import loop
from app.autonomy import decline, narrow, narrow_after_bad_days, standing_of, standings, widen
from app.deliver import deliver_due
from app.reviews import review
from app.runs import begin, carry_on
from app.wiring import House
from app.workspace import Workspace
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
from tests.settled import settle

pytestmark = pytest.mark.slow

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
    house = settle(tmp_path / "ws", 30)
    house.close()
    yield from lenient(house, hands)


@pytest.fixture(scope="module")
def earned_once(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = settle(tmp_path_factory.mktemp("earned") / "ws", 30)
    for lent in lenient(house, Hands()):
        earn(lent)
    house.close()
    return house


@pytest.fixture
def earned(tmp_path: Path, hands: Hands, earned_once: House) -> Iterator[House]:
    """A house whose class has earned its grant."""
    shutil.copytree(earned_once.workspace.folder, tmp_path / "ws")
    settings = earned_once.settings.model_copy(update={"workspace": tmp_path / "ws"})
    yield from lenient(House(settings, Workspace(tmp_path / "ws")), hands)


def lenient(before: House, hands: Hands) -> Iterator[House]:
    """The same house with fewer reviews than a team would want, so that a test can give them; no looks by chance."""
    house = House(settings=before.settings, workspace=before.workspace, clock=lambda: hands.now)
    wanted = {"widen_reviews": 3, "widen_share": 0.3, "check_share": 1e-9}
    autonomy = house.rules.autonomy.model_copy(update=wanted)
    house.__dict__["rules"] = house.rules.model_copy(update={"autonomy": autonomy})
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


def test_after_a_grant_the_class_goes_alone_and_after_narrowing_it_asks_again(earned: House) -> None:
    assert run_once(earned) == ["sent"] * EACH
    made = earned.archive.made_for(earned.outbox.entries(status=OutboxStatus.SENT)[0].decision_id)
    assert made is not None and made.stakes is not None
    narrow(earned, CLASS, "m_admin")
    assert run_once(earned) == ["waiting"] * EACH


def test_a_grant_rests_while_the_content_says_something_else(earned: House) -> None:
    before = earned.crm.asset(CLASS.asset_id)
    earned.content.save_assets([before.model_copy(update={"summary": "Everything is free from today on."})])
    assert run_once(earned) == ["waiting"] * EACH
    now = standing_of(earned, CLASS)
    assert now.rests and now.is_granted and now.advice is Advice.NARROW
    earned.content.save_assets([before])
    assert not standing_of(earned, CLASS).rests
    assert "sent" in run_once(earned)


def test_a_grant_rests_while_the_brief_says_something_else(earned: House) -> None:
    assert run_once(earned, brief="Press them for an answer.") == ["waiting"] * EACH
    assert standing_of(earned, CLASS).rests
    assert "sent" in run_once(earned)


def test_what_was_waived_is_on_record(earned: House) -> None:
    run_once(earned)
    stakes = [
        made.stakes
        for entry in earned.outbox.entries()
        if (made := earned.archive.made_for(entry.decision_id))
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


def test_every_decision_stands_in_the_audit_chain(earned: House) -> None:
    narrow(earned, CLASS, "m_admin", "we changed the tone")
    told = [
        (line.subject, line.detail["state"], line.detail["by"]) for line in earned.audit.latest("autonomy", 9)
    ]
    assert told == [(CLASS.key, "narrowed", "m_admin"), (CLASS.key, "granted", "m_admin")]
    assert earned.audit.latest("autonomy", 9)[1].detail["decided"] == EACH
    assert earned.audit.verify() is None


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
    earned: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.graph.MOST_REVISIONS", 0)
    locked = earned.rules.stakes.model_copy(update={"locked": earned.rules.stakes.locked | {"first_contact"}})
    earned.__dict__["rules"] = earned.rules.model_copy(update={"stakes": locked})
    earned.__dict__.pop("bench", None)
    assert run_once(earned) == ["waiting"] * EACH


def test_two_rejections_of_looks_end_the_grant_at_once_and_hold_what_waits(
    earned: House, hands: Hands
) -> None:
    looks = earned.rules.autonomy.model_copy(update={"check_share": 1.0})
    fewer = earned.rules
    earned.__dict__["rules"] = fewer.model_copy(update={"autonomy": looks})
    earned.__dict__.pop("bench", None)
    assert run_once(earned) == ["waiting"] * EACH
    asked = earned.proposals.waiting()
    assert {proposal.stakes.reasons[0].code for proposal in asked} == {"spot_check"}
    earned.__dict__["rules"] = fewer
    earned.__dict__.pop("bench", None)
    scheduled = run_once(earned, SendSlot.MORNING).count("scheduled")
    assert scheduled > 0

    # Yesterday's approvals no longer count as today's.
    hands.now += timedelta(hours=25)
    give(earned, asked[0], ReviewAct.REJECT, reason="the tone is off")
    assert standing_of(earned, CLASS).is_granted
    give(earned, asked[1], ReviewAct.REJECT, reason="the tone is off")
    after = standing_of(earned, CLASS)
    assert after.grant is not None
    assert (after.grant.state, after.grant.by) == (GrantState.NARROWED, "bad day")
    assert "edited or rejected 2 of 2" in after.grant.reason
    held = earned.outbox.entries(status=OutboxStatus.HELD)
    assert len(held) == scheduled
    assert all("H-22" in entry.detail for entry in held)
    loop.run(deliver_due(earned))
    assert len(earned.outbox.entries(status=OutboxStatus.HELD)) == scheduled


def test_a_complaint_stops_the_class_before_anyone_decides(earned: House) -> None:
    assert run_once(earned) == ["sent"] * EACH
    victim = earned.outbox.entries(status=OutboxStatus.SENT)[0].contact_id
    with writing(earned.engine) as connection:
        complaint = Event(
            id="x1", kind=EventKind.EMAIL_COMPLAINED, at=earned.clock(), source="x", contact_id=victim
        )
        append_events(connection, [complaint], earned.clock())
    assert run_once(earned) == ["waiting"] * EACH
    assert narrow_after_bad_days(earned) == (CLASS,)
    assert narrow_after_bad_days(earned) == ()
    assert [one.grant.state for one in standings(earned) if one.grant] == [GrantState.NARROWED]


def test_in_shadow_nothing_leaves_whatever_was_granted(earned: House) -> None:
    assert set(run_once(earned, autonomy=Autonomy.SHADOW)) == {"shadowed"}


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

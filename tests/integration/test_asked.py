"""One message a member asks for: a draft leaves nothing behind; a proposal waits, and teaches the learner nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from agents.state import OutreachState
from app import loop
from app.asked import Possible, best_campaign_for, drafted, possible_for, propose, put_on_record, why_not_sent
from app.carry import Carrier
from app.curriculum import lesson_of
from app.four_eyes import author_of, needs_another
from app.metrics import metrics_of
from app.outcomes import gather
from app.results.campaign import results_of
from app.reviews import Reviewed, review
from app.runs import begin, carry_on
from app.steering import pause
from app.wiring import House
from domain.assistant import Asker, Door
from domain.campaign import Autonomy, DailyCaps
from domain.decision import Arm
from domain.errors import BudgetSpent, CampaignHeld
from domain.events import Event, EventKind
from domain.message import StakesLevel, Usage
from domain.review import Review, ReviewAct
from domain.run import ContactOutcome, RunContact
from domain.staff import Role
from evals.crowd import NOON, campaign
from learning.arms import Shares, arm_of
from memory.crm.statements import DECISIONS, OUTBOX, PROPOSALS, RUN_CONTACTS, RUNS
from tests.settled import settle
from tools.models.budget import RunBudget

PLAN = campaign().model_copy(update={"autonomy": Autonomy.ASSIST, "holdout_share": 0.2})
MARA = Asker(member_id="mara", name="Mara", role=Role.ADMIN, door=Door.WEB)


class Hands:
    """A clock one can set."""

    now = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def house(tmp_path: Path, hands: Hands) -> Iterator[House]:
    before = settle(tmp_path / "ws", 9)
    before.close()
    house = House(settings=before.settings, workspace=before.workspace, clock=lambda: hands.now)
    yield house
    house.close()


def contact_in(arm: Arm, nth: int = 0, house: House | None = None) -> str:
    assert house is not None
    shares = Shares(PLAN.holdout_share)
    ids = [contact.id for contact, _ in house.audience.contacts_with_accounts()]
    return [one for one in ids if arm_of(PLAN.id, one, shares) is arm][nth]


def rows(house: House) -> dict[str, int]:
    with house.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (RUNS, DECISIONS, RUN_CONTACTS, PROPOSALS, OUTBOX)
        }


def proposed(house: House, found: Possible, hint: str = "") -> RunContact:
    assert found.best is not None
    run = put_on_record(house, found, found.best, MARA)
    return house.desk.do(lambda own, carrier: propose(own, carrier, run, found.contact.id, hint), drafts=True)


def test_a_draft_goes_through_the_graph_and_leaves_nothing_behind(house: House) -> None:
    found = possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house))
    best, before, chain = found.best, rows(house), house.audit.lines(limit=1_000)
    assert best is not None
    state = house.desk.do(lambda own, carrier: drafted(own, carrier, found, best, ""), drafts=True)
    assert state.message is not None
    assert f"Hello {found.contact.first_name}," in state.message.text
    assert state.outcome is ContactOutcome.SHADOWED
    assert state.stakes is not None
    assert rows(house) == before
    assert house.audit.lines(limit=1_000) == chain


class Billed(RunBudget):
    """A draft took three calls of a model."""

    def close(self, run_id: str) -> Usage:
        super().close(run_id)
        return Usage(calls=3, input_tokens=900, output_tokens=90, cost_micros=20_000)


def test_what_a_draft_cost_counts_in_its_campaigns_day(house: House, hands: Hands) -> None:
    found = possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house))
    best = found.best
    assert best is not None

    async def draft(own: House, carrier: Carrier) -> None:
        own.__dict__["budget"] = Billed()
        await drafted(own, carrier, found, best, "")

    def may_call(daily: DailyCaps) -> None:
        budget = house.__dict__["budget"] = RunBudget()
        house.begin_day("run", PLAN.model_copy(update={"daily": daily}))
        budget.begin_call("run", "m", price_is_known=True)

    for daily in (DailyCaps(model_calls=3), DailyCaps(model_cost_cents=2)):
        may_call(daily)
    house.desk.do(draft, drafts=True)
    for daily in (DailyCaps(model_calls=3), DailyCaps(model_cost_cents=2)):
        with pytest.raises(BudgetSpent, match="day"):
            may_call(daily)
    may_call(DailyCaps(model_calls=4, model_cost_cents=3))
    hands.now += timedelta(days=1)
    may_call(DailyCaps(model_calls=3))


def test_choices_are_ordered_by_what_is_believed_and_name_only_content_that_fits(house: House) -> None:
    found = possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house))
    values = [one.value_cents or 0.0 for one in found.choices]
    assert values == sorted(values, reverse=True)
    assert len(values) > 1
    sent = {one.action.asset_id for one in found.choices}
    assert sent <= {asset.id for asset in house.crm.assets()}


def test_someone_held_out_or_outside_the_audience_gets_no_draft_and_it_is_said_why(house: House) -> None:
    held = possible_for(house, PLAN, contact_in(Arm.HOLDOUT, house=house))
    assert held.best is None
    assert "Held out" in held.barred
    only = PLAN.model_copy(
        update={"audience": PLAN.audience.model_validate({"all": [{"field": "country", "in": ["DE"]}]})}
    )
    outside = possible_for(house, only, contact_in(Arm.LEARNED, house=house))
    assert "Country is one of DE” does not hold" in outside.barred


def test_content_the_campaign_does_not_send_is_told_apart_from_content_that_does_not_fit(
    house: House,
) -> None:
    one, other, *_ = house.crm.assets()
    narrow = PLAN.model_copy(update={"assets": (one.id,)})
    found = possible_for(house, narrow, contact_in(Arm.LEARNED, house=house))
    assert "does not send" in why_not_sent(house, found, other)


def test_where_no_campaign_is_named_only_active_ones_are_tried(house: House) -> None:
    contact = contact_in(Arm.LEARNED, house=house)
    best, tried = best_campaign_for(house, contact)
    assert best is not None
    assert [one.campaign.id for one in tried] == [campaign().id]
    pause(house, campaign().id, "mara", "")
    assert best_campaign_for(house, contact) == (None, ())


def test_a_proposal_waits_for_a_person_whatever_its_class_has_earned(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(House, "_earned", lambda *_: True)
    line = proposed(house, possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house)))
    assert line.outcome is ContactOutcome.WAITING
    (waiting,) = house.proposals.waiting()
    assert waiting.run_id == line.run_id
    decision = house.crm.decision(waiting.decision_id)
    assert (decision.arm, decision.propensity, len(decision.alternatives)) == (Arm.ASKED, 1.0, 1)
    assert decision.alternatives[0].probability == 1.0
    assert house.runs.open_runs() == ()


def test_a_hint_reaches_the_draft(house: House) -> None:
    found = possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house))
    best = found.best
    assert best is not None

    def draft(hint: str) -> OutreachState:
        return house.desk.do(lambda own, carrier: drafted(own, carrier, found, best, hint), drafts=True)

    plain, shorter = draft(""), draft("shorter")
    assert plain.draft is not None
    assert shorter.draft is not None
    assert len(shorter.draft.body) < len(plain.draft.body)


def test_a_held_campaign_proposes_nothing(house: House) -> None:
    found = possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house))
    pause(house, PLAN.id, "mara", "")
    with pytest.raises(CampaignHeld):
        proposed(house, found)
    assert house.proposals.waiting() == ()


def test_what_a_member_asked_for_teaches_nothing_and_is_in_no_replay_or_comparison(
    house: House, hands: Hands
) -> None:
    contact = contact_in(Arm.LEARNED, house=house)
    line = proposed(house, possible_for(house, PLAN, contact))
    (waiting,) = house.proposals.waiting()
    house.desk.do(lambda own, carrier: review(own, approval(waiting.id, waiting.message_sha256), carrier))
    assert house.runs.line(line.run_id, contact).outcome is ContactOutcome.SENT  # type: ignore[union-attr]
    hands.now = NOON + timedelta(days=40)
    run, _ = begin(house, PLAN, is_dry_run=False)
    loop.run(carry_on(house, run))
    hands.now += timedelta(days=40)

    stored = house.crm.campaign(PLAN.id)
    lesson, gathered = lesson_of(house, stored, hands.now), gather(house, stored, hands.now)
    assert line.decision_id in {one.id for one in gathered.lines}
    assert line.decision_id not in lesson.decision_ids
    assert lesson.decision_ids
    logged = {one.id: one for page in house.decision_log.pages(PLAN.id) for one in page}
    assert not logged[line.decision_id or ""].is_drawn
    assert any(one.is_drawn for one in logged.values())
    found = metrics_of(house, stored, hands.now)
    arms = {arm.arm for arm in found.arms}
    assert Arm.ASKED not in arms
    assert Arm.HOLDOUT in arms
    assert results_of(house, stored, hands.now).headline.verdict


def test_what_follows_a_message_a_member_asked_for_is_of_no_arm(house: House, hands: Hands) -> None:
    contact = contact_in(Arm.LEARNED, house=house)
    run, _ = begin(house, PLAN, is_dry_run=False)
    loop.run(carry_on(house, run))
    for one in house.proposals.waiting():
        no = approval(one.id, one.message_sha256).model_copy(
            update={"act": ReviewAct.REJECT, "reason": "not now"}
        )
        house.desk.do(partial(_reviewed, no))
    hands.now = NOON + timedelta(days=8)
    before = metrics_of(house, house.crm.campaign(PLAN.id), hands.now)
    proposed(house, possible_for(house, PLAN, contact))
    (waiting,) = house.proposals.waiting()
    house.desk.do(lambda own, carrier: review(own, approval(waiting.id, waiting.message_sha256), carrier))
    reply = Event(
        id="e_reply",
        kind=EventKind.EMAIL_REPLIED,
        at=hands.now + timedelta(hours=5),
        source="test",
        contact_id=contact,
    )
    house.journal.append([reply])
    hands.now += timedelta(days=60)
    after = metrics_of(house, house.crm.campaign(PLAN.id), hands.now)
    assert after.cut_short == 1
    assert {arm.arm: arm.written_to for arm in after.arms} == {arm.arm: arm.written_to for arm in before.arms}
    assert sum(arm.reached["reply"] for arm in after.arms) == 0


def test_where_only_asked_messages_were_decided_results_say_so(house: House, hands: Hands) -> None:
    proposed(house, possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house)))
    hands.now += timedelta(days=1)
    found = results_of(house, house.crm.campaign(PLAN.id), hands.now)
    assert [line.arm for line in found.metrics.arms] == [Arm.ASKED]
    assert "compared with nothing" in found.headline.verdict


def test_at_high_stakes_who_asked_for_a_message_may_not_approve_it(house: House) -> None:
    mara = house.staff.join("mara@team.example", "Mara", Role.ADMIN, "UTC", how="test")
    rita = house.staff.join("rita@team.example", "Rita", Role.REVIEWER, "UTC", how="test")
    found = possible_for(house, PLAN, contact_in(Arm.LEARNED, house=house))
    assert found.best is not None
    asker = replace_asker(mara.member_id)
    run = put_on_record(house, found, found.best, asker)
    house.desk.do(lambda own, carrier: propose(own, carrier, run, found.contact.id, ""), drafts=True)
    (waiting,) = house.proposals.waiting()
    assert author_of(house, waiting) == mara.member_id
    assert waiting.stakes.level is not StakesLevel.HIGH
    assert needs_another(house, waiting, mara.member_id) is None
    locked = waiting.stakes.reasons[0].model_copy(update={"is_locked": True})
    high = waiting.model_copy(update={"stakes": waiting.stakes.model_copy(update={"reasons": (locked,)})})
    assert "somebody else" in (needs_another(house, high, mara.member_id) or "")
    assert needs_another(house, high, rita.member_id) is None


def replace_asker(member_id: str) -> Asker:
    return MARA.model_copy(update={"member_id": member_id})


async def _reviewed(given: Review, own: House, carrier: Carrier) -> Reviewed:
    return await review(own, given, carrier)


def approval(proposal_id: str, sha: str) -> Review:
    return Review(
        proposal_id=proposal_id, act=ReviewAct.APPROVE, reviewer="rita", message_sha256=sha, at=NOON
    )

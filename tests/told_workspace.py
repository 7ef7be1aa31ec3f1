"""A workspace whose results can be told: meetings come three times as often to those written to as to the holdout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from app.settings import read_settings
from app.wiring import House, make_workspace, open_house
from domain.campaign import Autonomy, Campaign, Goal, Outcome, RuleRow, SendSlot, UsualRule
from domain.content import AssetKind, ContentAsset
from domain.decision import SILENCE, Action, Alternative, Arm, Decision, Knowledge
from domain.events import EventKind
from domain.message import OutboxStatus
from domain.people import Account, Contact, Deal, LifecycleStage
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from memory.crm import codec
from memory.crm.statements import ACCOUNTS, CONTACTS, DEALS, OUTBOX, insert_all, writing
from tests.learning_workspace import entry, event, reply, write

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKS = 8
PEOPLE = 900
NOW = MONDAY + (WEEKS * 7 + 20) * DAY

CAMPAIGN = Campaign(
    id="spring",
    name="Spring & <b>more</b>",
    goal=Goal(outcome=Outcome.MEETING, worth_cents=40_000, window_days=14, contact_cents=25),
    holdout_share=0.2,
    usual_share=0.2,
    usual=UsualRule(name="By hand", rows=(RuleRow(send=("guide",)),)),
    slots=(SendSlot.NOW,),
    autonomy=Autonomy.GUARDED,
)
QUIET = CAMPAIGN.model_copy(update={"id": "quiet", "name": "Quiet"})
TITLES = {"guide": "=SUM(1+1) the guide", "demo": "The demo"}
ARMS = {Arm.LEARNED: 500, Arm.USUAL: 180, Arm.HOLDOUT: 180, Arm.EXPLORE: 40}
CHANCE = {Arm.LEARNED: 0.3, Arm.USUAL: 0.2, Arm.EXPLORE: 0.2, Arm.HOLDOUT: 0.08}


def told_workspace(folder: Path, at: datetime = NOW) -> House:
    """Make it, its clock standing at `at`: weekly runs of different contacts, meetings, deals in three currencies."""
    settings = read_settings(workspace=folder)
    make_workspace(settings)
    house = open_house(settings, lambda: at)
    house.content.save_assets([_asset(name, title) for name, title in TITLES.items()])
    arms = [arm for arm, many in ARMS.items() for _ in range(many)]
    with writing(house.engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(_account(i)) for i in range(PEOPLE)])
        insert_all(connection, CONTACTS, [codec.contact_row(_contact(i)) for i in range(PEOPLE)])
    rng = np.random.default_rng(5)
    order = rng.permutation(PEOPLE)
    for week in range(WEEKS):
        _run(house, week, [(int(i), arms[int(i)]) for i in order[week::WEEKS]], rng)
    _deals(house)
    house.audit.append("rules changed", "rules", {"changed": {"pressure.most": [2, 3]}})
    house.content.save_campaign(QUIET)
    return house


def _run(house: House, week: int, people: list[tuple[int, Arm]], rng: np.random.Generator) -> None:
    at = MONDAY + 7 * week * DAY
    run = Run(
        id=f"r_{week}",
        campaign_id=CAMPAIGN.id,
        status=RunStatus.DECIDING,
        autonomy=Autonomy.GUARDED,
        seed=week,
        started_at=at,
    )
    decisions = [_decision(i, arm, week, at) for i, arm in people]
    lines = [
        RunContact(
            run_id=run.id,
            contact_id=one.contact_id,
            outcome=ContactOutcome.HELD_OUT if one.action.is_silence else ContactOutcome.SENT,
            decision_id=one.id,
            updated_at=at,
        )
        for one in decisions
    ]
    house.runs.start(run, CAMPAIGN)
    house.runs.record(run.id, decisions, lines)
    house.runs.finish(run.id, at + DAY)
    sent = [entry(one) for one in decisions if not one.action.is_silence]
    with writing(house.engine) as connection:
        rows = [
            {**codec.entry_row(one), "campaign_id": CAMPAIGN.id, "sent_at": one.not_before} for one in sent
        ]
        insert_all(connection, OUTBOX, [{**row, "status": OutboxStatus.SENT.value} for row in rows])
    happened = []
    for one in decisions:
        if rng.random() < CHANCE[one.arm]:
            happened.append(event(EventKind.MEETING_BOOKED, one.contact_id, at + 3 * DAY))
        if one.arm is not Arm.HOLDOUT and rng.random() < 0.1:
            happened.append(reply(one.contact_id, at + 2 * DAY))
    write(house.engine, happened)


def _decision(i: int, arm: Arm, week: int, at: datetime) -> Decision:
    is_silence = arm is Arm.HOLDOUT
    action = (
        SILENCE
        if is_silence
        else Action(asset_id=("guide", "demo")[i % 2], channel="email", slot=SendSlot.NOW)
    )
    believed = arm is Arm.LEARNED
    alternatives = (
        ()
        if is_silence
        else tuple(
            Alternative(
                action_key=f"{name}|email|now",
                probability=0.5,
                value_cents=cents if believed else None,
                uncertainty_cents=100.0 if believed else None,
            )
            for name, cents in (("guide", 50.0), ("demo", 300.0))
        )
    )
    return Decision(
        id=f"d_{week}_{i:04}",
        run_id=f"r_{week}",
        campaign_id=CAMPAIGN.id,
        contact_id=f"c_{i:04}",
        arm=arm,
        action=action,
        propensity=1.0 if is_silence else 0.5,
        alternatives=alternatives,
        knowledge=Knowledge.LEARNING,
        learner_version="bandit-1(9:abc)",
        features_version="features-1",
        decided_at=at,
    )


def _deals(house: House) -> None:
    """Three won by accounts written to in the first week: one in the goal's currency, one in another, one unknown."""
    first = [line.contact_id for line in house.runs.ledger("r_0", outcome=ContactOutcome.SENT, limit=3)]
    amounts = ((120_000, "USD"), (90_000, "EUR"), (None, "USD"))
    won = []
    with writing(house.engine) as connection:
        for contact_id, (cents, currency) in zip(first, amounts, strict=True):
            deal = Deal(
                id=f"deal_{contact_id}",
                account_id=contact_id.replace("c_", "a_"),
                name="A deal",
                stage="won",
                amount_cents=cents,
                currency=currency,
                is_closed=True,
                is_won=True,
                created_at=MONDAY + DAY,
            )
            insert_all(connection, DEALS, [codec.deal_row(deal)])
            at = MONDAY + 9 * DAY
            won.append(event(EventKind.DEAL_WON, contact_id, at, account_id=deal.account_id, deal_id=deal.id))
    write(house.engine, won)


def _account(i: int) -> Account:
    return Account(id=f"a_{i:04}", name=f"Company {i}", employees=20 if i % 3 else 2_000)


def _contact(i: int) -> Contact:
    return Contact(
        id=f"c_{i:04}",
        account_id=f"a_{i:04}",
        email=f"c{i}@example.com",
        lifecycle_stage=LifecycleStage.LEAD if i % 2 else LifecycleStage.MQL,
        stage_since=MONDAY - 300 * DAY,
    )


def _asset(name: str, title: str) -> ContentAsset:
    return ContentAsset(
        id=name,
        title=title,
        kind=AssetKind.GUIDE,
        url=f"https://www.example.com/{name}",
        summary="s",
        call_to_action="c",
        topics=(name,),
    )

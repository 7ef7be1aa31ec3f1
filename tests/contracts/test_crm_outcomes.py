"""What happened after decisions, read in bulk, and the rewards and metrics made of it, on both databases."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy import Engine, update

from app.funnels import funnel_of
from app.metrics import NothingDecided, metrics_of
from app.outcomes import gather, rewards_of
from app.wiring import House
from domain.decision import SILENCE, Arm
from domain.events import Event, EventKind
from domain.message import OutboxStatus
from domain.people import (
    Account,
    BuyingRole,
    BuyingRoleKind,
    Deal,
    LifecycleStage,
    Suppression,
    SuppressionReason,
)
from domain.run import ContactOutcome, RunContact
from learning.signs import SIGNALS
from memory.crm import codec
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.outcomes import OutcomeReader
from memory.crm.reader import CrmStore
from memory.crm.runs import RunStore
from memory.crm.statements import (
    ACCOUNTS,
    BUYING_ROLES,
    CONTACTS,
    DEALS,
    OUTBOX,
    RUNS,
    SUPPRESSIONS,
    insert_all,
    writing,
)
from tests.contracts.crm_sample import ADA, BEN, CAMPAIGN, CLEO, DAY, NOON, RUN, decision, entry, seed

LATER = NOON + 100 * DAY


def happened(
    days: float, kind: EventKind, contact_id: str | None = ADA.id, *, is_machine: bool = False, **changes: Any
) -> Event:
    return Event(
        id=f"web:{kind.value}:{contact_id}:{days}:{is_machine}",
        kind=kind,
        at=NOON + days * DAY,
        source="web",
        contact_id=contact_id,
        is_machine=is_machine,
        **changes,
    )


def deal(**changes: Any) -> Deal:
    made = Deal(
        id="deal_1",
        account_id="a_1",
        name="Northwind",
        stage="Closed",
        amount_cents=90_000,
        is_closed=True,
        is_won=True,
        created_at=NOON + 5 * DAY,
    )
    return made.model_copy(update=changes)


@pytest.fixture
def reader(engine: Engine) -> OutcomeReader:
    """Ada got a message that left, Ben silence, Cleo is held out."""
    seed(engine)
    decisions = [
        decision(ADA),
        decision(BEN, action=SILENCE),
        decision(CLEO, action=SILENCE, arm=Arm.HOLDOUT, propensity=1.0, alternatives=()),
    ]
    lines = [
        RunContact(
            run_id="r_1",
            contact_id=one.contact_id,
            outcome=ContactOutcome.SENT if one.contact_id == ADA.id else ContactOutcome.SILENT,
            decision_id=one.id,
            updated_at=NOON,
        )
        for one in decisions
    ]
    RunStore(engine).record("r_1", decisions, lines)
    OutboxStore(engine, lambda: NOON).put(entry(ADA))
    with writing(engine) as connection:
        connection.execute(
            update(OUTBOX).values(status=OutboxStatus.SENT.value, sent_at=NOON + DAY, updated_at=NOON + DAY)
        )
    return OutcomeReader(engine)


@pytest.fixture
def house(reader: OutcomeReader, engine: Engine) -> House:
    parts = SimpleNamespace(engine=engine, crm=CrmStore(engine, lambda: LATER), clock=lambda: LATER)
    return cast(House, parts)


def test_decisions_say_whether_a_message_left_and_when(reader: OutcomeReader) -> None:
    by_contact = {line.contact_id: line for line in reader.decisions("spring", LATER)}
    assert by_contact[ADA.id].left_at == NOON + DAY
    assert (by_contact[BEN.id].left_at, by_contact[BEN.id].account_id) == (None, "a_1")
    assert by_contact[CLEO.id].arm is Arm.HOLDOUT
    assert reader.decisions("autumn", LATER) == []


def test_dry_runs_and_what_lies_ahead_are_not_seen(reader: OutcomeReader, engine: Engine) -> None:
    assert reader.decisions(None, NOON - DAY) == []
    assert all(line.left_at is None for line in reader.decisions(None, NOON))
    with writing(engine) as connection:
        connection.execute(update(RUNS).values(is_dry_run=True))
    assert reader.decisions(None, LATER) == []


def test_what_machines_did_and_what_lies_ahead_is_no_act(reader: OutcomeReader, engine: Engine) -> None:
    clicked = EventKind.EMAIL_CLICKED
    Journal(engine).append(
        [
            happened(2, clicked),
            happened(3, clicked, is_machine=True),
            happened(4, clicked),
            happened(2, EventKind.EMAIL_OPENED),
            happened(2, clicked, None, account_id="a_1"),
        ]
    )
    acts = reader.acts(SIGNALS, NOON + 3 * DAY, "spring")
    assert [(act.contact_id, act.kind, act.at) for act in acts] == [(ADA.id, clicked, NOON + 2 * DAY)]


def test_a_stage_change_comes_with_its_stages(reader: OutcomeReader, engine: Engine) -> None:
    changed = EventKind.STAGE_CHANGED
    Journal(engine).append(
        [
            happened(2, changed, properties={"from": "lead", "to": "mql"}),
            happened(3, changed, properties={"to": "nonsense"}),
        ]
    )
    (act,) = reader.acts((changed,), LATER)
    assert (act.stage, act.before) == (LifecycleStage.MQL, LifecycleStage.LEAD)


def test_harm_is_told_once_a_contact_and_kind_at_its_first_time(
    reader: OutcomeReader, engine: Engine
) -> None:
    Journal(engine).append([happened(3, EventKind.EMAIL_UNSUBSCRIBED)])
    stop = Suppression(
        address="ada@northwind.example",
        reason=SuppressionReason.UNSUBSCRIBED,
        source="web",
        since=NOON + 4 * DAY,
        contact_id=ADA.id,
    )
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    (harm,) = reader.harm(LATER, "spring")
    assert (harm.reason, harm.at) == (SuppressionReason.UNSUBSCRIBED, NOON + 3 * DAY)


def test_a_deal_is_open_until_it_closed(reader: OutcomeReader, engine: Engine) -> None:
    with writing(engine) as connection:
        insert_all(connection, DEALS, [codec.deal_row(deal())])
        role = BuyingRole(contact_id=BEN.id, deal_id="deal_1", kind=BuyingRoleKind.CHAMPION)
        insert_all(connection, BUYING_ROLES, [codec.role_row(role)])
    Journal(engine).append([happened(40, EventKind.DEAL_WON, None, account_id="a_1", deal_id="deal_1")])
    assert reader.deals(NOON) == []
    (open_then,) = reader.deals(NOON + 20 * DAY)
    assert (open_then.is_open, open_then.is_won, open_then.closed_at) == (True, False, None)
    (won,) = reader.deals(LATER)
    assert (won.is_open, won.is_won, won.closed_at) == (False, True, NOON + 40 * DAY)
    assert won.people == ((BEN.id, BuyingRoleKind.CHAMPION),)


def test_every_decision_has_a_reward_whose_parts_sum_to_it(house: House, engine: Engine) -> None:
    Journal(engine).append(
        [
            happened(3, EventKind.EMAIL_REPLIED),
            happened(2, EventKind.EMAIL_OPENED),
            happened(4, EventKind.EMAIL_REPLIED, BEN.id),
            happened(2, EventKind.MEETING_BOOKED, BEN.id),
            happened(5, EventKind.EMAIL_UNSUBSCRIBED),
        ]
    )
    rewards = {reward.contact_id: reward for reward in rewards_of(house, CAMPAIGN)}
    assert set(rewards) == {ADA.id, BEN.id, CLEO.id}
    for reward in rewards.values():
        assert sum(part.cents for part in reward.parts) == pytest.approx(reward.reward_cents, abs=0.6)
        assert reward.is_telling and reward.is_mature and reward.was_carried_out
    ada = {part.what: part.cents for part in rewards[ADA.id].parts}
    assert ada["reply"] > 0
    assert ada["harm"] < 0 and ada["cost"] < 0
    # Ben was left in silence: whatever he answered was none of it; what he did by himself is.
    ben = {part.what: part.cents for part in rewards[BEN.id].parts}
    assert "reply" not in ben
    assert ben["meeting"] > 0
    assert rewards[CLEO.id].reward_cents == 0


def test_nothing_that_happened_later_moves_an_earlier_reward(house: House, engine: Engine) -> None:
    before = rewards_of(house, CAMPAIGN, NOON + 10 * DAY)
    Journal(engine).append(
        [happened(12, EventKind.EMAIL_REPLIED), happened(13, EventKind.MEETING_HELD, BEN.id)]
    )
    assert rewards_of(house, CAMPAIGN, NOON + 10 * DAY) == before
    assert not any(reward.is_mature for reward in before)
    assert rewards_of(house, CAMPAIGN, NOON + 20 * DAY) != before


def test_what_is_expected_of_a_company_grows_with_its_size_as_known_deals_of_the_same_kind_do(
    house: House, engine: Engine
) -> None:
    np.testing.assert_array_equal(gather(house, CAMPAIGN, LATER).size, np.ones(3))
    firms = [
        Account(id=f"f_{i}", name=f"Firm {i}", employees=10 * 2**i, domain=f"f{i}.example") for i in range(9)
    ]
    sold = [
        deal(id=f"d_{i}", account_id=firm.id, amount_cents=1_000 * 2**i, created_at=NOON)
        for i, firm in enumerate(firms)
    ]
    with writing(engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(firm) for firm in firms])
        insert_all(connection, DEALS, [codec.deal_row(one) for one in sold])
        connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == "a_1").values(employees=1_280))
    found = gather(house, CAMPAIGN, LATER)
    ada, ben, cleo = (found.size[found.contact_ids.index(one.id)] for one in (ADA, BEN, CLEO))
    assert found.sizes.deals == len(firms)
    assert 0.9 < found.sizes.power <= 1
    assert ada == ben > 3
    assert cleo == 1
    # A deal made later is not known yet.
    assert gather(house, CAMPAIGN, NOON - DAY).sizes.deals == 0


def test_a_message_that_never_left_was_not_carried_out(house: House, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(OUTBOX).values(status=OutboxStatus.WITHDRAWN.value))
    rewards = {reward.contact_id: reward for reward in rewards_of(house, CAMPAIGN)}
    assert not rewards[ADA.id].was_carried_out
    assert rewards[BEN.id].was_carried_out


def test_metrics_count_arms_and_give_no_number_they_cannot_stand_behind(house: House, engine: Engine) -> None:
    Journal(engine).append([happened(3, EventKind.EMAIL_REPLIED)])
    found = metrics_of(house, CAMPAIGN)
    by_arm = {arm.arm: arm for arm in found.arms}
    assert (by_arm[Arm.EXPLORE].contacts, by_arm[Arm.HOLDOUT].contacts) == (2, 1)
    assert by_arm[Arm.EXPLORE].written_to == 1
    assert found.lifts
    for told in found.lifts:
        assert told.estimate is None and told.more_contacts > 0
    assert found.incremental_revenue_cents is None
    assert metrics_of(house, CAMPAIGN, since=NOON + DAY).contacts == 0


def test_whom_only_a_dry_run_considered_is_not_counted(house: House, engine: Engine) -> None:
    before = metrics_of(house, CAMPAIGN)
    dan = ADA.model_copy(update={"id": "c_dan", "email": "dan@solo.example", "account_id": None})
    dry = RUN.model_copy(update={"id": "r_dry", "is_dry_run": True})
    with writing(engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(dan)])
    RunStore(engine).start(dry, CAMPAIGN)
    RunStore(engine).record(dry.id, [decision(dan, run_id=dry.id)], [])
    assert metrics_of(house, CAMPAIGN) == before


def test_a_campaign_with_dry_runs_only_has_decided_nothing(house: House, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(RUNS).values(is_dry_run=True))
    with pytest.raises(NothingDecided, match=f"attune run {CAMPAIGN.id}"):
        metrics_of(house, CAMPAIGN)


def test_the_funnel_tells_conversions_and_the_pipeline(house: House, engine: Engine) -> None:
    changed = EventKind.STAGE_CHANGED
    Journal(engine).append(
        [
            happened(1, changed, BEN.id, properties={"from": "lead", "to": "mql"}),
            happened(9, changed, BEN.id, properties={"from": "mql", "to": "sql"}),
            happened(2, changed, CLEO.id, properties={"from": "lead", "to": "mql"}),
        ]
    )
    with writing(engine) as connection:
        insert_all(
            connection,
            DEALS,
            [
                codec.deal_row(deal(closes_on=(NOON + 35 * DAY).date())),
                codec.deal_row(deal(id="deal_2", is_closed=False, is_won=False)),
            ],
        )
    found = funnel_of(house)
    mql = next(line for line in found.conversions if line.stage is LifecycleStage.MQL)
    assert (mql.entered, mql.converted) == (2, 1)
    assert mql.share == pytest.approx(0.5)
    (pipeline,) = found.pipeline
    assert (pipeline.open_deals, pipeline.closed_deals, pipeline.win_rate) == (1, 1, 1.0)
    assert pipeline.cycle_days == pytest.approx(29.5)
    assert pipeline.cents_per_day == round(90_000 / 29.5)


def test_time_to_engage_counts_from_the_message_and_no_click(house: House, engine: Engine) -> None:
    Journal(engine).append(
        [
            happened(2, EventKind.EMAIL_CLICKED),
            happened(0.5, EventKind.FORM_SUBMITTED),
            happened(5, EventKind.FORM_SUBMITTED),
        ]
    )
    engaged = metrics_of(house, CAMPAIGN).engagement
    assert (engaged.written_to, engaged.engaged, engaged.median_days) == (1, 1, 4.0)

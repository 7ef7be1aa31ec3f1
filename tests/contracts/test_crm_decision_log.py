"""The log of decisions comes back whole, in order, page by page; goals are found when they were reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from domain.campaign import Autonomy, Outcome
from domain.decision import SILENCE, Alternative, Arm
from domain.events import Event, EventKind
from domain.run import ContactOutcome, RunContact
from memory.crm import codec
from memory.crm.decision_log import DecisionLogReader, LoggedDecision
from memory.crm.goal_outcomes import GoalOutcomes
from memory.crm.runs import RunStore
from memory.crm.sparse_log import SparseLogs
from memory.crm.statements import EVENTS, insert_all, writing
from tests.contracts.crm_sample import ADA, BEN, CAMPAIGN, CLEO, DAY, HOUR, NOON, RUN, decision, seed

HELD: dict[str, Any] = {"arm": Arm.HOLDOUT, "action": SILENCE, "propensity": 1.0, "alternatives": ()}


@pytest.fixture
def two_runs(engine: Engine) -> DecisionLogReader:
    """Run 1: Ada drawn, Ben held out, Cleo refused. A day later, run 2 (a dry run): Ada and Ben drawn."""
    seed(engine)
    runs = RunStore(engine)
    refused = RunContact(
        run_id="r_1",
        contact_id=CLEO.id,
        outcome=ContactOutcome.REFUSED,
        rule_id="C-19",
        reason="unsubscribed",
        updated_at=NOON,
    )
    runs.record("r_1", [decision(BEN, **HELD), decision(ADA)], [refused])
    later = {"id": "r_2", "is_dry_run": True, "started_at": NOON + DAY, "seed": 5}
    runs.start(RUN.model_copy(update=later), CAMPAIGN)
    at = {"decided_at": NOON + DAY}
    runs.record("r_2", [decision(BEN, "r_2", **at), decision(ADA, "r_2", **at)], [])
    return DecisionLogReader(engine, page_rows=1)


def flat(reader: DecisionLogReader, **bounds: object) -> list[LoggedDecision]:
    return [one for page in reader.pages(**bounds) for one in page]  # type: ignore[arg-type]


def test_every_decision_comes_once_by_run_and_contact_however_small_the_page(
    two_runs: DecisionLogReader, engine: Engine
) -> None:
    ids = ["d_r_1_c_ada", "d_r_1_c_ben", "d_r_2_c_ada", "d_r_2_c_ben"]
    assert [one.id for one in flat(two_runs)] == ids
    assert flat(DecisionLogReader(engine, page_rows=100)) == flat(two_runs)


def test_a_logged_decision_says_what_the_decision_said(two_runs: DecisionLogReader) -> None:
    logged, made = flat(two_runs)[0], decision(ADA)
    assert (logged.action_key, logged.propensity, logged.arm) == (made.action.key, 0.25, Arm.EXPLORE)
    assert logged.decided_at == NOON
    assert logged.seed == RUN.seed
    assert tuple(
        Alternative(action_key=key, probability=p, value_cents=v, uncertainty_cents=u)
        for key, p, v, u in logged.alternatives
    ) == (made.alternatives)


def test_bounds_of_time_and_campaign_hold(two_runs: DecisionLogReader) -> None:
    assert [one.run_id for one in flat(two_runs, since=NOON + HOUR)] == ["r_2", "r_2"]
    assert [one.run_id for one in flat(two_runs, until=NOON + DAY)] == ["r_1", "r_1"]
    assert flat(two_runs, campaign_id="autumn") == []


def test_holdouts_and_rehearsals_are_no_draws(two_runs: DecisionLogReader) -> None:
    assert [one.is_drawn for one in flat(two_runs)] == [True, False, False, False]


def test_a_shadow_run_is_a_rehearsal(engine: Engine) -> None:
    seed(engine)
    runs = RunStore(engine)
    runs.finish("r_1", NOON)
    runs.start(RUN.model_copy(update={"id": "r_3", "autonomy": Autonomy.SHADOW}), CAMPAIGN)
    runs.record("r_3", [decision(ADA, "r_3")], [])
    (logged,) = flat(DecisionLogReader(engine))
    assert logged.is_rehearsal


def test_refusals_stand_beside_with_their_rule(two_runs: DecisionLogReader) -> None:
    (refusal,) = [one for page in two_runs.refusal_pages() for one in page]
    assert (refusal.contact_id, refusal.rule_id, refusal.reason) == (CLEO.id, "C-19", "unsubscribed")
    assert list(two_runs.refusal_pages(since=NOON + HOUR)) == []


def test_draws_in_memory_are_sparse_and_dense_with_silence_last(two_runs: DecisionLogReader) -> None:
    logs = SparseLogs()
    for page in two_runs.pages():
        logs.add(page)
    log = logs.of("spring")
    assert log is not None
    assert (logs.campaigns, logs.left_out) == (("spring",), 3)
    assert log.action_keys == ("guide|email|morning", "silence")
    assert log.probabilities().tolist() == [[0.25, 0.75]]
    assert log.actions.tolist() == [0]
    assert log.at[0] == np.datetime64("2026-03-10T12:00:00")
    assert logs.of("autumn") is None


def test_a_goal_is_reached_by_the_persons_own_event_in_time(engine: Engine) -> None:
    seed(engine)
    kinds = [
        ("1", EventKind.EMAIL_REPLIED, NOON + HOUR, {"contact_id": ADA.id}),
        ("2", EventKind.EMAIL_REPLIED, NOON + DAY, {"contact_id": BEN.id, "is_machine": True}),
        ("3", EventKind.EMAIL_REPLIED, NOON, {"contact_id": CLEO.id}),
        ("4", EventKind.STAGE_CHANGED, NOON + HOUR, {"contact_id": ADA.id, "properties": {"to": "sql"}}),
        ("5", EventKind.DEAL_WON, NOON + HOUR, {"account_id": "a_1"}),
    ]
    events = [Event(id=f"t:{i}", kind=kind, at=at, source="t", **who) for i, kind, at, who in kinds]  # type: ignore[arg-type]
    with writing(engine) as connection:
        insert_all(connection, EVENTS, [codec.event_row(event, NOON) for event in events])
    goals, everyone = GoalOutcomes(engine), [ADA.id, BEN.id, CLEO.id]
    reached = {outcome: goals.reached_at(outcome, everyone, NOON, NOON + DAY) for outcome in Outcome}
    assert reached[Outcome.REPLY] == {ADA.id: [NOON + HOUR]}
    assert reached[Outcome.SQL] == {ADA.id: [NOON + HOUR]}
    assert reached[Outcome.MQL] == {}
    assert reached[Outcome.WON] == {ADA.id: [NOON + HOUR], BEN.id: [NOON + HOUR]}

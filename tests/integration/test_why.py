"""Explaining a decision of a learner that had been taught: every section, for a person and for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from app.cli.doors import doors
from app.cli.main import app
from app.curriculum import lesson_of
from app.lessons import moved_by
from app.recalling import recalled_of
from app.teaching import new_bandit
from app.why import stored_why, why_of
from app.wiring import House
from domain.campaign import Autonomy
from domain.decision import Arm, Decision
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from domain.why import Why
from evals.crowd import NOON
from learning import features
from policies.eligibility import actions_for
from tests.taught_workspace import DAY, taught_campaign, taught_workspace


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = taught_workspace(tmp_path_factory.mktemp("why") / "ws")
    doors.use(opened)
    yield opened
    doors.close()


@pytest.fixture(scope="module")
def whys(house: House) -> list[Why]:
    """Why eight were sent what they were sent."""
    sent = [one for one in _decided(house, Arm.LEARNED) if not one.action.is_silence]
    return [why_of(house, one) for one in sent[:8]]


def _decided(house: House, arm: Arm) -> list[Decision]:
    return [
        house.crm.decision(one.id)
        for page in house.decision_log.pages(since=NOON)
        for one in page
        if one.arm is arm
    ]


def _shown(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    app(words.split(), standalone_mode=False)
    return capsys.readouterr().out


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_explain_prints_every_section(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    decision = next(one for one in _decided(house, Arm.LEARNED) if not one.action.is_silence)
    said = _flat(_shown(f"explain {decision.id}", capsys))
    for section in (
        "The learner chose",
        "What the expected worth adds up from",
        "What was possible, and how likely",
        "What would have changed it",
        "Which past outcomes taught it",
        "What was believed then",
    ):
        assert section in said
    assert decision.learner_version in said
    assert "learned from" in said


def test_a_program_gets_the_same_as_json(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    decision = _decided(house, Arm.LEARNED)[0]
    why = json.loads(_shown(f"explain {decision.id} --json", capsys))["why"]
    assert why["is_recomputed"]
    assert not why["note"]
    assert why["base_cents"] is not None
    assert why["outcomes"] > 100
    parts = why["base_cents"] + sum(group["cents"] for group in why["groups"]) + why["rest_cents"]
    assert abs(parts - why["value_cents"]) < 0.01
    assert {"turning_points", "lessons_for", "lessons_against", "tried", "options"} <= set(why)


def test_what_is_reckoned_again_is_what_was_decided_on(house: House) -> None:
    for decision in _decided(house, Arm.LEARNED)[::3]:
        recalled = recalled_of(house, taught_campaign(), decision, house.crm.assets())
        assert recalled is not None
        assert recalled.bandit.loses
        for one in decision.alternatives:
            again = recalled.values[recalled.bandit.actions.index(one.action_key)]
            assert again == pytest.approx(one.value_cents, abs=0.001 + 0.0001 * abs(one.value_cents or 0))


def test_what_an_untaught_learner_of_before_decided_is_reckoned_again_too(house: House) -> None:
    """Up to schema 4 silence was one of the messages; who knew nothing had another name then."""
    decision, library = _decided(house, Arm.LEARNED)[0], house.crm.assets()
    campaign = taught_campaign()
    table = features.ActionTable.of(actions_for(campaign, library), {one.id: one for one in library})
    cost = float(campaign.goal.contact_cents)
    named = set()
    for is_apart in (True, False):
        fresh = new_bandit(campaign, library, table, decision.decided_at, cost, is_silence_apart=is_apart)
        found = recalled_of(
            house, campaign, decision.model_copy(update={"learner_version": fresh.version}), library
        )
        assert found is not None
        assert bool(found.bandit.apart) is is_apart
        named.add(fresh.version)
    assert len(named) == 2


def test_what_an_unsubscribe_taught_is_told_as_what_the_learner_would_say_without_it(house: House) -> None:
    decision = next(one for one in _decided(house, Arm.LEARNED) if not one.action.is_silence)
    recalled = recalled_of(house, taught_campaign(), decision, house.crm.assets())
    assert recalled is not None
    bandit, lesson = recalled.bandit, lesson_of(house, taught_campaign(), recalled.made_at)
    taken = bandit.actions.index(decision.action.key)
    cents = moved_by(bandit, lesson, recalled.x[0], recalled.fits[0, taken], taken, recalled.unit)
    row = int(np.flatnonzero(lesson.gains < 0)[0])
    without = recalled_of(house, taught_campaign(), decision, house.crm.assets())
    assert without is not None
    before = without.values[taken]
    one = slice(row, row + 1)
    place = np.array([bandit.actions.index(lesson.table.actions[int(lesson.taken[row])].key)])
    without.bandit.unlearn(
        lesson.x[one],
        place,
        lesson.gains[one],
        lesson.own_fits[one],
        lesson.units[one],
        acted=lesson.acted[one],
    )
    assert cents[row] == pytest.approx(before - without.values[taken], rel=0.05)


def test_past_replies_are_named_as_what_taught_it(whys: list[Why]) -> None:
    assert whys
    assert any("replied" in lesson.came_of_it for why in whys for lesson in why.lessons_for)
    assert all(lesson.cents > 0 for why in whys for lesson in why.lessons_for)
    assert all(lesson.cents < 0 for why in whys for lesson in why.lessons_against)
    for why in whys:
        own, kin = why.tried
        assert 10 < own.times < kin.times
        assert 0 < own.led_to_something < own.times


def test_less_interest_is_told_to_change_what_interest_decided(whys: list[Why]) -> None:
    points = [point for why in whys for point in why.turning_points]
    assert points
    assert all(point.value_cents > point.former_cents for point in points)
    assert any("interest" in point.what for point in points)


def test_whoever_did_not_learn_says_so(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    explored, held_out = _decided(house, Arm.EXPLORE)[0], _decided(house, Arm.HOLDOUT)[0]
    assert "without looking at what was believed" in _flat(_shown(f"explain {explored.id}", capsys))
    said = _shown(f"explain {held_out.id}", capsys)
    assert "Held out" in said
    assert "What was possible" not in said


def test_an_old_decision_reads_with_what_was_stored(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    first = house.audience.contacts_with_accounts()[0][0]
    said = _flat(_shown(f"explain d_0_{first.id}", capsys))
    assert "What was possible, and how likely" in said
    assert "adds up from" not in said


def test_a_learned_decision_without_contributions_is_taken_apart_anew(house: House) -> None:
    decision = _decided(house, Arm.LEARNED)[0]
    why = why_of(house, decision.model_copy(update={"contributions": ()}))
    assert why.base_cents is not None
    total = why.base_cents + sum(group.cents for group in why.groups) + why.rest_cents
    assert why.value_cents is not None
    assert abs(total - why.value_cents) < 0.01 * (1 + abs(why.value_cents))


def test_a_version_no_longer_kept_is_said_and_the_rest_still_shown(house: House) -> None:
    decision = _decided(house, Arm.LEARNED)[0]
    gone = decision.model_copy(update={"learner_version": "bandit-1(7:0123456789)"})
    why = why_of(house, gone)
    assert "not kept any more" in why.note
    assert not why.is_recomputed
    assert why.groups == stored_why(house, decision).groups


def test_where_the_newest_run_refused_the_last_decision_is_told_too(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    decision, at = _decided(house, Arm.LEARNED)[0], NOON + DAY
    dry = Run(
        id="r_dry",
        campaign_id=taught_campaign().id,
        status=RunStatus.DECIDING,
        autonomy=Autonomy.ASSIST,
        is_dry_run=True,
        seed=9,
        started_at=at,
    )
    refused = RunContact(
        run_id=dry.id,
        contact_id=decision.contact_id,
        outcome=ContactOutcome.REFUSED,
        rule_id="C-11",
        reason="The consent ran out.",
        updated_at=at,
    )
    house.runs.start(dry, taught_campaign())
    house.runs.record(dry.id, [], [refused])
    house.runs.finish(dry.id, at)
    said = _flat(_shown(f"explain {decision.contact_id} --quick", capsys))
    assert "Dry run r_dry of crowd, 2026-11-25 17:00 UTC: refused by C-11. The consent ran out." in said
    assert "What would have changed the newest run" in said
    assert decision.id in said

"""A run repeated soon lets a silence stand: repeating a command must not draw until everyone has a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.run_words import WORDS
from app.runs import begin, stop
from app.wiring import House
from domain.campaign import Autonomy, Campaign
from domain.run import ContactOutcome, Run
from evals.crowd import NOON, campaign
from tests.settled import settle

CROWD = 60
HALF_SILENT = {"explore_share": 1.0, "silence_share": 0.5, "holdout_share": 0.2}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = settle(tmp_path / "ws", CROWD)
    yield house
    house.close()


def plan(**changes: object) -> Campaign:
    return campaign().model_copy(update=HALF_SILENT | changes)


def run_at(house: House, hours: float, plan: Campaign, *, is_dry_run: bool = False) -> Run:
    """Decide, and give up what was to be drafted: only the decisions are looked at."""
    later = replace(house, clock=lambda: NOON + timedelta(hours=hours))
    run, _ = begin(later, plan, is_dry_run=is_dry_run)
    return stop(later, run.id)


def whose(house: House, run: Run, outcome: ContactOutcome) -> set[str]:
    return {line.contact_id for line in house.runs.ledger(run.id, outcome=outcome, limit=1_000)}


def test_a_silence_stands_for_a_while(house: House) -> None:
    first = run_at(house, 0, plan())
    silent = whose(house, first, ContactOutcome.SILENT)
    again = run_at(house, 0.1, plan())
    assert silent
    assert whose(house, again, ContactOutcome.DECIDED_BEFORE) == silent
    for line in house.runs.ledger(again.id, outcome=ContactOutcome.DECIDED_BEFORE, limit=1_000):
        assert line.decision_id
        assert house.crm.decision(line.decision_id).run_id == first.id
        assert "it holds until" in line.reason


def test_a_silence_does_not_stand_for_ever(house: House) -> None:
    first = run_at(house, 0, plan())
    next_day = run_at(house, 21, plan())
    assert not whose(house, next_day, ContactOutcome.DECIDED_BEFORE)
    assert whose(house, next_day, ContactOutcome.SILENT) != whose(house, first, ContactOutcome.SILENT)


def test_a_silence_that_stands_does_not_stand_longer_for_being_asked_about(house: House) -> None:
    silent = whose(house, run_at(house, 0, plan()), ContactOutcome.SILENT)
    assert silent <= whose(house, run_at(house, 19, plan()), ContactOutcome.DECIDED_BEFORE)
    assert not silent & whose(house, run_at(house, 20.5, plan()), ContactOutcome.DECIDED_BEFORE)


def test_a_campaign_may_ask_for_a_new_draw_each_time(house: House) -> None:
    run_at(house, 0, plan())
    again = run_at(house, 0.1, plan(silence_holds_hours=0))
    assert not whose(house, again, ContactOutcome.DECIDED_BEFORE)


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_a_rehearsal_binds_nobody(house: House, is_dry_run: bool) -> None:
    rehearsed = plan() if is_dry_run else plan(autonomy=Autonomy.SHADOW)
    run_at(house, 0, rehearsed, is_dry_run=is_dry_run)
    assert not whose(house, run_at(house, 0.1, plan()), ContactOutcome.DECIDED_BEFORE)


def test_a_dry_run_shows_what_stands(house: House) -> None:
    first = run_at(house, 0, plan())
    dry = run_at(house, 0.1, plan(), is_dry_run=True)
    assert whose(house, dry, ContactOutcome.DECIDED_BEFORE) == whose(house, first, ContactOutcome.SILENT)


def test_the_holdout_is_held_out_by_the_same_decision(house: House) -> None:
    first = run_at(house, 0, plan())
    again = run_at(house, 0.1, plan())
    held_out = whose(house, first, ContactOutcome.HELD_OUT)
    assert held_out
    assert whose(house, again, ContactOutcome.HELD_OUT) == held_out
    for line in house.runs.ledger(again.id, outcome=ContactOutcome.HELD_OUT, limit=1_000):
        assert line.decision_id
        assert house.crm.decision(line.decision_id).run_id == first.id


def test_whoever_is_not_held_out_any_more_is_decided_about(house: House) -> None:
    first = run_at(house, 0, plan())
    opened = run_at(house, 0.1, plan(holdout_share=0.0))
    held_out = whose(house, first, ContactOutcome.HELD_OUT)
    drawn = whose(house, opened, ContactOutcome.SILENT) | whose(house, opened, ContactOutcome.NOT_REACHED)
    assert held_out <= drawn


def test_every_outcome_has_words() -> None:
    assert set(WORDS) == set(ContactOutcome)

"""Rewards of the plainest kind: the goal in its window, and nothing said before the window has closed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np

from app.goal_rewards import GoalRewards
from domain.campaign import Goal, Outcome
from memory.crm.goal_outcomes import GoalOutcomes

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GOAL = Goal(outcome=Outcome.REPLY, worth_cents=5_000, window_days=10)


@dataclass(frozen=True)
class Case:
    contact_id: str
    decided_at: datetime = NOON
    id: str = "d"
    campaign_id: str = "spring"


class Journal:
    def __init__(self, **reached: datetime) -> None:
        self._reached = reached

    def reached_at(
        self, outcome: Outcome, contact_ids: Collection[str], since: datetime, until: datetime
    ) -> dict[str, list[datetime]]:
        assert outcome is GOAL.outcome
        return {who: [at] for who, at in self._reached.items() if who in contact_ids and since < at <= until}


def rewards(*cases: Case, now: datetime = NOON + 30 * DAY, **reached: datetime) -> list[float]:
    journal = cast(GoalOutcomes, Journal(**reached))
    return [float(reward) for reward in GoalRewards(journal, lambda _: GOAL, now)(cases)]


def test_a_goal_within_the_window_earns_its_worth_and_a_later_one_nothing() -> None:
    found = rewards(Case("ada"), Case("ben"), Case("cleo"), ada=NOON + DAY, ben=NOON + 11 * DAY)
    assert found == [5_000, 0, 0]


def test_a_goal_reached_before_the_decision_earns_nothing() -> None:
    assert rewards(Case("ada"), Case("ada", NOON - 9 * DAY), ada=NOON - DAY) == [0, 5_000]


def test_an_early_success_is_not_told_before_the_window_has_closed() -> None:
    assert np.isnan(rewards(Case("ada"), now=NOON + 9 * DAY, ada=NOON + DAY)).all()

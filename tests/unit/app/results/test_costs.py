from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.metrics import CampaignMetrics, Firsts
from app.outcomes import Gathered
from app.results.costs import costs_of
from domain.campaign import Campaign, Goal, Outcome
from domain.decision import Arm
from learning.deal_size import DealSizes
from learning.lift import Telling
from learning.rewards import Decided
from tests.unit.app.test_metrics_words import told, untold
from tests.unit.learning.signs_made import day, signs

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
GOAL = Goal(outcome=Outcome.SQL, worth_cents=100_000, window_days=30, contact_cents=20)


def gathered(model_cents: float = 0.0) -> Gathered:
    """Two hundred contacts with one message each; the first with another after its window is over."""
    contact = np.array([*range(200), 0])
    return Gathered(
        campaign=Campaign(id="c", name="C", goal=GOAL),
        now=NOON + timedelta(days=90),
        contact_ids=tuple(f"c_{i}" for i in range(200)),
        account_ids=(None,) * 200,
        lines=(),
        decided=Decided(
            contact=contact,
            at=day([*([0.0] * 200), 45.0]),
            sent=np.ones(201, dtype=bool),
            cost_cents=np.full(201, model_cents),
        ),
        signs=signs(),
        harm=signs(),
        sizes=DealSizes(),
        size=np.ones(200),
    )


def firsts() -> Firsts:
    arm = np.array([Arm.LEARNED.value] * 100 + [Arm.HOLDOUT.value] * 100, dtype=object)
    return Firsts(start=day([0.0] * 200), arm=arm, closed=np.ones(200, dtype=bool))


def metrics(line: Any) -> CampaignMetrics:
    of_all: Any = {"goal": Outcome.SQL, "lifts": (line,)}
    return CampaignMetrics.model_construct(**of_all)


def test_one_more_outcome_costs_what_was_spent_over_what_would_not_have_come() -> None:
    line = told(estimate=0.1, low=0.05, high=0.2)
    found = costs_of(gathered(), metrics(line), firsts(), 0, "USD")
    # A hundred messages at 20 cents within their windows, for ten outcomes more, between five and twenty.
    assert (found.extra.spent_cents, found.extra.extra) == (2_000, 10.0)
    assert (found.extra.low, found.extra.cents, found.extra.high) == (100, 200, 400)
    assert (found.messages, found.contact_cents) == (201, 4_020)


@pytest.mark.parametrize(
    "line",
    [
        untold("too_few"),
        told(telling=Telling.ALIKE, estimate=0.001, low=-0.002, high=0.004),
        told(telling=Telling.WORSE, estimate=-0.1, low=-0.2, high=-0.05),
        told(what="reply"),
        told(arm=Arm.USUAL),
    ],
)
def test_without_a_lift_told_to_be_better_there_is_no_cost_of_one_more(line: Any) -> None:
    extra = costs_of(gathered(), metrics(line), firsts(), 0, "USD").extra
    assert (extra.cents, extra.low, extra.high, extra.extra) == (None, None, None, None)


def test_models_paid_in_other_money_are_told_and_not_added() -> None:
    line = told(estimate=0.1, low=0.05, high=0.2)
    same = costs_of(gathered(5.0), metrics(line), firsts(), 201, "USD")
    other = costs_of(gathered(5.0), metrics(line), firsts(), 201, "EUR")
    assert (same.extra.spent_cents, other.extra.spent_cents) == (2_500, 2_000)
    assert (other.model_cents, other.model_currency, other.is_unpriced) == (1_005.0, "EUR", False)


def test_calls_without_a_price_are_not_free() -> None:
    found = costs_of(gathered(), metrics(untold("too_few")), firsts(), 12, "USD")
    assert found.is_unpriced

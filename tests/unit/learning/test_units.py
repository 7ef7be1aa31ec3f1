"""What a unit of reward is worth follows from the stage and the size of the company, before anything is decided."""

from __future__ import annotations

import numpy as np
import pytest

from domain.campaign import Goal, Outcome
from domain.people import LifecycleStage
from learning.deal_size import FEW_DEALS, MOST, DealSizes, fit_sizes
from learning.features import NAMES
from learning.units import LEAST_CENTS, STAGES, UnitTable, unit_table
from learning.value import prior_model

WON = Goal(outcome=Outcome.WON, worth_cents=1_000_000)


def contact(stage: LifecycleStage | None, employees: float | None) -> np.ndarray:
    x = np.zeros((1, len(NAMES)))
    x[0, NAMES.index(f"stage:{stage.value}" if stage else "stage:unknown")] = 1
    if employees is None:
        x[0, NAMES.index("firm:employees:unknown")] = 1
    else:
        x[0, NAMES.index("firm:employees")] = np.log10(1 + employees) / 5
    return x


def table(goal: Goal = WON, sizes: DealSizes | None = None) -> UnitTable:
    return unit_table(prior_model(goal), goal.outcome, sizes)


def test_an_answer_near_a_purchase_is_worth_far_more_than_a_cold_ones() -> None:
    lead, mql, sql, deal = (
        table().of(contact(stage, 50))[0]
        for stage in (
            LifecycleStage.LEAD,
            LifecycleStage.MQL,
            LifecycleStage.SQL,
            LifecycleStage.OPPORTUNITY,
        )
    )
    assert 3 * lead < mql < sql < deal
    assert np.isclose(sql, 0.10 * 0.90 * 1_000_000)


def test_who_reached_the_goal_or_stands_nowhere_counts_as_cold() -> None:
    cold = table().of(contact(LifecycleStage.LEAD, 50))
    np.testing.assert_array_equal(table().of(contact(LifecycleStage.CUSTOMER, 50)), cold)
    np.testing.assert_array_equal(table().of(contact(None, 50)), cold)


def test_where_the_goal_is_an_act_a_unit_is_the_same_at_every_stage() -> None:
    assert len(set(table(Goal(outcome=Outcome.REPLY, worth_cents=5_000)).stage_cents)) == 1


def test_a_unit_is_never_nothing() -> None:
    free = table(Goal(outcome=Outcome.WON, worth_cents=1))
    assert free.of(contact(LifecycleStage.LEAD, None))[0] == LEAST_CENTS


def test_larger_companies_count_for_more_as_their_deals_show() -> None:
    employees = np.exp(np.random.default_rng(0).normal(5, 1, 200))
    sizes = fit_sizes(employees, 9_000 * (employees / 150) ** 0.5)
    assert abs(sizes.power - 0.5) < 0.02
    told = table(sizes=sizes)
    small, large, unknown = (
        told.of(contact(LifecycleStage.SQL, n))[0] for n in (sizes.usual_employees, 1_500.0, None)
    )
    assert np.isclose(small, unknown, rtol=0.01)
    assert np.isclose(large / small, (1_500 / sizes.usual_employees) ** sizes.power, rtol=0.01)


def test_few_deals_say_little_and_nobody_counts_for_more_than_a_few_usual_ones() -> None:
    employees = np.array([10.0, 100, 1_000, 10_000, np.nan, 50])
    amounts = employees * 100
    assert fit_sizes(employees[:4], amounts[:4]) == DealSizes()
    noise = np.array([5, 0.1, 3, 0.2, 1, 6])
    few, many = (fit_sizes(np.tile(employees, n), np.tile(amounts * noise, n)) for n in (1, 99))
    assert few.deals == FEW_DEALS
    assert few.power < 0.9 * many.power
    many = fit_sizes(np.tile(employees, 99), np.tile(amounts, 99))
    assert 0.95 < many.power <= 1
    assert many.of(np.array([1e9]))[0] == MOST
    assert fit_sizes(employees, amounts[::-1]).power == 0


def test_what_was_kept_stands_and_what_was_not_is_reckoned() -> None:
    x = np.vstack([contact(LifecycleStage.SQL, 50), contact(LifecycleStage.SQL, 50)])
    kept = table().filled(np.array([7.0, np.nan]), x)
    np.testing.assert_array_equal(kept, [7.0, table().of(x)[1]])


def test_units_are_read_back_as_they_were_and_others_are_refused() -> None:
    told = table(sizes=DealSizes(0.4, 120.0, 30))
    assert UnitTable.from_record(told.as_record()) == told
    for broken in (
        {},
        {"stage_cents": [1.0], "sizes": {}},
        {"stage_cents": [np.nan] * len(STAGES), "sizes": {}},
    ):
        with pytest.raises(ValueError, match="units"):
            UnitTable.from_record(broken)

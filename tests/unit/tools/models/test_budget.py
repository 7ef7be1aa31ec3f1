"""A cap stops the next call, whichever is reached first; a cap that cannot be checked stops it too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.campaign import Caps
from domain.errors import BudgetSpent
from domain.message import Usage
from tools.models.budget import RunBudget

TOOK = Usage(calls=1, input_tokens=900, output_tokens=100, cost_micros=20_000)


def budget(caps: Caps) -> RunBudget:
    made = RunBudget(lambda: 0.0)
    made.open("run-1", caps)
    return made


@pytest.mark.parametrize(
    ("caps", "complaint"),
    [
        (Caps(model_calls=1), "1 model calls"),
        (Caps(model_tokens=1_000), "1000 of its 1000 tokens"),
        (Caps(model_cost_cents=2), "2 cents"),
    ],
)
def test_a_reached_cap_stops_the_next_call(caps: Caps, complaint: str) -> None:
    spending = budget(caps)
    spending.begin_call("run-1", "m", price_is_known=True)
    spending.record("run-1", "composer", TOOK)
    with pytest.raises(BudgetSpent, match=complaint):
        spending.begin_call("run-1", "m", price_is_known=True)


def test_a_run_out_of_time_asks_nothing() -> None:
    seconds = iter([0.0, 299.0, 300.0])
    spending = RunBudget(lambda: next(seconds))
    spending.open("run-1", Caps(minutes=5))
    spending.begin_call("run-1", "m", price_is_known=True)
    with pytest.raises(BudgetSpent, match="5 minutes"):
        spending.begin_call("run-1", "m", price_is_known=True)


def test_below_its_caps_a_run_goes_on() -> None:
    spending = budget(Caps(model_calls=2, model_tokens=1_001, model_cost_cents=3, minutes=5))
    spending.begin_call("run-1", "m", price_is_known=True)
    spending.record("run-1", "composer", TOOK)
    spending.begin_call("run-1", "m", price_is_known=True)


def test_a_cap_on_cost_refuses_a_model_of_unknown_price() -> None:
    with pytest.raises(BudgetSpent, match="price of 'm' is unknown"):
        budget(Caps(model_cost_cents=3)).begin_call("run-1", "m", price_is_known=False)


def test_a_resumed_run_goes_on_with_what_it_had_spent() -> None:
    spending = RunBudget(lambda: 0.0)
    spending.open("run-1", Caps(model_calls=5, minutes=10), spent=Usage(calls=4), minutes_gone=9)
    spending.begin_call("run-1", "m", price_is_known=False)
    with pytest.raises(BudgetSpent):
        spending.begin_call("run-1", "m", price_is_known=False)


def test_one_run_does_not_spend_for_another() -> None:
    spending = budget(Caps(model_calls=1))
    spending.begin_call("run-1", "m", price_is_known=False)
    spending.begin_call("run-2", "m", price_is_known=False)


def test_usage_is_kept_by_run_and_agent_until_the_run_is_closed() -> None:
    spending = budget(Caps())
    for agent in ("composer", "composer", "reviewer"):
        spending.record("run-1", agent, TOOK)
    assert spending.spent("run-1").cost_micros == 60_000
    assert {agent: used.calls for agent, used in spending.spent_by_agent("run-1").items()} == {
        "composer": 2,
        "reviewer": 1,
    }
    assert spending.close("run-1").calls == 3
    assert spending.spent("run-1") == Usage()


def test_a_cap_on_calls_holds_exactly_across_threads() -> None:
    spending = budget(Caps(model_calls=100))

    def try_one(_: int) -> bool:
        try:
            spending.begin_call("run-1", "m", price_is_known=False)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_one, range(400))) == 100

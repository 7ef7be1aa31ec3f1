from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.metrics import CampaignMetrics
from app.results.campaign import CampaignResults
from app.results.costs import Costs
from app.results.credit import Credit, OtherMoney
from app.results.notes import notes_of
from memory.crm.results import Freshness

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def results(**changes: Any) -> CampaignResults:
    metrics: Any = {
        "currency": "USD",
        "contacts": 400,
        "window_days": 30,
        "value_learned_from": 90,
        "computed_at": NOON,
    }
    costs: Any = {"model_currency": "USD", "model_cents": 0, "model_calls": 0}
    given: Any = {
        "metrics": CampaignMetrics.model_construct(**metrics),
        "costs": Costs.model_construct(**{**costs, **changes.pop("costs", {})}),
        "credit": Credit(currency="USD", lines=(), left_out=changes.pop("left_out", ()), total_cents=0),
        "freshness": Freshness(
            decisions=1, campaigns=1, heard_at=changes.pop("heard_at", NOON), audit_lines=1
        ),
        "open_windows": 0,
        **changes,
    }
    return CampaignResults.model_construct(**given)


def test_where_all_is_well_only_what_attribution_is_not_is_said() -> None:
    (words,) = notes_of(results(), None)
    assert "whatever brought them about" in words


def test_silence_of_the_sources_is_said_first() -> None:
    assert "may be too low" in notes_of(results(heard_at=NOON - timedelta(days=4)), None)[0]
    assert "last never" in notes_of(results(heard_at=None), None)[0]
    assert "too low" not in notes_of(results(heard_at=NOON - timedelta(days=2)), None)[0]


def test_open_windows_are_counted() -> None:
    assert notes_of(results(open_windows=18), None)[0].startswith(
        "18 of 400 contacts are still within 30 days"
    )


def test_money_that_is_not_added_is_named_by_currency() -> None:
    left = (OtherMoney(currency="EUR", deals=2, cents=90_000), OtherMoney(currency=None, deals=1, cents=0))
    assert "900 EUR in 2 deals, 1 without an amount" in notes_of(results(left_out=left), None)[0]


def test_models_paid_in_other_money_or_at_no_known_price_are_told() -> None:
    other = notes_of(results(costs={"model_currency": "EUR", "model_cents": 5.0, "model_calls": 3}), None)
    assert "paid in EUR" in other[0]
    unpriced = notes_of(results(costs={"model_calls": 1_200}), None)
    assert unpriced[0].startswith("1,200 calls to models have no known price")


def test_a_sample_is_said_to_be_one() -> None:
    assert "simulated" in notes_of(results(), "Generated sample market.")[-1]

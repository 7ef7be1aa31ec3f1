from __future__ import annotations

import pytest

from evals.benchmarks.run_cost import Cost


def cost(**changes: object) -> Cost:
    given: dict[str, object] = {
        "decide_seconds": 0.3,
        "carry_seconds": 22.5,
        "cpu_seconds": 15.0,
        "contacts": 500,
        "outcomes": {"sent": 500},
        "model_calls": 2000,
        "stood_in": 0,
    }
    return Cost.model_validate(given | changes)


def test_the_ideal_is_calls_times_latency_over_concurrency() -> None:
    assert cost().ratio(latency_ms=300, concurrency=32) == pytest.approx(22.5 / 18.75)


def test_cpu_is_told_a_contact() -> None:
    assert cost().cpu_ms_per_contact == pytest.approx(30)


def test_a_run_without_a_model_has_no_ideal() -> None:
    with pytest.raises(ValueError, match="no ideal"):
        cost(model_calls=0).ratio(latency_ms=300, concurrency=32)

from __future__ import annotations

import numpy as np
import pytest

from evals.benchmarks.choice_speed import Case, Timings, case, state_megabytes


@pytest.fixture(scope="module")
def small() -> Case:
    return case(width=3, arms=5, rows=7, seed=0)


def test_times_are_told_a_row_and_ratios_within_a_repeat() -> None:
    found = Timings(rows={"ours": 100, "theirs": 10}, seconds={"ours": [1e-3, 4e-3], "theirs": [1e-3, 2e-3]})
    assert found.micros("ours").tolist() == pytest.approx([10, 40])
    assert found.ratio("theirs", "ours").tolist() == pytest.approx([10, 5])


def test_a_peer_that_was_timed_less_often_is_compared_where_both_were() -> None:
    found = Timings(rows={"ours": 1, "slow": 1}, seconds={"ours": [1.0, 2.0, 3.0], "slow": [8.0]})
    assert found.ratio("slow", "ours").tolist() == [8.0]


def test_what_was_spent_is_summed_and_nothing_at_first() -> None:
    found = Timings()
    assert found.spent("ours") == 0
    found.take("ours", 3, lambda: sum(range(1000)))
    assert found.spent("ours") == found.seconds["ours"][0]
    assert found.rows == {"ours": 3}


def test_a_case_has_the_shapes_it_is_named_for_and_the_bare_products_fit(small: Case) -> None:
    assert (small.x @ small.theta).shape == (7, 5)
    assert (small.inputs @ small.theta_wide).shape == small.bandit.score(small.x).shape == (7, 5)


def test_state_is_the_size_of_the_sums(small: Case) -> None:
    width = small.bandit.basis.width
    numbers = 2 * 5 * (width * width + width + 2)
    assert state_megabytes(small.bandit) == pytest.approx(numbers * np.dtype(float).itemsize / 1e6)

from __future__ import annotations

import numpy as np
import pytest

from learning.likelihood.capacity import expect, pick

IDS = np.array(["c", "a", "b", "d"])


@pytest.mark.parametrize(("capacity", "many"), [(1, 1), (3, 3), (9, 4)])
def test_exactly_as_many_are_picked_as_can_be_taken(capacity: int, many: int) -> None:
    assert len(pick(np.array([0.4, 0.1, 0.3, 0.2]), IDS, capacity)) == many


def test_the_worthiest_come_first_and_ties_go_by_id() -> None:
    assert pick(np.array([0.2, 0.5, 0.5, 0.9]), IDS, 3).tolist() == [3, 1, 2]


def test_a_capacity_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="takes nobody"):
        pick(np.array([0.2]), IDS[:1], 0)


def test_of_a_hundred_coins_forty_two_to_fifty_eight_fall_heads_nine_times_in_ten() -> None:
    expected = expect(np.full((10, 100), 0.5), 0)
    assert (expected.picked, expected.mean) == (100, 50.0)
    assert (expected.low, expected.high) == pytest.approx((42, 58), abs=1)
    assert expected.precision == pytest.approx((0.5, 0.42, 0.58), abs=0.011)


def test_doubt_about_the_calibration_widens_the_interval() -> None:
    sure, unsure = expect(np.full((2, 100), 0.5), 0), expect(np.repeat([[0.3], [0.7]], 100, axis=1), 0)
    assert unsure.high - unsure.low > 2 * (sure.high - sure.low)

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr

from learning.bandit.odds import chances, draw

Floats = NDArray[np.float64]

PROMISED = 3e-3


def exact(values: Floats, spreads: Floats) -> Floats:
    """Chances to be the best on a grid with 120 steps over each normal, one row at a time."""
    found = []
    for v, s in zip(values, spreads, strict=True):
        x = np.unique((v[:, None] + s[:, None] * np.linspace(-5, 5, 121)).ravel())
        below = ndtr((x[:, None] - v) / s)
        middle = np.maximum((below[1:] + below[:-1]) / 2, 1e-300)
        wins = (np.diff(below, axis=0) / middle * np.exp(np.log(middle).sum(axis=1, keepdims=True))).sum(
            axis=0
        )
        found.append(wins / wins.sum())
    return np.array(found)


def everything(values: Floats) -> NDArray[np.bool_]:
    return np.ones(values.shape, dtype=bool)


@pytest.mark.parametrize("actions", [2, 3, 6, 25])
@pytest.mark.parametrize("unevenness", [0.0, 0.5, 1.5])
def test_chances_are_those_of_being_the_best_however_uneven_the_spreads(
    actions: int, unevenness: float
) -> None:
    rng = np.random.default_rng(actions)
    values, spreads = rng.normal(size=(20, actions)), rng.lognormal(0, unevenness, (20, actions))
    found = chances(values, spreads, everything(values), floor=0.0)
    assert np.abs(found - exact(values, spreads)).max() < PROMISED


def test_chances_are_how_often_a_simulation_has_each_action_highest() -> None:
    rng = np.random.default_rng(0)
    values, spreads = np.array([[1.0, 0.8, 0.2, -3.0]]), np.array([[0.1, 0.6, 1.5, 0.5]])
    highest = rng.normal(values, spreads, size=(200_000, 4)).argmax(axis=1)
    simulated = np.bincount(highest, minlength=4) / len(highest)
    found = chances(values, spreads, everything(values), floor=0.0)[0]
    # Three standard errors of the simulation beside what is promised.
    assert np.abs(found - simulated).max() < PROMISED + 3 * 0.5 / np.sqrt(len(highest))


def test_two_well_known_actions_are_told_apart_beside_one_that_is_not_known() -> None:
    values, spreads = np.array([[0.03, 0.0, -0.5]]), np.array([[0.004, 0.004, 1.0]])
    found = chances(values, spreads, everything(values), floor=0.0)[0]
    assert found[1] < 1e-3
    assert found[2] == pytest.approx(1 - ndtr(0.53), abs=PROMISED)


def test_rows_sum_to_one_and_what_is_not_allowed_has_no_chance() -> None:
    rng = np.random.default_rng(3)
    values, spreads = rng.normal(size=(500, 7)) * 100, rng.lognormal(size=(500, 7))
    allowed = rng.random((500, 7)) < 0.5
    allowed[:, 6] = True
    found = chances(values, spreads, allowed, floor=0.05)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-12)
    assert (found[~allowed] == 0).all()


def test_every_allowed_action_keeps_its_share_of_the_floor() -> None:
    values = np.array([[0.0, 1000.0, 0.0, 0.0]])
    allowed = np.array([[True, True, False, True]])
    found = chances(values, np.ones((1, 4)), allowed, floor=0.03)[0]
    assert found.tolist() == pytest.approx([0.01, 0.98, 0.0, 0.01])


def test_actions_that_look_the_same_are_drawn_alike() -> None:
    for actions in (1, 2, 3, 12, 100):
        values = np.full((2, actions), 5.0)
        found = chances(values, np.full((2, actions), 0.3), everything(values), floor=0.0)
        assert found == pytest.approx(np.full((2, actions), 1 / actions), abs=1e-4)


def test_chances_do_not_depend_on_the_unit_or_on_what_all_actions_have_in_common() -> None:
    rng = np.random.default_rng(4)
    values, spreads = rng.normal(size=(50, 5)), rng.lognormal(size=(50, 5))
    found = chances(values, spreads, everything(values), floor=0.0)
    moved = chances(values * 1e6 + 3e7, spreads * 1e6, everything(values), floor=0.0)
    assert np.abs(found - moved).max() < 1e-4


def test_one_row_gets_the_same_chances_alone_as_among_many() -> None:
    rng = np.random.default_rng(5)
    values, spreads = rng.normal(size=(3000, 9)), rng.lognormal(size=(3000, 9))
    together = chances(values, spreads, everything(values), floor=0.01)
    alone = chances(values[1234:1235], spreads[1234:1235], everything(values[:1]), floor=0.01)
    assert alone[0] == pytest.approx(together[1234], abs=1e-6)


def test_without_any_doubt_the_best_action_is_drawn() -> None:
    values = np.array([[1.0, 2.0, 3.0]])
    assert chances(values, np.zeros((1, 3)), everything(values), floor=0.0)[0].tolist() == [0, 0, 1]


def test_a_row_that_allows_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="allows no action"):
        chances(np.zeros((1, 2)), np.ones((1, 2)), np.zeros((1, 2), dtype=bool), floor=0.01)


def test_draws_come_as_often_as_their_probabilities_say() -> None:
    probabilities = np.tile([0.5, 0.0, 0.2, 0.3], (100_000, 1))
    shares = np.bincount(draw(probabilities, seed=1), minlength=4) / 100_000
    assert shares == pytest.approx([0.5, 0.0, 0.2, 0.3], abs=0.006)

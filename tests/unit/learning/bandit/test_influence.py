"""What past outcomes taught, against learning again without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.bandit import Bandit
from learning.bandit.influence import on_target, on_value, remembered
from learning.bandit.scales import Scales
from tests.unit.learning.bandit.worlds import ACTIONS, market, small_belief


@pytest.mark.parametrize("apart", [(), (1,)])
def test_a_rows_influence_is_what_refitting_without_it_takes_away(apart: tuple[int, ...]) -> None:
    belief, inputs, actions, targets = small_belief(apart=apart)
    phi = belief.basis.with_dyads(belief.basis.inputs(np.array([[0.3, -0.2, 1.0]])), np.array([[0.2, 0.9]]))[
        0
    ]
    for action in range(ACTIONS):
        said = on_target(belief, inputs, actions, targets, np.ones(len(actions)), phi, action)
        whole = phi @ belief.coefficients_of(action)
        for row in range(0, len(actions), 7):
            without, *_ = small_belief(apart=apart)
            one = slice(row, row + 1)
            without.sums.add(inputs[one], actions[one], targets[one], np.array([-1.0]))
            without.forget_posterior()
            assert np.isclose(said[row], whole - phi @ without.coefficients_of(action), atol=1e-9)


def test_influence_on_one_that_stands_apart_goes_by_how_its_own_targets_scatter() -> None:
    belief, inputs, actions, targets = small_belief(apart=(1,))
    belief.scales = replace(belief.scales, noise=0.01)
    belief.forget_posterior()
    phi = belief.basis.with_dyads(belief.basis.inputs(np.ones((1, 3)) / 2), np.array([[0.2, 0.9]]))[0]
    assert belief.noises()[1] > 0.05
    said = on_target(belief, inputs, actions, targets, np.ones(len(actions)), phi, 1)
    row = int(np.flatnonzero(actions == 1)[0])
    without = small_belief(apart=(1,))[0]
    without.scales = belief.scales
    without._kept_noises = belief.noises()
    without.sums.add(inputs[row : row + 1], actions[row : row + 1], targets[row : row + 1], np.array([-1.0]))
    without.forget_posterior()
    missed = phi @ belief.coefficients_of(1) - phi @ without.coefficients_of(1)
    assert np.isclose(said[row], missed, atol=1e-9)
    assert abs(missed) > 1e-3


def _taught(keep: np.ndarray | None = None, scales: tuple[Scales, Scales] | None = None) -> Bandit:
    x, taken, rewards, _ = market(400, 3)
    bandit = Bandit(("a", "b", "c"), 4, dyads=1, patterns=6)
    bandit.next_fit = 10**9
    kept = np.arange(400) if keep is None else keep
    bandit.learn(x[kept], taken[kept], rewards[kept], dyads=x[kept, :1], is_news=False)
    if scales is None:
        bandit.fit(5)
    else:
        bandit.acts.scales, bandit.worth.scales = scales
        bandit.acts.forget_posterior()
        bandit.worth.forget_posterior()
    return bandit


def test_influence_on_worth_in_cents_is_that_of_learning_again_without_the_row() -> None:
    bandit = _taught()
    x, taken, rewards, _ = market(400, 3)
    inputs = bandit.basis.with_dyads(bandit.basis.inputs(x), x[:, :1])
    here, fits = np.array([0.5, 1.0, -0.5, 0.0]), np.array([0.4])
    phi = bandit.basis.with_dyads(bandit.basis.inputs(here[None]), fits[None])[0]
    said = on_value(bandit, inputs, taken, rewards, np.ones(400), phi, 1)
    asked = here[None], np.full((1, 3, 1), 0.4)
    value = bandit.values(*asked)[0][0, 1]
    strongest = np.argsort(-np.abs(said))[:5]
    for row in (*strongest, 10, 20):
        without = _taught(np.delete(np.arange(400), row), (bandit.acts.scales, bandit.worth.scales))
        assert np.isclose(said[row], value - without.values(*asked)[0][0, 1], atol=1e-6)


def test_an_outcome_that_holds_up_its_direction_alone_is_told_within_reason() -> None:
    """Rounding must not be divided by next to nothing: nobody was taught millions by one purchase."""
    x, taken, rewards, _ = market(400, 3)
    x[7], rewards[7] = 1e6 * np.array([1.0, -1.0, 1.0, -1.0]), 500.0
    bandit = Bandit(("a", "b", "c"), 4, dyads=1)
    bandit.next_fit = 10**9
    bandit.learn(x, taken, rewards, dyads=x[:, :1] * 0, is_news=False)
    bandit.fit(5)
    inputs = bandit.basis.with_dyads(bandit.basis.inputs(x), x[:, :1] * 0)
    said = on_value(bandit, inputs, taken, rewards, np.ones(400), inputs[7], int(taken[7]))
    assert np.isfinite(said).all()
    assert abs(said[7]) < 10 * np.abs(rewards).max()


def test_small_influences_add_up_to_leaving_all_of_them_out() -> None:
    bandit = _taught()
    x, taken, rewards, _ = market(400, 3)
    inputs = bandit.basis.with_dyads(bandit.basis.inputs(x), x[:, :1])
    phi = bandit.basis.with_dyads(bandit.basis.inputs(np.ones((1, 4)) / 2), np.array([[0.4]]))[0]
    said = on_value(bandit, inputs, taken, rewards, np.ones(400), phi, 0)
    group = np.argsort(-said)[10:20]
    without = _taught(np.delete(np.arange(400), group), (bandit.acts.scales, bandit.worth.scales))
    asked = np.ones((1, 4)) / 2, np.full((1, 3, 1), 0.4)
    change = bandit.values(*asked)[0][0, 0] - without.values(*asked)[0][0, 0]
    assert change > 0
    assert abs(said[group].sum() - change) < 0.1 * change


def test_an_outcome_of_kin_teaches_too() -> None:
    belief, inputs, actions, targets = small_belief()
    said = on_target(belief, inputs, actions, targets, np.ones(len(actions)), inputs[0], int(actions[0]))
    assert np.abs(said[actions != actions[0]]).max() > 1e-4


def test_weights_sum_to_what_is_remembered_of_each_action() -> None:
    x, taken, rewards, _ = market(300, 5)
    at = np.datetime64("2026-01-01", "s") + np.arange(300) * np.timedelta64(86_400, "s")
    bandit = Bandit(("a", "b", "c"), 4, patterns=0)
    bandit.learn(x, taken, rewards, at=at, is_news=False)
    bandit.acts.sums.fade(0.25, 2)
    weights = remembered(bandit, taken, at)
    np.testing.assert_allclose(np.bincount(taken, weights), bandit.acts.sums.counts)
    newest, oldest = np.flatnonzero(taken == 0)[[-1, 0]]
    age = (at[newest] - at[oldest]) / np.timedelta64(86_400, "s")
    assert np.isclose(weights[oldest] / weights[newest], 0.5 ** (float(age) / 365))


def test_nothing_learned_has_no_influence() -> None:
    bandit = Bandit(("a", "b"), 2, patterns=0)
    none = np.zeros(0)
    assert not len(on_value(bandit, np.zeros((0, 3)), none.astype(np.int64), none, none, np.ones(3), 0))

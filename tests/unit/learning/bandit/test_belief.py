"""The posterior is the one a dense Gaussian would give."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest

from learning.bandit.basis import FEATURES, PATTERNS, Basis
from learning.bandit.belief import Belief
from learning.bandit.bends import PAIRS, pairs_of
from learning.bandit.fitting import _surplus, fit
from learning.bandit.sums import Sums
from tests.unit.learning.bandit.worlds import (
    ACTIONS,
    Floats,
    dense_centre,
    dense_design,
    dense_prior,
    small_belief,
    warm_and_cold,
)


@pytest.mark.parametrize("apart", [(), (4,), (0, 3)])
def test_the_posterior_equals_that_of_the_dense_gaussian(apart: tuple[int, ...]) -> None:
    belief, inputs, actions, targets = small_belief(apart=apart)
    prior, design = dense_prior(belief), dense_design(belief, inputs, actions)
    centre = dense_centre(belief, targets, actions)
    gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + 0.2 * np.eye(len(inputs)))
    mean = centre + gain @ (targets - design @ centre)
    after = prior - gain @ design @ prior
    width = belief.basis.width
    blocks = np.stack(
        [after[k * width : (k + 1) * width, k * width : (k + 1) * width] for k in range(ACTIONS)]
    )
    np.testing.assert_allclose(belief.coefficients().ravel(), mean, atol=1e-10)
    np.testing.assert_allclose(belief.covariances(), blocks, atol=1e-10)


@pytest.mark.parametrize("apart", [(), (4,)])
def test_one_contact_and_a_whole_audience_get_the_same_numbers(apart: tuple[int, ...]) -> None:
    belief = small_belief(apart=apart)[0]
    dyads = np.random.default_rng(1).random((1, ACTIONS, 2))
    plain = belief.basis.inputs(np.ones((1, 3)))
    rows = belief.basis.with_dyads(np.repeat(plain, ACTIONS, axis=0), dyads[0])
    means, variances = belief.look(rows)
    all_means, all_variances = belief.look_all(plain, dyads)
    np.testing.assert_allclose(means, all_means[0], atol=1e-9)
    np.testing.assert_allclose(variances, all_variances[0], atol=1e-6)
    theta = np.stack([belief.coefficients_of(k) for k in range(ACTIONS)])
    np.testing.assert_allclose(theta, belief.coefficients(), atol=1e-12)


@pytest.mark.parametrize("apart", [(), (4,)])
def test_row_by_row_equals_all_at_once(apart: tuple[int, ...]) -> None:
    belief, inputs, actions, targets = small_belief(apart=apart)
    stream, _, _, _ = small_belief(rows=0, apart=apart)
    stream.scales = belief.scales
    _ = stream.posterior
    for f, action, target in zip(inputs, actions, targets, strict=True):
        stream.take(f[None], np.array([action]), np.array([target]))
    moved = stream.posterior
    batch, _, _, _ = small_belief(apart=apart)
    batch.scales = belief.scales
    fresh = batch.posterior
    np.testing.assert_allclose(moved.A_inv, fresh.A_inv, atol=1e-10)
    np.testing.assert_allclose(moved.R, fresh.R, atol=1e-9)
    centred = batch.sums.moments - np.einsum("kij,kj->ki", batch.sums.grams, moved.centre)
    np.testing.assert_allclose(moved.pulls, centred / batch.scales.noise, atol=1e-9)


def test_every_step_of_fitting_makes_the_data_likelier() -> None:
    belief, inputs, actions, targets = small_belief(rows=400)
    design, centre = dense_design(belief, inputs, actions), np.tile(belief.centre, ACTIONS)
    likelihoods = []
    for _ in range(8):
        cov = design @ dense_prior(belief) @ design.T + belief.scales.noise * np.eye(len(inputs))
        residual = targets - design @ centre
        likelihoods.append(-0.5 * (np.linalg.slogdet(cov)[1] + residual @ np.linalg.solve(cov, residual)))
        fit(belief, 1)
    # The noise carries the weight of ten prior rows, which moves its fit by a little.
    assert all(after > before - 0.05 for before, after in pairwise(likelihoods))
    assert likelihoods[-1] > likelihoods[0] + 10


def test_differences_that_are_not_there_shrink_to_nothing() -> None:
    rng = np.random.default_rng(3)
    belief, _, _, _ = small_belief(rows=0)
    inputs = belief.basis.inputs(rng.normal(size=(4_000, 3)))
    belief.sums.add(inputs, rng.integers(0, ACTIONS, 4_000), 0.3 + rng.normal(scale=0.3, size=4_000))
    belief.begin_scales()
    fit(belief, 60)
    spread = belief.coefficients().std(axis=0)
    assert spread[0] < 0.02
    assert spread[1:4].max() < 0.05


def bent(rows: int, features: int) -> Belief:
    """A world where what an action brings hangs on the product of two features, and a belief before it is fitted."""
    rng = np.random.default_rng(0)
    basis = Basis(features, dyads=0, patterns=pairs_of(features), kind=PAIRS)
    belief = Belief(basis, np.ones((3, 1)), 0.1)
    x, actions = rng.normal(size=(rows, features)), rng.integers(0, 3, rows)
    answered = x[:, 0] * x[:, 1] * (actions - 1) > 0.5
    belief.sums.add(basis.inputs(x), actions, answered.astype(float))
    belief.begin_scales()
    return belief


def test_a_bend_that_is_there_is_found_in_a_few_steps() -> None:
    few, end = bent(300, 12), bent(300, 12)
    begun = few.scales.own[PATTERNS]
    fit(few, 8)
    fit(end, 200)
    assert end.scales.own[PATTERNS] > 20 * begun
    assert 0.5 < few.scales.own[PATTERNS] / end.scales.own[PATTERNS] < 2


def test_where_the_fixed_point_ends_expectation_maximisation_ends_too() -> None:
    """Of features and patterns, with the posterior of all coefficients written out."""
    belief = bent(5_000, 6)
    fit(belief, 200)
    p, K = belief.posterior, len(belief.loadings)
    means, C = belief.coefficients() - p.centre, belief.covariances()
    for block in (FEATURES, PATTERNS):
        of_block = belief.basis.blocks == block
        every = np.einsum("ki,li->ikl", means, means)[of_block]
        # Covariance of one input's K coefficients, from the whole posterior of all.
        whole = np.linalg.inv(np.linalg.inv(dense_prior(belief)) + _data_precision(belief)).reshape(
            K, belief.basis.width, K, belief.basis.width
        )
        every = every + np.stack([whole[:, i, :, i] for i in np.flatnonzero(of_block)])
        alike = every.mean(axis=0).sum() / K
        apart = (np.trace(every.mean(axis=0)) - alike) / (K - 1)
        assert alike == pytest.approx(belief.scales.shared[block], rel=0.02, abs=1e-5)
        assert apart == pytest.approx(belief.scales.own[block], rel=0.02, abs=1e-5)
    np.testing.assert_allclose(C[0, 2, 2], whole[0, 2, 0, 2], rtol=1e-6)


def _data_precision(belief: Belief) -> Floats:
    width, K = belief.basis.width, len(belief.loadings)
    precision = np.zeros((K * width, K * width))
    for k, gram in enumerate(belief.sums.grams):
        precision[k * width : (k + 1) * width, k * width : (k + 1) * width] = gram / belief.scales.noise
    return precision


def test_few_actions_alike_by_chance_leave_it_open_which_is_best() -> None:
    belief = Belief(Basis(features=0, dyads=0, patterns=0), np.ones((3, 1)), 0.1)
    won = np.tile(np.arange(20) < 3, 3).astype(float)
    belief.sums.add(np.ones((60, 1)), np.repeat(np.arange(3), 20), won)
    belief.begin_scales()
    fit(belief, 60)
    assert np.ptp(belief.coefficients()[:, 0]) < 1e-9
    assert np.sqrt(belief.covariances()[:, 0, 0]).min() > 0.02


def test_the_surplus_of_noise_is_that_of_the_posterior_written_out() -> None:
    """Of rows of full weight, and of the first action's, which count for a third."""
    plain, inputs, actions, _ = small_belief(rows=200)
    answers = np.random.default_rng(5).random(200) < 0.1
    weights = np.where(actions == 0, 1 / 3, 1.0)
    belief = Belief(plain.basis, plain.loadings, 0.1)
    belief.scales = plain.scales
    for taught_as in (1 / 3, 1.0):
        rows = weights == taught_as
        belief.sums.add(inputs[rows], actions[rows], answers[rows].astype(float), weights[rows], taught_as)
    of_answers = Sums.empty(ACTIONS, belief.basis.width)
    of_answers.add(inputs[answers], actions[answers], np.ones(int(answers.sum())), weights[answers])
    width, noise = belief.basis.width, belief.scales.noise
    rate = weights @ answers / weights.sum()
    variances = noise * (answers - rate) ** 2 / (rate * (1 - rate))
    design = dense_design(belief, inputs, actions)
    weighted = design * weights[:, None]
    C = np.linalg.inv(np.linalg.inv(dense_prior(belief)) + weighted.T @ design / noise)
    gain = C @ weighted.T / noise
    swollen = gain @ np.diag(variances) @ gain.T - C @ (weighted.T @ design / noise) @ C
    by_input = swollen.reshape(ACTIONS, width, ACTIONS, width)
    p = belief.posterior
    surplus, of_middle = _surplus(belief, of_answers.grams, p.A_inv @ belief.sharing.fold(p.R))
    np.testing.assert_allclose(surplus, np.einsum("kiki->i", by_input), atol=1e-10)
    np.testing.assert_allclose(of_middle, np.einsum("kili->i", by_input) / ACTIONS, atol=1e-10)


def test_where_answers_are_rare_and_uneven_no_bends_are_found_that_are_not_there() -> None:
    bandit, x, taken, won = warm_and_cold()
    bandit.learn(x, taken, won.astype(float))
    even = deepcopy(bandit.acts)
    for belief in (bandit.acts, even):
        belief.begin_scales()
    fit(even, 20)
    bandit.fit(20)
    found = bandit.acts.scales
    assert even.scales.own[PATTERNS] > 5 * found.own[PATTERNS]
    # The prior's own spread, which counts as a few coefficients, is left of it.
    assert even.scales.shared[PATTERNS] > 20 * found.shared[PATTERNS]
    assert found.shared[FEATURES] > 0.01

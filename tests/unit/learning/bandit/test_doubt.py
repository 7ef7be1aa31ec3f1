"""Doubt in few directions is the doubt of the whole covariance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.bandit.basis import Basis
from learning.bandit.belief import Belief
from learning.bandit.doubt import ROOM, Directions, told
from learning.bandit.scales import Scales

Floats = NDArray[np.float64]

ROWS = (5, 3, 500, 0)
"""Outcomes of each action: few, few, many, none."""

SHARED = Scales(
    own=np.array([0.05, 0.02, 0.02, 1e-3]),
    shared=np.array([0.2, 0.004, 0.02, 2e-3]),
    kin=np.array([0.1, 0.1, 0.1, 0.1]),
    noise=0.1,
)
APART = Scales(own=SHARED.own, shared=SHARED.own.copy(), kin=SHARED.kin, noise=0.1)


def taught(
    scales: Scales, kin: Floats | None = None, dyads: int = 0, outcomes: tuple[int, ...] = ROWS
) -> Belief:
    rng = np.random.default_rng(4)
    ones = np.ones((len(outcomes), 1))
    loadings = ones if kin is None else np.hstack([ones, kin - kin.mean(axis=0)])
    belief = Belief(Basis(features=40, dyads=dyads, patterns=30), loadings, 0.1)
    actions = np.repeat(np.arange(len(outcomes)), outcomes)
    inputs = belief.basis.inputs(rng.normal(size=(len(actions), 40)))
    inputs = belief.basis.with_dyads(inputs, rng.random((len(actions), dyads)))
    belief.take(inputs, actions, (rng.random(len(actions)) < 0.1).astype(float))
    belief.scales = scales
    return belief


def contacts(belief: Belief, count: int) -> Floats:
    return belief.basis.inputs(np.random.default_rng(5).normal(size=(count, 40)))


def whole(belief: Belief, rows: Floats) -> Floats:
    """Shape (n, K): f' C_k f with the covariances in full, in double precision."""
    return np.asarray(np.einsum("ni,kij,nj->nk", rows, belief.covariances(), rows, optimize=True))


def alone(belief: Belief, rows: Floats) -> Floats:
    return np.array([belief.look(np.repeat(f[None], len(ROWS), axis=0))[1] for f in rows])


@pytest.mark.parametrize("scales", [SHARED, APART], ids=["shared", "apart"])
def test_few_directions_give_the_doubt_of_the_whole_covariance(scales: Scales) -> None:
    belief = taught(scales)
    rows = contacts(belief, 700)
    assert belief.alone.directions.few.tolist() == [0, 1, 3]
    assert belief.alone.directions.ranks.tolist() == [5, 3, 0]
    np.testing.assert_allclose(belief.look_all(rows, None)[1], whole(belief, rows), rtol=2e-5)
    np.testing.assert_allclose(alone(belief, rows[:20]), whole(belief, rows[:20]), rtol=2e-5)


@pytest.mark.parametrize("scales", [SHARED, APART], ids=["shared", "apart"])
@pytest.mark.parametrize("outcomes", [(5, 3, 12, 0), (0, 0)], ids=["few", "none"])
def test_where_all_actions_are_new_one_contact_has_the_same_doubt(
    scales: Scales, outcomes: tuple[int, ...]
) -> None:
    belief = taught(scales, outcomes=outcomes)
    rows = contacts(belief, 20)
    found = [belief.look(f[None])[1] for f in rows]
    assert belief.alone.inner is not None
    np.testing.assert_allclose(found, whole(belief, rows), rtol=2e-5)
    belief.take(rows[:1], np.array([1]), np.array([1.0]))
    np.testing.assert_allclose([belief.look(f[None])[1] for f in rows], whole(belief, rows), rtol=5e-5)
    assert belief.alone.inner is None


def test_products_are_cut_between_actions_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    belief = taught(SHARED)
    rows = contacts(belief, 50)
    monkeypatch.setattr("learning.bandit.doubt.MOST_COLUMNS", 4)
    np.testing.assert_allclose(belief.look_all(rows, None)[1], whole(belief, rows), rtol=2e-5)


def test_actions_with_features_and_inputs_of_their_own_have_the_same_doubt() -> None:
    belief = taught(SHARED, kin=np.random.default_rng(6).normal(size=(len(ROWS), 2)), dyads=3)
    plain = contacts(belief, 30)
    fits = np.random.default_rng(7).random((30, len(ROWS), 3))
    together = belief.look_all(plain, fits)[1]
    for i in range(30):
        rows = belief.basis.with_dyads(np.repeat(plain[i : i + 1], len(ROWS), axis=0), fits[i])
        full = np.einsum("ki,kij,kj->k", rows, belief.covariances(), rows)
        np.testing.assert_allclose(belief.look(rows)[1], full, rtol=2e-5)
        np.testing.assert_allclose(together[i], full, rtol=2e-5)


@pytest.mark.parametrize("action", [1, 2, 3])
def test_doubt_follows_every_outcome_learned_alone(action: int) -> None:
    belief = taught(SHARED)
    rows = contacts(belief, 5)
    before = alone(belief, rows)
    moves = np.random.default_rng(8).normal(size=(3 * ROOM, 40))
    for f in belief.basis.inputs(moves):
        belief.take(f[None], np.array([action]), np.array([1.0]))
        np.testing.assert_allclose(alone(belief, rows), whole(belief, rows), rtol=5e-5)
    assert (alone(belief, rows)[:, action] < before[:, action]).all()


def test_what_is_known_well_or_of_every_input_is_not_told_in_few_directions() -> None:
    rng = np.random.default_rng(9)
    f = rng.normal(size=(4, 30))
    own = np.full(30, 0.1)
    found = told(f.T @ f, own, 0.5)
    assert found is not None
    exact = np.linalg.inv(f.T @ f / 0.5 + np.diag(1 / own))
    np.testing.assert_allclose(np.diag(own) - found @ found.T, exact, atol=1e-9)
    assert told(1e5 * f.T @ f, own, 0.5) is None
    many = rng.normal(size=(20, 30))
    assert told(many.T @ many, own, 0.5) is None


def test_directions_say_when_there_is_no_room_for_another() -> None:
    directions = Directions(taught(SHARED))
    free = directions.W.shape[1] - int(directions.ranks[0])
    g = np.ones(len(directions.own)) * 1e-3
    assert [directions.add(0, g) for _ in range(free + 1)] == [True] * free + [False]


@pytest.mark.parametrize("action", [0, 2])
def test_coefficients_follow_outcomes_learned_alone(action: int) -> None:
    quick, slow = taught(SHARED), taught(SHARED)
    _ = slow.posterior
    rows = contacts(quick, 3)
    for f in quick.basis.inputs(np.random.default_rng(10).normal(size=(30, 40))):
        alone(quick, rows)
        for belief in (quick, slow):
            belief.take(f[None], np.array([action]), np.array([1.0]))
        before = slow.coefficients_of(3)
        np.testing.assert_allclose(
            quick.coefficients(), [slow.coefficients_of(k) for k in range(4)], atol=1e-7
        )
    untaught = taught(SHARED).coefficients_of(3)
    assert np.abs(before - untaught).max() > 1e-4

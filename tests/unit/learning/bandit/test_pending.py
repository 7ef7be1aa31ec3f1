"""Outcomes on their way: doubt is what it will be, expectations and what is shown as known stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.bandit import Bandit, Settings, dump, load
from learning.bandit.bandit import FEW_ROWS

Floats = NDArray[np.float64]

K, D, M = 4, 3, 2
RNG = np.random.default_rng(5)
X = RNG.normal(size=(400, D))
FITS = RNG.normal(size=(400, K, M))
ALL = np.ones((400, K), dtype=bool)
TAKEN = RNG.integers(0, K, 400)
OWN = FITS[np.arange(400), TAKEN]
REWARDS = np.where(RNG.random(400) < 0.3, 100.0, 0.0)


def fresh(outcomes: int = 60) -> Bandit:
    """A learner of so many outcomes."""
    bandit = Bandit(
        [f"a{k}" for k in range(K)],
        D,
        dyads=M,
        action_features=np.eye(K)[:, :2],
        settings=Settings(prior_worth=100.0),
        patterns=5,
    )
    if outcomes:
        some = slice(0, outcomes)
        bandit.learn(X[some], TAKEN[some], REWARDS[some], dyads=OWN[some])
    return bandit


@pytest.mark.parametrize("many", [1, 50])
def test_awaited_outcomes_narrow_the_doubt_and_change_nothing_else(many: int) -> None:
    bandit, rows = fresh(), slice(100, 100 + many)
    before = bandit.choose(X[rows], ALL[rows], FITS[rows])
    assert before.doubts is not None
    assert before.values is not None
    np.testing.assert_array_equal(before.doubts, before.uncertainties)
    bandit.await_outcomes(X[200:], TAKEN[200:], OWN[200:])
    after = bandit.choose(X[rows], ALL[rows], FITS[rows])
    np.testing.assert_array_equal(after.values, before.values)
    np.testing.assert_array_equal(after.uncertainties, before.uncertainties)
    assert after.doubts is not None
    assert (after.doubts < before.doubts).all()
    assert after.probabilities.max(axis=1).mean() > before.probabilities.max(axis=1).mean()
    bandit.forget_awaited()
    again = bandit.choose(X[rows], ALL[rows], FITS[rows])
    np.testing.assert_array_equal(again.probabilities, before.probabilities)


@pytest.mark.parametrize("reward", [0.0, 100.0])
def test_the_doubt_is_what_it_will_be_whatever_the_outcomes_are(reward: float) -> None:
    waiting, knowing, later = fresh(), fresh(), slice(200, 300)
    waiting.await_outcomes(X[later], TAKEN[later], OWN[later])
    scales = knowing.acts.scales
    inputs = knowing.basis.with_dyads(knowing.basis.inputs(X[later]), OWN[later])
    knowing.acts.take(inputs, TAKEN[later], np.full(100, reward / 100))
    assert knowing.acts.scales is scales
    ahead = waiting.parts(X[:40], FITS[:40], is_ahead=True)
    known = knowing.parts(X[:40], FITS[:40])
    np.testing.assert_allclose(ahead[0][1], known[0][1], rtol=1e-3)
    # What an answer is worth is surer too, by as many answers as are expected.
    assert (ahead[1][1] < known[1][1]).all()


def test_a_batch_asks_less_than_one_contact_at_a_time() -> None:
    bandit = fresh(0)
    alone = bandit.choose(X, ALL, FITS)
    bandit.expect(X, ALL, FITS)
    together = bandit.choose(X, ALL, FITS)
    assert together.doubts is not None
    assert alone.doubts is not None
    assert together.doubts.mean() < 0.8 * alone.doubts.mean()
    np.testing.assert_array_equal(together.uncertainties, alone.uncertainties)
    np.testing.assert_allclose(together.probabilities.sum(axis=1), 1)
    assert (together.probabilities > 0).all()


def test_how_many_others_there_are_decides_and_not_their_order() -> None:
    bandit, back = fresh(0), np.arange(400)[::-1]
    bandit.expect(X, ALL, FITS)
    there = bandit.choose(X[:20], ALL[:20], FITS[:20]).probabilities
    bandit.expect(X[back], ALL[back], FITS[back])
    np.testing.assert_allclose(bandit.choose(X[:20], ALL[:20], FITS[:20]).probabilities, there, atol=1e-6)


def test_a_sample_of_a_batch_stands_for_all_of_it() -> None:
    bandit, some = fresh(0), slice(0, 400, 4)

    def doubt() -> Floats:
        found = bandit.choose(X[:3], ALL[:3], FITS[:3]).doubts
        assert found is not None
        return found

    alone = doubt()
    bandit.expect(X, ALL, FITS)
    whole = doubt()
    bandit.expect(X[some], ALL[some], FITS[some], total=400)
    np.testing.assert_allclose(doubt(), whole, rtol=0.15)
    bandit.expect(X[some], ALL[some], FITS[some])
    assert (doubt() > 1.2 * whole).all()
    bandit.expect(X[:3], ALL[:3], FITS[:3], total=400)
    assert (doubt() < 0.8 * alone).all()


def test_a_handful_is_decided_on_as_if_alone_and_outcomes_end_a_batch() -> None:
    bandit = fresh()
    alone = bandit.choose(X[:5], ALL[:5], FITS[:5]).probabilities
    bandit.expect(X, ALL, FITS)
    assert (bandit.choose(X[:5], ALL[:5], FITS[:5]).probabilities != alone).any()
    bandit.expect(X[:FEW_ROWS], ALL[:FEW_ROWS], FITS[:FEW_ROWS])
    np.testing.assert_array_equal(bandit.choose(X[:5], ALL[:5], FITS[:5]).probabilities, alone)
    bandit.expect(X, ALL, FITS)
    bandit.learn(X[60:61], TAKEN[60:61], REWARDS[60:61], dyads=OWN[60:61])
    after = bandit.choose(X[:5], ALL[:5], FITS[:5])
    np.testing.assert_array_equal(after.doubts, after.uncertainties)


def test_what_is_awaited_is_kept_named_and_merged() -> None:
    one, other = fresh(), fresh()
    name = one.version
    one.await_outcomes(X[200:250], TAKEN[200:250], OWN[200:250])
    assert one.version != name
    back = load(*dump(one))
    assert back.version == one.version
    np.testing.assert_allclose(
        back.choose(X[:9], ALL[:9], FITS[:9]).probabilities,
        one.choose(X[:9], ALL[:9], FITS[:9]).probabilities,
    )
    other.await_outcomes(X[250:300], TAKEN[250:300], OWN[250:300])
    one.merge(other)
    assert one.awaited is not None
    assert one.awaited.counts.sum() == pytest.approx(100)
    third = fresh()
    third.merge(other)
    third.await_outcomes(X[300:310], TAKEN[300:310], OWN[300:310])
    assert other.awaited is not None
    assert other.awaited.counts.sum() == pytest.approx(50)
    other.extend(["new"], np.eye(K + 1)[:, :2])
    assert other.awaited is not None
    assert other.awaited.counts.tolist()[-1] == 0
    doubts = other.choose(X[:3], np.ones((3, K + 1), dtype=bool), np.zeros((3, K + 1, M))).doubts
    assert doubts is not None
    assert np.isfinite(doubts).all()

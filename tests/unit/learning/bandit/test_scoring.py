from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.bandit import Bandit, Settings
from learning.bandit.basis import Basis
from learning.bandit.scoring import factors, variances

Floats = NDArray[np.float64]


def taught(dyads: int, patterns: int = 40) -> tuple[Bandit, Floats, Floats | None]:
    """A learner of 4 arms and 6 features after 600 outcomes in cents, with new contacts to score."""
    rng = np.random.default_rng(dyads)
    bandit = Bandit(list("abcd"), 6, dyads=dyads, patterns=patterns, settings=Settings(prior_worth=5_000.0))
    arms = rng.integers(0, 4, 600)
    rewards = np.where(rng.random(600) < 0.1 + 0.1 * arms, rng.lognormal(8, 1, 600), 0.0)
    bandit.learn(rng.normal(size=(600, 6)), arms, rewards, dyads=_numbers(rng, (600, dyads)))
    return bandit, rng.normal(size=(900, 6)), _numbers(rng, (900, 4, dyads))


def _numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats | None:
    return rng.normal(size=shape) if shape[-1] else None


@pytest.mark.parametrize("dyads", [0, 2])
@pytest.mark.parametrize("patterns", [0, 40])
def test_a_score_is_the_value_in_single_precision(dyads: int, patterns: int) -> None:
    bandit, contacts, fits = taught(dyads, patterns)
    values, _ = bandit.values(contacts, fits)
    assert np.abs(bandit.score(contacts, fits) - values).max() < 1e-5 * np.abs(values).max()


@pytest.mark.parametrize("dyads", [0, 2])
def test_doubt_about_many_contacts_is_that_about_each_alone(dyads: int) -> None:
    bandit, contacts, fits = taught(dyads)
    _, together = bandit.values(contacts, fits)
    for i in (0, 450, 899):
        _, alone = bandit.values(contacts[i : i + 1], None if fits is None else fits[i : i + 1])
        assert together[i] == pytest.approx(alone[0], rel=1e-3)


def test_variances_are_the_quadratic_forms_block_after_block() -> None:
    rng = np.random.default_rng(2)
    basis = Basis(features=3, dyads=0, patterns=0)
    inputs, roots = rng.normal(size=(5000, 150)), rng.normal(size=(3, 150, 150)) / 12
    covariances = roots @ roots.transpose(0, 2, 1)
    found = variances(inputs, None, factors(covariances), basis.dyad_columns)
    for k in range(3):
        assert found[:, k] == pytest.approx((inputs @ covariances[k] * inputs).sum(axis=1), rel=1e-4)


def test_a_covariance_that_rounding_made_indefinite_still_gives_variances() -> None:
    direction = np.array([[1.0, 2.0, 2.0]]) / 3
    covariance = 4 * direction.T @ direction - 1e-15 * np.eye(3)
    inputs = np.array([[3.0, 6.0, 6.0], [2.0, -1.0, 0.0]])
    found = variances(inputs, None, factors(covariance[None]), slice(1, 1))
    assert found[:, 0] == pytest.approx([324.0, 0.0], abs=1e-4)


def test_a_large_audience_is_scored_in_pieces_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    bandit, contacts, fits = taught(dyads=2)
    whole, doubt = bandit.values(contacts, fits)
    monkeypatch.setattr("learning.bandit.scoring.BLOCK_FLOATS", 250 * bandit.basis.width)
    values, spreads = bandit.values(contacts, fits)
    assert values == pytest.approx(whole, rel=1e-9)
    assert spreads == pytest.approx(doubt, rel=1e-4)

from __future__ import annotations

import numpy as np
import pytest

from learning.bandit.basis import Basis
from learning.bandit.bends import (
    CACHED_FLOATS,
    INDEPENDENT,
    KINDS,
    ORTHOGONAL,
    PAIRS,
    WAVE_SCALE,
    Waves,
    bends,
    cosines,
    pairs_of,
)


@pytest.mark.parametrize("width", [1, 7, 256, CACHED_FLOATS + 1])
def test_cosines_are_those_of_numpy_whatever_the_shape(width: int) -> None:
    x = np.random.default_rng(width).uniform(-90, 90, (70, width))
    np.testing.assert_allclose(cosines(x), np.cos(x), atol=1e-13, rtol=0)


def test_cosines_at_whole_and_half_turns() -> None:
    x = np.array([[0.0, np.pi, -np.pi, 2 * np.pi, np.pi / 2, 31 * np.pi]])
    np.testing.assert_allclose(cosines(x), [[1, -1, -1, 1, 0, -1]], atol=1e-13)
    assert cosines(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_of_many_are_those_of_each(kind: str) -> None:
    basis = Basis(features=5, dyads=2, patterns=15, kind=kind)
    x = np.random.default_rng(1).normal(size=(40, 5))
    np.testing.assert_allclose(basis.inputs(x, cosines), basis.inputs(x), atol=1e-14)
    assert (basis.inputs(x, cosines)[:, basis.dyad_columns] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_patterns_has_length_about_one(kind: str) -> None:
    x = np.random.default_rng(2).normal(size=(500, 20))
    rows = bends(kind, 20, 210, seed=0).patterns(x / np.sqrt(20))
    assert np.sqrt((rows**2).sum(axis=1).mean()) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_is_the_same_patterns(kind: str) -> None:
    x = np.random.default_rng(3).normal(size=(50, 6)) / np.sqrt(6)
    of = bends(kind, 6, 21, seed=0)
    np.testing.assert_allclose(of.singles(x.astype(np.float32)), of.patterns(x), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_features_add_up_and_are_the_way_integrated(kind: str) -> None:
    rng = np.random.default_rng(4)
    of, weights = bends(kind, 6, 21, seed=0), rng.normal(size=21)
    begin, step = rng.normal(size=6) / 2, rng.normal(size=6) / 2
    shares = of.shares(begin, step, weights)
    ends = of.patterns(np.stack([begin, begin + step])) @ weights
    assert shares.sum() == pytest.approx(ends[1] - ends[0], abs=1e-12)
    # The way in 2,000 pieces, each feature's slope at the middle of a piece by central differences.
    middles = begin + (np.arange(2000)[:, None] + 0.5) / 2000 * step
    for j in range(6):
        nudge = np.eye(6)[j] * 1e-5
        slopes = (of.patterns(middles + nudge) - of.patterns(middles - nudge)) @ weights / 2e-5
        assert shares[j] == pytest.approx(slopes.mean() * step[j], abs=1e-6)


def test_pairs_are_products_of_every_two_features() -> None:
    of = bends(PAIRS, 3, 6, seed=0)
    x = np.array([[2.0, 3.0, -1.0]]) / np.sqrt(3)
    np.testing.assert_allclose(of.patterns(x) * np.sqrt(6), [[4, 6, -2, 9, -3, 1]])


def test_in_a_pair_an_odd_feature_counts_to_a_bound_and_its_shares_still_add_up() -> None:
    of, weights = bends(PAIRS, 3, 6, seed=0), np.arange(1.0, 7.0)
    odd, bound = np.array([[1e6, 1.0, -1e6]]) / np.sqrt(3), np.array([[4.0, 1.0, -4.0]]) / np.sqrt(3)
    np.testing.assert_allclose(of.patterns(odd), of.patterns(bound))
    shares = of.shares(np.zeros(3), odd[0], weights)
    assert shares.sum() == pytest.approx(float(of.patterns(odd)[0] @ weights))


def test_waves_go_at_right_angles_in_groups() -> None:
    of = bends(ORTHOGONAL, 6, 24, seed=0)
    assert isinstance(of, Waves)
    for group in (of.directions[:, :6], of.directions[:, 6:12]):
        angles = group.T @ group
        np.testing.assert_allclose(angles - np.diag(np.diag(angles)), 0, atol=1e-12)
    np.testing.assert_allclose(of.directions[:, :12], of.directions[:, 12:])


def test_waves_know_how_near_two_contacts_are_better_at_right_angles() -> None:
    """The inner product of two rows of patterns stands for a Gaussian kernel; it is off by less."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 20)) / np.sqrt(20)
    far = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    kernel = np.exp(-(WAVE_SCALE**2) / 2 * far)

    def off(kind: str) -> float:
        rows = [bends(kind, 20, 80, seed).patterns(x) for seed in range(10)]
        return float(np.mean([((r @ r.T - kernel) ** 2).mean() for r in rows]))

    assert off(ORTHOGONAL) < 0.75 * off(INDEPENDENT)


def test_where_there_is_room_all_pairs_are_patterns_and_waves_elsewhere() -> None:
    few, many, wide = Basis.of(4, 20, 0), Basis.of(4, 40, 0), Basis.of(100, 20, 0)
    assert (few.kind, few.patterns) == (PAIRS, pairs_of(20))
    assert (many.kind, many.patterns) == (ORTHOGONAL, 256)
    assert (wide.kind, wide.patterns) == (ORTHOGONAL, 79)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="not known"):
        bends("splines", 3, 6, seed=0)
    with pytest.raises(ValueError, match="6 pairs, not 7"):
        bends(PAIRS, 3, 7, seed=0)

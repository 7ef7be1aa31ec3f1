from __future__ import annotations

import numpy as np
import pytest

from learning.bandit.basis import CACHED_FLOATS, Basis, cosines


@pytest.mark.parametrize("width", [1, 7, 256, CACHED_FLOATS + 1])
def test_cosines_are_those_of_numpy_whatever_the_shape(width: int) -> None:
    x = np.random.default_rng(width).uniform(-90, 90, (70, width))
    np.testing.assert_allclose(cosines(x), np.cos(x), atol=1e-13, rtol=0)


def test_cosines_at_whole_and_half_turns() -> None:
    x = np.array([[0.0, np.pi, -np.pi, 2 * np.pi, np.pi / 2, 31 * np.pi]])
    np.testing.assert_allclose(cosines(x), [[1, -1, -1, 1, 0, -1]], atol=1e-13)
    assert cosines(np.zeros((0, 4))).shape == (0, 4)


def test_inputs_of_many_are_those_of_each() -> None:
    basis, x = Basis(features=5, dyads=2, patterns=30), np.random.default_rng(1).normal(size=(40, 5))
    np.testing.assert_allclose(basis.inputs(x, cosines), basis.inputs(x), atol=1e-14)
    assert (basis.inputs(x, cosines)[:, basis.dyad_columns] == 0).all()

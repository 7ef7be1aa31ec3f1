"""Inverses of symmetric positive definite matrices are those of any matrix, and of no other use is made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.bandit.positive import inverse


@given(seed=st.integers(0, 10_000), many=st.integers(1, 4), width=st.integers(1, 30), rows=st.integers(0, 40))
def test_it_is_the_inverse_and_symmetric_to_the_last_bit(seed: int, many: int, width: int, rows: int) -> None:
    F = np.random.default_rng(seed).normal(size=(many, rows, width))
    A = F.transpose(0, 2, 1) @ F + 0.1 * np.eye(width)
    found = inverse(A)
    np.testing.assert_allclose(found, np.linalg.inv(A), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found, found.transpose(0, 2, 1))


def test_what_rounding_left_short_of_positive_definite_is_inverted_all_the_same() -> None:
    almost = np.array([[[1.0, 2.0], [2.0, 1.0]], [[2.0, 0.0], [0.0, 4.0]]])
    np.testing.assert_allclose(inverse(almost), np.linalg.inv(almost))


def test_what_has_no_inverse_says_so() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        inverse(np.zeros((1, 2, 2)))

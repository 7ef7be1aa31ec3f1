from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from learning.explorer import Explorer, draw


@st.composite
def audiences(drawn: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n, k = drawn(st.integers(1, 12)), drawn(st.integers(1, 9))
    allowed = drawn(hnp.arrays(bool, (n, k)))
    allowed[:, -1] = True
    affinity = drawn(hnp.arrays(float, (n, k), elements=st.floats(0, 1)))
    return allowed, affinity


@given(audiences(), st.floats(0, 1), st.integers(0, 2**32))
def test_every_row_is_a_distribution_over_allowed_actions(
    audience: tuple[np.ndarray, np.ndarray], silence: float, seed: int
) -> None:
    allowed, affinity = audience
    choice = Explorer(silence).choose(np.zeros((len(allowed), 2)), allowed, affinity, seed)
    assert np.allclose(choice.probabilities.sum(axis=1), 1)
    assert (choice.probabilities[~allowed] == 0).all()
    rows = np.arange(len(allowed))
    assert allowed[rows, choice.actions].all()
    assert (choice.propensities == choice.probabilities[rows, choice.actions]).all()
    assert (choice.propensities > 0).all()


def test_logged_probabilities_are_the_frequencies_of_the_draw() -> None:
    allowed = np.tile([True, True, False, True, True], (40_000, 1))
    affinity = np.tile([0.0, 1.0, 1.0, 0.4, 0.0], (40_000, 1))
    choice = Explorer(0.2).choose(np.zeros((40_000, 1)), allowed, affinity, seed=7)
    shares = np.bincount(choice.actions, minlength=5) / 40_000
    # Five standard errors of a share at n = 40,000 are at most 0.0125.
    assert np.abs(shares - choice.probabilities[0]).max() < 0.0125


def test_a_fitting_topic_is_drawn_more_often_but_nothing_allowed_is_ruled_out() -> None:
    probabilities = Explorer(0.1).probabilities(np.array([[True, True, True]]), np.array([[1.0, 0.0, 0.0]]))[
        0
    ]
    assert probabilities[0] > 5 * probabilities[1] > 0


def test_the_seed_reproduces_the_draw() -> None:
    probabilities = np.full((500, 4), 0.25)
    assert (draw(probabilities, 3) == draw(probabilities, 3)).all()
    assert (draw(probabilities, 3) != draw(probabilities, 4)).any()


def test_a_contact_with_nothing_to_send_stays_silent_for_certain() -> None:
    choice = Explorer(0.1).choose(np.zeros((1, 1)), np.array([[False, False, True]]), np.zeros((1, 3)), 1)
    assert choice.actions[0] == 2
    assert choice.propensities[0] == 1.0


def test_silence_must_be_allowed() -> None:
    with pytest.raises(ValueError, match="silence"):
        Explorer().choose(np.zeros((1, 1)), np.array([[True, False]]), np.zeros((1, 2)), 1)

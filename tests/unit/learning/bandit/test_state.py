"""A learner's file is checked before a learner is made of it: what cannot be is named in one clear line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from learning.bandit import Bandit, dump, load

ROWS = np.random.default_rng(3).normal(size=(12, 2)) / 2


@pytest.fixture
def bandit() -> Bandit:
    made = Bandit(["guide", "silence"], 2, dyads=1, tilt=np.zeros(1), apart=[1], patterns=0)
    made.learn(ROWS, np.arange(12) % 2, np.arange(12.0) % 3, dyads=np.zeros((12, 1)))
    return made


@pytest.mark.parametrize(
    ("name", "told", "says"),
    [
        ("outcomes", -5, "its `outcomes` are -5, which is no whole number of 0 or more"),
        ("next_fit", 2.5, "its `next_fit` are 2.5, which is no whole number"),
        ("patterns", -1, "its `patterns` are -1, which is no whole number"),
        ("features", "2", "its `features` are '2', which is no whole number"),
        ("features", 3, r"its acts.grams are 2×10 numbers, where 2 actions and 5 inputs take 2×15"),
        ("actions", ["guide", "guide"], "its 2 actions are none, or one is named twice"),
        ("actions", "guide", "its `actions` are no list of names"),
    ],
)
def test_a_header_that_cannot_be_is_refused(bandit: Bandit, name: str, told: Any, says: str) -> None:
    meta, arrays = dump(bandit)
    with pytest.raises(ValueError, match=says):
        load({**meta, name: told}, arrays)


@pytest.mark.parametrize(
    ("name", "made", "says"),
    [
        ("acts.counts", lambda told: -told, "its acts.counts hold -[0-9.]+, and nothing is counted below 0"),
        ("worth.squares", lambda told: told - 1e6, "its worth.squares hold .* nothing is counted below 0"),
        ("loss.scatters", lambda told: told * np.nan, "its loss.scatters hold a number that is not finite"),
        ("watch.told", lambda told: told - 1, "its watch.told hold -1, and nothing is counted below 0"),
        (
            "acts.moments",
            lambda told: told[:, :2],
            "its acts.moments are 2×2 numbers, where 2 actions and 4 inputs",
        ),
        ("watch.sums", lambda told: told[:, :1], "its watch.sums are 2×1 numbers, where .* take 2×3"),
        ("tilt", lambda _: np.zeros(4), "its tilt are 4 numbers, where .* take 1"),
        ("costs", lambda _: np.array(["a", "b"]), "its costs are no numbers"),
    ],
)
def test_an_array_that_cannot_be_is_refused(bandit: Bandit, name: str, made: Any, says: str) -> None:
    meta, arrays = dump(bandit)
    with pytest.raises(ValueError, match=says):
        load(meta, {**arrays, name: made(arrays[name])})


def test_a_scale_that_cannot_be_is_refused(bandit: Bandit) -> None:
    meta, arrays = dump(bandit)
    acts = {**meta["scales"]["acts"], "own": [1.0, -1.0, 1.0, 1.0]}
    with pytest.raises(
        ValueError, match=re.escape("its scales of acts: `own` are not 4 numbers of 0 or more")
    ):
        load({**meta, "scales": {**meta["scales"], "acts": acts}}, arrays)


def test_a_rounding_below_zero_is_no_mistake(bandit: Bandit) -> None:
    """An outcome that was corrected was taken out again."""
    meta, arrays = dump(bandit)
    nearly = arrays["loss.squares"] - 1e-12
    again = load(meta, {**arrays, "loss.squares": nearly})
    np.testing.assert_array_equal(again.loss.sums.squares, nearly)

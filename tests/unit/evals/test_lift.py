from __future__ import annotations

import numpy as np
import pytest

from evals.lift import SCENARIOS, looks
from learning.lift import compare, lift


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_simulation_looks_at_what_the_product_says(scenario: object) -> None:
    chosen = next(one for one in SCENARIOS if one is scenario)
    rng = np.random.default_rng(1)
    arm = rng.random(2_000) < chosen.treated_share
    y = chosen.draw(rng, arm)
    at = np.array([300, 1_200, 2_000])
    estimate, spread, is_open = looks(y, arm, at)
    for row, size in enumerate(at.tolist()):
        found = compare(y[:size], arm[:size])
        assert estimate[row] == pytest.approx(found.estimate)
        assert spread[row] == pytest.approx(found.spread)
        assert is_open[row] == (lift(y[:size], arm[:size]).reason != "too_few")

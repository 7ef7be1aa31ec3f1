"""Two choosers ran side by side in the Open Bandit data: each log is asked about the other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evals.replay.crossing import cross
from evals.replay.open_bandit import log_of, pair

SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")
LOGS = SHARED / "open_bandit"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not LOGS.is_dir(), reason=f"the Open Bandit logs are not at {LOGS}"),
]


def test_each_log_keeps_the_logged_propensity_of_the_item_shown() -> None:
    shown = pair(LOGS, "men")["bts"]
    log = log_of(shown)
    assert log.propensities == pytest.approx(shown.propensities)
    assert log.probabilities.sum(axis=1) == pytest.approx(1)


def test_the_other_choosers_own_mean_lies_within_and_draws_too_rare_to_be_true_are_refused() -> None:
    crossings = cross(LOGS, samples=2, seed=1)
    assert [one.truth in one.found.candidate.interval for one in crossings] == [True] * 4
    lacks = {(one.campaign, one.direction): one.thin.lack.value for one in crossings if one.thin}
    assert lacks[("women", "bts -> random")] == "propensities"
    assert ("women", "random -> bts") not in lacks

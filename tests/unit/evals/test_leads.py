from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lightgbm", reason="the evals' peers and plots are not installed: make evals-setup")

from evals.leads.controls import snapshots
from evals.leads.funnel import ROOT, day, olist
from evals.leads.scores import score


@pytest.mark.shared_data
@pytest.mark.skipif(not ROOT.is_dir(), reason=f"no evaluation data at {ROOT}")
def test_the_funnel_knows_an_outcome_only_when_its_window_has_closed() -> None:
    table, outcomes = olist(60)
    assert len(table) == 8_000
    settled = table.known_at <= day("2018-04-01")
    assert table.at[settled].max() == day("2018-01-31")
    assert (int(settled.sum()), int(outcomes[settled].sum())) == (3_143, 127)


def test_a_perfect_ranking_has_an_area_of_one_and_honest_coins_no_calibration_error() -> None:
    outcomes = np.tile([0.0, 1.0], 500)
    assert score(outcomes, outcomes).auc == 1
    assert score(np.full(1_000, 0.5), outcomes).debiased == 0


def test_a_snapshot_world_without_signal_has_none() -> None:
    table, outcomes = snapshots(np.random.default_rng(0), 0.0, accounts=2_000, weeks=6)
    correlations = [np.corrcoef(column, outcomes)[0, 1] for column in table.numbers.T]
    assert np.abs(correlations).max() < 0.05

from __future__ import annotations

import numpy as np
import pytest

from domain.campaign import Outcome
from learning.cohort import cohort_of
from learning.signs import LADDER, SIGNALS
from tests.unit.learning.signs_made import day, deal, joined, signs

REPLY, SQL, WON = (LADDER.index(stage) for stage in (Outcome.REPLY, Outcome.SQL, Outcome.WON))


def test_only_what_came_in_the_window_was_reached() -> None:
    seen = signs((0, -1, "sql"), (1, 3, "sql"), (2, 31, "sql"))
    assert cohort_of(seen, day([0] * 3), 30).reached[:, SQL].tolist() == [False, True, False]


def test_a_standing_held_before_is_not_reached_again_but_an_act_is_done_again() -> None:
    seen = signs((0, -9, "sql"), (0, 2, "sql"), (0, -5, "reply"), (0, 4, "reply"))
    found = cohort_of(seen, day([0]), 30)
    assert not found.reached[0, SQL]
    assert found.reached[0, REPLY]
    assert found.level_before[0] == 1 + SQL


def test_revenue_is_the_contact_s_part_of_deals_won_in_the_window() -> None:
    seen = deal([(0, 5, "won", 0.5, 1_000.0), (0, 9, "won", 1.0, 300.0), (0, 40, "won", 1.0, 9_000.0)])
    found = cohort_of(seen, day([0]), 30)
    assert found.revenue_cents == pytest.approx([800])
    assert found.reached[0, WON]


def test_covariates_know_nothing_of_what_came_after_the_start() -> None:
    before = signs((0, -3, "page_viewed"), (0, -100, "page_viewed"))
    after = signs((0, 0.01, "page_viewed"), (0, 5, "sql"))
    clean = cohort_of(before, day([0]), 30).covariates
    assert (cohort_of(joined(before, after), day([0]), 30).covariates == clean).all()
    assert clean[0, 1] == pytest.approx(np.log(2))
    assert clean.shape == (1, len(SIGNALS) + 1)

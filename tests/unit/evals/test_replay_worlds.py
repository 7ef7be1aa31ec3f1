"""The synthetic logs' truth is the truth, and hits are counted as they fall."""

from __future__ import annotations

import numpy as np
import pytest

from evals.replay.coverage import Covered, Hits, cover, together, worlds
from evals.replay.worlds import World, draw_log, pool_of
from learning.replay.evidence import evidence_of
from learning.replay.interval import Interval
from learning.replay.ips import ips

WORLD = World("good", 0.07, 0.0, decisions=3_000, repeats=3)
POOL = pool_of(WORLD, 1)


def test_the_logged_rate_is_the_worlds() -> None:
    assert POOL.on_log == pytest.approx(0.07 * POOL.worth, rel=1e-6)


def test_the_truth_is_what_ips_finds_on_average_over_logs() -> None:
    values = [ips(evidence_of(*draw_log(POOL, seed))).value for seed in range(40)]
    assert abs(np.mean(values) - POOL.truth) < 3 * np.std(values) / 40**0.5


def test_a_heavy_tail_leaves_the_truth_where_it_was() -> None:
    heavy = pool_of(World("good", 0.07, 1.5, decisions=3_000), 1)
    assert heavy.truth == pytest.approx(POOL.truth)


def test_contacts_repeat_as_often_as_the_world_says() -> None:
    log, _ = draw_log(POOL, 1)
    assert len(np.unique(log.contact_ids)) == 1_000


def test_a_thin_world_has_less_overlap_than_a_good_one() -> None:
    thin = pool_of(World("thin", 0.07, 0.0), 1)
    square = {
        pool.world.overlap: (pool.candidate**2 / pool.logged).sum(axis=1).mean() for pool in (POOL, thin)
    }
    assert square["thin"] > 2 * square["good"]


def test_hits_count_what_lies_within_and_what_lies_above() -> None:
    hits = Hits()
    for low, high in ((0, 2), (2, 3), (-1, 0)):
        hits.take(Interval(low, high, 0.95, "any"), truth=1)
    assert (hits.within, hits.above, hits.of) == (1, 1, 3)
    least, most = hits.bounds
    assert least < hits.share < most


def test_a_world_told_twice_is_told_the_same() -> None:
    small = World("good", 0.07, 0.0, decisions=600)
    once, again = cover(small, 3, 5), cover(small, 3, 5)
    assert once.errors == again.errors
    assert together([once], "whole", "candidate").of == 3


def test_every_mix_of_overlap_rate_and_tail_is_a_world() -> None:
    assert len(set(worlds(4_000))) == 18


def test_nothing_answered_is_no_coverage() -> None:
    assert np.isnan(together([Covered(WORLD, 1.0, 1.0)], "answered", "candidate").share)

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from learning.likelihood.skill import LEAST_OUTCOMES, area, chance, judge_skill, outcomes_needed
from learning.likelihood.table import Floats


def binormal(rng: np.random.Generator, positives: int, negatives: int, auc: float) -> tuple[Floats, Floats]:
    outcomes = np.repeat([1.0, 0.0], [positives, negatives])
    return rng.normal(size=len(outcomes)) + outcomes * np.sqrt(2) * norm.ppf(auc), outcomes


def pairwise(scores: Floats, outcomes: Floats) -> tuple[float, float]:
    """AUC and DeLong's variance from their definitions, every pair compared."""
    won, lost = scores[outcomes == 1], scores[outcomes == 0]
    psi = (won[:, None] > lost[None, :]) + 0.5 * (won[:, None] == lost[None, :])
    v10, v01 = psi.mean(axis=1), psi.mean(axis=0)
    return float(psi.mean()), float(v10.var(ddof=1) / len(won) + v01.var(ddof=1) / len(lost))


def test_the_area_and_its_interval_are_delongs() -> None:
    rng = np.random.default_rng(3)
    scores, outcomes = binormal(rng, 30, 50, 0.7)
    scores = scores.round(1)  # ties
    value, variance = pairwise(scores, outcomes)
    found = area(scores, outcomes)
    assert found is not None
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.high - found.value == pytest.approx(1.959963985 * np.sqrt(variance), abs=1e-8)


def test_the_interval_covers_the_true_area_at_its_level() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(300):
        found = area(*binormal(rng, 40, 120, 0.65))
        assert found is not None
        covered += found.low <= 0.65 <= found.high
    assert 0.915 <= covered / 300 <= 0.98  # 95 % plus and minus three standard errors


def test_seeing_one_entity_many_times_makes_nothing_surer() -> None:
    scores, outcomes = binormal(np.random.default_rng(5), 60, 60, 0.7)
    who = np.arange(120).astype(np.str_)
    once = area(scores, outcomes, who)
    often = area(np.repeat(scores, 9), np.repeat(outcomes, 9), np.repeat(who, 9))
    assert once is not None
    assert often is not None
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.01)


def test_a_changed_base_rate_is_no_skill() -> None:
    rng = np.random.default_rng(6)
    blocks = np.repeat([0, 1], 2_000)
    outcomes = (rng.random(4_000) < np.where(blocks == 1, 0.4, 0.05)).astype(float)
    scores = blocks + 1e-3 * rng.normal(size=4_000)
    pooled, within = area(scores, outcomes), area(scores, outcomes, None, blocks)
    assert pooled is not None
    assert pooled.low > 0.6
    assert within is not None
    assert within.low < 0.5 < within.high


def test_the_permutation_check_rejects_chance_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    who, blocks = np.arange(80).astype(np.str_), np.repeat([0, 1], 40)
    p = [
        chance(rng.normal(size=80), (rng.random(80) < 0.3).astype(float), who, blocks, seed, rounds=99)
        for seed in range(150)
    ]
    assert 0.01 <= np.mean(np.array(p) <= 0.1) <= 0.18


def test_so_many_outcomes_as_the_power_gate_names_show_the_skill_four_times_in_five() -> None:
    rng = np.random.default_rng(8)
    needed = outcomes_needed(0.2, 0.6)
    shown = 0
    for _ in range(200):
        found = area(*binormal(rng, needed, 4 * needed, 0.6))
        assert found is not None
        shown += found.low > 0.5
    assert 0.70 <= shown / 200 <= 0.90


def test_too_few_outcomes_say_how_many_more_and_no_area() -> None:
    scores, outcomes = binormal(np.random.default_rng(9), LEAST_OUTCOMES - 1, 200, 0.9)
    who, blocks = np.arange(len(scores)).astype(np.str_), np.zeros(len(scores), dtype=np.int64)
    skill = judge_skill(scores, outcomes, who, blocks, 0, known=12)
    assert not skill.has_skill
    assert skill.auc is None
    assert skill.more_outcomes is not None
    assert skill.more_outcomes > 20


def test_one_entity_that_came_true_every_week_is_one_outcome() -> None:
    rng = np.random.default_rng(10)
    who = np.repeat(np.arange(50), 20).astype(np.str_)
    outcomes = np.isin(who, ["1", "2", "3"]).astype(float)
    skill = judge_skill(
        outcomes + rng.normal(size=1_000), outcomes, who, np.zeros(1_000, dtype=np.int64), 0, known=3
    )
    assert not skill.has_skill
    assert skill.auc is None

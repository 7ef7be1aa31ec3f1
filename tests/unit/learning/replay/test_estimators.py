"""Estimators against truths that can be counted out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.replay.direct import direct
from learning.replay.doubly_robust import doubly_robust, doubly_robust_difference
from learning.replay.estimate import Estimate
from learning.replay.evidence import Array, Evidence, evidence_of
from learning.replay.ips import ips
from learning.replay.reward_model import cross_fit
from learning.replay.shrinkage import shrunk, shrunk_at
from learning.replay.slope import grid_of, slope
from learning.replay.snips import snips
from learning.replay.switch import switch, switch_at
from tests.unit.learning.replay.logs import (
    CANDIDATE,
    LOGGED,
    TRUTH,
    WORTH,
    all_on,
    every_draw,
    evidence,
    log_of,
)

WRONG = np.array([[5.0, 400.0, -7.0], [90.0, 3.0, 33.0]])


def test_ips_is_right_on_average_over_every_draw_that_could_have_come() -> None:
    assert sum(p * ips(evidence(drawn)).value for p, drawn in every_draw()) == pytest.approx(TRUTH)


def test_the_weights_average_one_over_every_draw_that_could_have_come() -> None:
    assert sum(p * evidence(drawn).weights.mean() for p, drawn in every_draw()) == pytest.approx(1)


def test_a_candidate_equal_to_the_log_has_weight_one_everywhere() -> None:
    same = evidence(np.array([0, 2]), candidate=LOGGED)
    assert same.weights == pytest.approx([1, 1])
    assert ips(same).value == pytest.approx(same.rewards.mean())


def test_dr_is_right_with_a_wrong_model_and_right_propensities() -> None:
    average = sum(p * doubly_robust(evidence(drawn), WRONG).value for p, drawn in every_draw())
    assert average == pytest.approx(TRUTH)
    assert direct(evidence(np.array([0, 0])), WRONG).value != pytest.approx(TRUTH, rel=0.1)


def test_dr_is_right_with_wrong_propensities_and_a_right_model() -> None:
    believed = np.array([[0.2, 0.4, 0.4], [0.6, 0.3, 0.1]])
    for _, drawn in every_draw():
        assert doubly_robust(evidence(drawn, logged=believed), WORTH).value == pytest.approx(TRUTH)
    average = sum(p * ips(evidence(drawn, logged=believed)).value for p, drawn in every_draw())
    assert average != pytest.approx(TRUTH, rel=0.1)


def test_dr_of_a_difference_is_right_on_average_and_zero_term_by_term_for_the_log_itself() -> None:
    earned = float((LOGGED * WORTH).sum(axis=1).mean())
    average = sum(p * doubly_robust_difference(evidence(d), LOGGED, WRONG).value for p, d in every_draw())
    assert average == pytest.approx(TRUTH - earned)
    same = doubly_robust_difference(evidence(np.array([1, 1]), candidate=LOGGED), LOGGED, WRONG)
    assert same.terms == pytest.approx([0, 0], abs=1e-12)


def test_snips_moves_by_exactly_what_every_reward_moves_by() -> None:
    seen = evidence_of(log_of(), all_on(log_of(), 0))
    higher = replace(seen, rewards=seen.rewards + 1_000)
    assert snips(higher).value - snips(seen).value == pytest.approx(1_000)
    assert ips(higher).value - ips(seen).value != pytest.approx(1_000, rel=1e-3)


def test_the_terms_of_snips_average_to_its_value() -> None:
    estimate = snips(evidence_of(log_of(), all_on(log_of(), 1)))
    assert estimate.terms.mean() == pytest.approx(estimate.value)


def test_switch_without_a_cut_is_dr_and_cut_everywhere_is_the_direct_method() -> None:
    seen = evidence(np.array([2, 0]))
    assert switch_at(seen, WRONG, np.inf).value == pytest.approx(doubly_robust(seen, WRONG).value)
    assert switch_at(seen, WRONG, 0).value == pytest.approx(direct(seen, WRONG).value)


def test_shrinkage_runs_from_the_direct_method_to_dr() -> None:
    seen = evidence(np.array([2, 0]))
    assert shrunk_at(seen, WRONG, 1e12).value == pytest.approx(doubly_robust(seen, WRONG).value)
    assert shrunk_at(seen, WRONG, 1e-12).value == pytest.approx(direct(seen, WRONG).value)


def test_shrunken_weights_are_those_of_the_paper() -> None:
    seen = evidence(np.array([2, 0]))
    lam, w = 4.0, seen.weights
    expected = (lam * w / (w**2 + lam) * seen.rewards).mean()
    assert shrunk_at(seen, np.zeros((2, 3)), lam).value == pytest.approx(expected)


def test_slope_takes_the_last_estimate_that_agrees_with_all_before() -> None:
    clusters = np.arange(100)
    noise = np.tile([-1.0, 1.0], 50)

    def at(value: float, spread: float) -> Estimate:
        return Estimate("any", value, value + spread * noise, spread)

    assert slope([at(0, 10), at(0.5, 5), at(9, 1), at(0, 0.1)], clusters).setting == 5
    assert slope([at(0, 10), at(0.5, 5), at(0.4, 1)], clusters).setting == 1


def test_the_first_threshold_cuts_nothing_and_they_fall_from_there() -> None:
    grid = grid_of(np.array([0.0, 0.5, 1.0, 8.0]))
    assert grid[0] > 8
    assert grid == sorted(grid, reverse=True)


def test_with_a_right_model_switch_and_shrinkage_are_right_too() -> None:
    log = log_of(2_000)
    candidate = all_on(log, 0)
    expected = np.where(np.arange(4) == 0, 45.0, 24.0) * np.ones((2_000, 1))
    seen = evidence_of(log, candidate)
    for chosen in (switch(seen, expected), shrunk(seen, expected)):
        assert chosen.value == pytest.approx(45, abs=4)


def test_no_contact_is_judged_by_a_model_that_saw_its_rewards() -> None:
    rng = np.random.default_rng(3)
    x, actions = rng.normal(size=(200, 2)), rng.integers(3, size=200)
    rewards, contacts = rng.normal(size=200), np.arange(200) // 4
    before = cross_fit(x, actions, rewards, contacts, 3)
    changed = np.where(contacts == 11, rewards + 1e6, rewards)
    after = cross_fit(x, actions, changed, contacts, 3)
    assert after[contacts == 11] == pytest.approx(before[contacts == 11])
    assert not np.allclose(after, before)


def test_the_reward_model_finds_actions_features_and_dyads() -> None:
    rng = np.random.default_rng(4)
    n = 4_000
    x, dyads, actions = rng.normal(size=(n, 2)), rng.normal(size=(n, 3, 1)), rng.integers(3, size=n)
    truth: Array = np.array([10.0, 0.0, -5.0]) + 3 * x[:, :1] + 2 * dyads[:, :, 0]
    rewards = truth[np.arange(n), actions] + rng.normal(size=n)
    found = cross_fit(x, actions, rewards, np.arange(n), 3, dyads=dyads)
    assert np.abs(found - truth).max() < 0.5


def test_the_reward_model_takes_missing_features_at_their_mean() -> None:
    rng = np.random.default_rng(5)
    x, actions = rng.normal(size=(300, 2)), rng.integers(3, size=300)
    x[::7, 0] = np.nan
    assert np.isfinite(cross_fit(x, actions, rng.normal(size=300), np.arange(300), 3)).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"candidate": CANDIDATE[:1]}, "same decisions"),
        ({"candidate": CANDIDATE * 0.9}, "sum to one"),
        ({"rewards": np.array([1.0, np.nan])}, "finite"),
        ({"logged": np.array([[0.0, 0.5, 0.5], [0.5, 0.5, 0.0]])}, "no probability"),
    ],
)
def test_evidence_that_cannot_be_is_refused(changes: dict[str, Array], words: str) -> None:
    given: dict[str, Array] = {"logged": LOGGED, "rewards": np.zeros(2), "candidate": CANDIDATE, **changes}
    with pytest.raises(ValueError, match=words):
        Evidence(given["logged"], np.array([0, 0]), given["rewards"], given["candidate"], np.array([0, 1]))

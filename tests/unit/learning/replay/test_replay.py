"""Replay and promotion as their callers meet them: answers, refusals, verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.counts import rounded_up
from learning.replay.best_single import best_single
from learning.replay.evidence import evidence_of
from learning.replay.overlap import expected_square, kish, overlap_of
from learning.replay.promotion import promote
from learning.replay.report import Refused, Replay, replay
from learning.replay.thin import Lack
from tests.unit.learning.replay.logs import all_on, log_of

LOG = log_of()
BEST, WORST = all_on(LOG, 0), all_on(LOG, 1)


def answered(candidate: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Replay:
    found = replay(LOG, candidate)
    assert isinstance(found, Replay)
    return found


def test_replay_finds_the_true_worth_of_a_candidate() -> None:
    assert 45 in answered(BEST).candidate.interval
    assert 24 in answered(WORST).candidate.interval


def test_a_better_candidate_gains_and_a_worse_one_loses() -> None:
    assert answered(BEST).difference.interval.low > 0
    assert answered(WORST).difference.interval.high < 0


def test_decisions_whose_window_is_open_are_left_out() -> None:
    rewards = LOG.rewards.copy()
    rewards[::2] = np.nan
    found = replay(replace(LOG, rewards=rewards), BEST)
    assert found.overlap.decisions == 1_500


def test_a_log_without_a_mature_reward_is_refused() -> None:
    found = replay(replace(LOG, rewards=np.full(len(LOG), np.nan)), BEST)
    assert isinstance(found, Refused)
    assert found.thin.lack is Lack.DECISIONS


def test_mass_where_the_log_has_none_is_refused_and_no_number_of_decisions_would_help() -> None:
    probabilities = np.hstack([LOG.probabilities, np.zeros((len(LOG), 1))])
    wider = replace(LOG, probabilities=probabilities, action_keys=(*LOG.action_keys, "new"))
    candidate = 0.9 * probabilities
    candidate[:, -1] = 0.1
    found = replay(wider, candidate)
    assert isinstance(found, Refused)
    assert (found.thin.lack, found.thin.more_decisions) == (Lack.SUPPORT, None)
    assert found.overlap.unsupported == pytest.approx(0.1)


def test_thin_overlap_is_refused_with_about_how_many_more_decisions_would_do() -> None:
    small = log_of(120)
    found = replay(small, all_on(small, 0))
    assert isinstance(found, Refused)
    assert found.thin.lack is Lack.OVERLAP
    assert found.thin.more_decisions is not None
    assert f"about {rounded_up(found.thin.more_decisions)} more decisions" in found.thin.reason
    needed = 120 + found.thin.more_decisions
    enough = log_of(needed)
    assert overlap_of(evidence_of(enough, all_on(enough, 0))).ess_expected == pytest.approx(100, rel=0.2)


def test_many_decisions_about_few_contacts_are_refused() -> None:
    few = replace(LOG, contact_ids=np.char.add("c", (np.arange(len(LOG)) % 60).astype(np.str_)))
    found = replay(few, BEST)
    assert isinstance(found, Refused)
    assert "contacts" in found.thin.reason


def test_too_few_rewards_are_refused() -> None:
    rare = log_of(rate=0.004)
    found = replay(rare, all_on(rare, 0))
    assert isinstance(found, Refused)
    assert found.thin.lack is Lack.REWARDS


def test_propensities_that_do_not_fit_the_actions_are_refused() -> None:
    lied = replace(LOG, probabilities=np.full((len(LOG), 4), 0.25), actions=np.where(LOG.actions == 0, 1, 2))
    found = replay(lied, all_on(lied, 2))
    assert isinstance(found, Refused)
    assert found.thin.lack is Lack.PROPENSITIES


def test_kish_counts_even_weights_fully_and_a_single_weight_once() -> None:
    assert kish(np.ones(50)) == pytest.approx(50)
    assert kish(np.array([0.0, 0.0, 7.0])) == pytest.approx(1)
    assert kish(np.zeros(3)) == 0


def test_the_expected_square_of_weights_is_one_for_the_log_itself_and_k_for_one_action_of_a_uniform_log() -> (
    None
):
    even = replace(LOG, probabilities=np.full((len(LOG), 4), 0.25))
    assert expected_square(evidence_of(even, even.probabilities)) == pytest.approx(1)
    assert expected_square(evidence_of(even, all_on(even, 0))) == pytest.approx(4)


def test_a_candidate_is_promoted_only_where_its_lower_bound_is_not_worse() -> None:
    better, worse = promote(LOG, BEST), promote(LOG, WORST)
    assert better.is_promoted
    assert not worse.is_promoted
    assert worse.interval is not None
    assert worse.interval.low < 0


def test_the_logged_chooser_itself_is_not_worse_than_itself() -> None:
    nearly = LOG.probabilities * (1 + 1e-15)
    verdicts = [promote(LOG, same) for same in (LOG.probabilities, nearly)]
    assert [verdict.is_promoted for verdict in verdicts] == [True, True]
    assert "0.00 cents a decision, is not below the margin of 0.00" in verdicts[0].reason


def test_an_uncertain_candidate_is_promoted_only_within_a_margin() -> None:
    slightly = 0.9 * LOG.probabilities + 0.1 * np.roll(LOG.probabilities, 1, axis=1)
    refused = promote(LOG, slightly)
    assert not refused.is_promoted
    assert promote(LOG, slightly, margin_cents=5).is_promoted


def test_a_candidate_is_compared_with_the_current_one_where_that_is_given() -> None:
    assert not promote(LOG, LOG.probabilities, BEST).is_promoted
    assert promote(LOG, BEST, WORST).is_promoted


def test_a_candidate_the_log_says_too_little_about_is_not_promoted() -> None:
    small = log_of(100)
    verdict = promote(small, all_on(small, 0))
    assert not verdict.is_promoted
    assert verdict.thin is not None


def test_a_negative_margin_is_an_error() -> None:
    with pytest.raises(ValueError, match="margin_cents"):
        promote(LOG, BEST, margin_cents=-1)


def test_the_best_single_action_is_found_and_never_leaves_what_was_allowed() -> None:
    assert (best_single(LOG).argmax(axis=1) == 0).all()
    barred = LOG.probabilities.copy()
    barred[:50, 0] = 0
    barred /= barred.sum(axis=1, keepdims=True)
    chosen = best_single(replace(LOG, probabilities=barred, actions=np.maximum(LOG.actions, 1)))
    assert (barred[chosen > 0] > 0).all()


def test_the_best_single_action_is_not_chosen_by_the_contacts_it_is_judged_on() -> None:
    # Every action is worth the same: choosing and judging on the same contacts would look like a gain.
    gains = []
    for seed in range(20):
        log = log_of(400, seed=seed)
        even = replace(log, rewards=np.where(np.random.default_rng(seed).random(400) < 0.1, 100.0, 0.0))
        seen = evidence_of(even, best_single(even))
        gains.append(float((seen.weights * (seen.rewards - 10)).mean()))
    assert abs(np.mean(gains)) < 1.5

"""Choosing, learning, correcting, merging, forgetting."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from learning.bandit import Bandit, Settings, dump, load
from learning.bandit.drift import Alarm
from tests.unit.learning.bandit.worlds import market, taught


def test_the_logged_probabilities_are_those_of_the_draw() -> None:
    bandit = taught(rows=60)
    x = np.repeat(market(1, 5)[0], 20_000, axis=0)
    choice = bandit.choose(x, np.ones((20_000, 3), dtype=bool), seed=7)
    np.testing.assert_allclose(choice.probabilities.sum(axis=1), 1, atol=1e-12)
    drawn = np.bincount(choice.actions, minlength=3) / 20_000
    np.testing.assert_allclose(drawn, choice.probabilities[0], atol=0.012)
    picked = choice.probabilities[np.arange(20_000), choice.actions]
    np.testing.assert_array_equal(choice.propensities, picked)


def test_what_is_not_allowed_is_never_drawn_and_the_floor_holds_for_the_rest() -> None:
    bandit = taught()
    x = market(500, 5)[0]
    allowed = np.random.default_rng(0).random((500, 3)) < 0.6
    allowed[:, 2] = True
    choice = bandit.choose(x, allowed, seed=1)
    assert (choice.probabilities[~allowed] == 0).all()
    share = bandit.settings.floor / allowed.sum(axis=1, keepdims=True)
    assert (choice.probabilities >= share * allowed * 0.999).all()


def test_the_same_seed_gives_the_same_draw() -> None:
    bandit, x = taught(), market(200, 5)[0]
    allowed = np.ones((200, 3), dtype=bool)
    first, again, other = (bandit.choose(x, allowed, seed=s).actions for s in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_it_finds_which_action_suits_whom_and_what_that_is_worth() -> None:
    bandit = taught(rows=4_000)
    x, _, _, rates = market(2_000, 99)
    values, _ = bandit.values(x)
    assert (values.argmax(axis=1) == rates.argmax(axis=1)).mean() > 0.85
    assert abs(values.mean() - rates.mean() * 500) < 15


@pytest.mark.parametrize("broken", ["features", "allowed", "finite", "nothing"], ids=lambda b: f"wrong_{b}")
def test_input_that_does_not_fit_is_refused_by_name(broken: str) -> None:
    bandit, x, allowed = taught(), market(4, 5)[0], np.ones((4, 3), dtype=bool)
    if broken == "features":
        x = x[:, :3]
    elif broken == "allowed":
        allowed = allowed[:, :2]
    elif broken == "finite":
        x[0, 0] = np.nan
    else:
        allowed[2] = False
    with pytest.raises(ValueError, match=r"shapes|finite|allows no action"):
        bandit.choose(x, allowed)


def test_an_outcome_still_open_is_not_learned_from() -> None:
    with pytest.raises(ValueError, match="window is open"):
        taught().learn(np.zeros((1, 4)), np.array([0]), np.array([np.nan]))


def test_batches_in_any_split_give_the_same_belief_once_settled() -> None:
    x, taken, rewards, _ = market(600, 0)
    whole, parts = taught(), Bandit(("a", "b", "c"), 4, patterns=8)
    for rows in np.array_split(np.arange(600), [1, 2, 50, 430]):
        parts.learn(x[rows], taken[rows], rewards[rows])
    whole.settle()
    parts.settle()
    np.testing.assert_allclose(whole.values(x)[0], parts.values(x)[0], rtol=1e-6, atol=1e-6)


def test_either_of_two_learners_may_merge_the_other() -> None:
    ab, ba = taught(seed=1), taught(seed=2)
    ab.merge(taught(seed=2))
    ba.merge(taught(seed=1))
    ab.settle()
    ba.settle()
    x = market(50, 9)[0]
    np.testing.assert_allclose(ab.values(x)[0], ba.values(x)[0], rtol=1e-6, atol=1e-6)


def test_the_order_of_merging_three_does_not_matter() -> None:
    x, found = market(50, 9)[0], []
    for first, second, third in permutations((1, 2, 3)):
        merged = taught(seed=first)
        merged.merge(taught(seed=second))
        merged.merge(taught(seed=third))
        moments = merged.acts.sums.moments.copy()
        merged.settle()
        found.append((moments, merged.values(x)[0]))
    for moments, values in found[1:]:
        np.testing.assert_allclose(moments, found[0][0], rtol=1e-12, atol=1e-9)
        # Eighty steps of fitting widen what rounding leaves.
        np.testing.assert_allclose(values, found[0][1], rtol=1e-3, atol=0.05)


def test_thirty_outcomes_of_one_kind_are_no_reason_never_to_ask_again() -> None:
    rng = np.random.default_rng(1)
    bandit, before = Bandit(("a", "b", "c"), 4, patterns=8), Bandit(("a", "b", "c"), 4, patterns=8)
    x, taken = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    bandit.learn(x, taken, np.zeros(40))
    bandit.settle()
    np.testing.assert_array_equal(bandit.acts.scales.own > 0.01, before.acts.scales.own > 0.01)
    assert bandit.values(x)[1].min() > 0.1 * before.values(x)[1].min()
    x, taken, rewards, _ = market(100, 2)
    bandit.learn(x, taken, rewards)
    assert bandit.acts.scales.noise != bandit.acts._variance(), "fitted, now that there are answers"


def test_four_answers_move_no_scale_whoever_asks_for_a_fit() -> None:
    bandit, (x, taken, _, _) = Bandit(("a", "b", "c"), 4, patterns=8), market(60, 3)
    begun = bandit.acts.scales
    bandit.learn(x, taken, np.where(np.arange(60) < 4, 500.0, 0.0))
    bandit.fit(6)
    assert bandit.acts.scales is begun
    bandit.learn(x[:4], taken[:4], np.full(4, 500.0))
    bandit.fit(6)
    assert bandit.acts.scales is not begun


def test_rows_that_were_answered_are_known_by_their_grams_through_all_that_happens_to_sums() -> None:
    """By them uneven noise is told from bends: the first row of a gram is the moment of whether somebody acted."""
    day = np.datetime64("2026-01-01T00:00:00")

    def agrees(bandit: Bandit) -> bool:
        return np.allclose(bandit.worth.sums.grams[:, 0, :], bandit.acts.sums.moments, atol=1e-9)

    x, taken, rewards, _ = market(300, 1)
    bandit = Bandit(("a", "b", "c"), 4, patterns=8, settings=Settings(half_life_days=10))
    bandit.learn(x, taken, rewards, at=np.full(300, day), is_news=False, weight=0.3)
    np.testing.assert_allclose(bandit.acts.sums.scatters, 0.3 * bandit.acts.sums.counts)
    bandit.learn(x, taken, rewards, at=np.full(300, day + np.timedelta64(5, "D")))
    bandit.unlearn(x[:50], taken[:50], rewards[:50])
    assert agrees(bandit)
    bandit.merge(taught(200, 2))
    bandit.forget_before(Alarm(None, 200, 100.0, "more"))
    bandit.forget_before(Alarm(1, 200, 100.0, "fewer"))
    bandit.extend(("new",))
    assert agrees(bandit)
    meta, arrays = dump(bandit)
    assert agrees(load(meta, arrays))
    np.testing.assert_array_equal(load(meta, arrays).acts.sums.scatters, bandit.acts.sums.scatters)
    del arrays["acts.scatters"]
    np.testing.assert_array_equal(load(meta, arrays).acts.sums.scatters, bandit.acts.sums.counts)


def test_after_a_change_what_came_since_counts_whole_and_what_is_old_is_not_taken_for_many() -> None:
    x, taken, rewards, _ = market(300, 1)
    bandit = Bandit(("a", "b", "c"), 4, patterns=8)
    bandit.learn(x, taken, rewards)
    bandit.forget_before(Alarm(None, 100, 100.0, "more"))
    newest = np.bincount(taken[200:], minlength=3)
    older = np.bincount(taken[:200], minlength=3)
    kept = float((bandit.acts.sums.counts - newest).sum() / older.sum())
    assert kept in (pytest.approx(0.05), pytest.approx(0.7))
    np.testing.assert_allclose(bandit.acts.sums.scatters, newest + kept * older)


def test_outcomes_taught_as_a_part_of_one_come_out_as_they_went_in() -> None:
    x, taken, rewards, _ = market(60, 1)
    bandit = Bandit(("a", "b", "c"), 4, patterns=8)
    bandit.learn(x, taken, rewards, is_news=False, weight=0.3)
    bandit.unlearn(x[:50], taken[:50], rewards[:50], weight=0.3)
    left = np.bincount(taken[50:], minlength=3)
    np.testing.assert_allclose(bandit.acts.sums.counts, 0.3 * left, atol=1e-9)
    np.testing.assert_allclose(bandit.acts.sums.scatters, 0.09 * left, atol=1e-9)


def test_learners_of_different_actions_do_not_merge() -> None:
    with pytest.raises(ValueError, match="the same"):
        taught().merge(Bandit(("a", "b"), 4, patterns=8))


def test_a_corrected_outcome_is_taken_out_and_put_in_again() -> None:
    x, taken, rewards, _ = market(600, 0)
    late = rewards.copy()
    late[:40] = 900.0
    bandit, from_start = taught(), Bandit(("a", "b", "c"), 4, patterns=8)
    from_start.learn(x, taken, late, is_news=False)
    bandit.unlearn(x[:40], taken[:40], rewards[:40])
    bandit.learn(x[:40], taken[:40], late[:40], is_news=False)
    for learner in (bandit, from_start):
        learner.settle()
    np.testing.assert_allclose(bandit.values(x)[0], from_start.values(x)[0], rtol=1e-6, atol=1e-6)


def test_what_is_old_counts_less() -> None:
    x, taken, rewards, _ = market(400, 0)
    bandit = Bandit(("a", "b", "c"), 4, patterns=0, settings=Settings(half_life_days=10))
    day = np.datetime64("2026-01-01T00:00:00")
    bandit.learn(x, taken, rewards, at=np.full(400, day))
    bandit.learn(x[:1], taken[:1], rewards[:1], at=np.array([day + np.timedelta64(20, "D")]))
    assert abs(bandit.acts.sums.counts.sum() - (100 + 1)) < 1e-9


def test_a_late_outcome_gets_the_weight_of_its_age() -> None:
    x, taken, rewards, _ = market(3, 0)
    bandit = Bandit(("a", "b", "c"), 4, patterns=0, settings=Settings(half_life_days=10))
    day = np.datetime64("2026-01-21T00:00:00")
    at = np.array([day - np.timedelta64(20, "D"), day, day])
    bandit.learn(x, taken, rewards, at=at)
    assert abs(bandit.acts.sums.counts.sum() - 2.25) < 1e-9


def test_a_new_action_starts_from_what_its_kin_showed() -> None:
    rng = np.random.default_rng(0)
    z = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    bandit = Bandit(("g1", "g2", "b1", "b2"), 2, action_features=z, patterns=0)
    taken = rng.integers(0, 4, 2_000)
    rewards = (rng.random(2_000) < np.where(taken < 2, 0.4, 0.05)).astype(float)
    bandit.learn(rng.normal(size=(2_000, 2)), taken, rewards)
    bandit.settle()
    bandit.extend(("new-good", "new-bad"), np.vstack([z, [1.0, 0.0], [0.0, 1.0]]))
    values, spreads = bandit.values(np.zeros((2, 2)))
    assert values[0, 4] > values[0, 5] + 0.1
    assert spreads[0, 4] > spreads[0, 0]


def test_a_learner_read_back_from_its_file_believes_the_same() -> None:
    bandit, x = taught(), market(20, 3)[0]
    again = load(*dump(bandit))
    np.testing.assert_allclose(again.values(x)[0], bandit.values(x)[0], rtol=1e-9)
    np.testing.assert_allclose(again.values(x)[1], bandit.values(x)[1], rtol=1e-6)
    assert again.version == bandit.version
    with pytest.raises(ValueError, match="schema 99"):
        load({**dump(bandit)[0], "schema": 99}, dump(bandit)[1])
    arrays = dump(bandit)[1]
    del arrays["acts.grams"]
    with pytest.raises(ValueError, match=r"acts\.grams"):
        load(dump(bandit)[0], arrays)
    arrays = dump(bandit)[1] | {"acts.scatters": np.zeros(2)}
    with pytest.raises(ValueError, match=r"its acts.[a-z]+ are .* numbers, where 3 actions"):
        load(dump(bandit)[0], arrays)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.likelihood.calibration import sigmoid
from learning.likelihood.forward import splits
from learning.likelihood.model import learn, train
from learning.likelihood.shapes import SHAPES, Line, OneColumnTrees, Shape
from learning.likelihood.table import Levels, undated
from tests.unit.learning.worlds import DAY, cases

LINES = SHAPES[:4]


@pytest.mark.parametrize(
    "shape", [SHAPES[0], SHAPES[3], OneColumnTrees(rounds=30)], ids=lambda shape: shape.name
)
def test_reasons_sum_to_the_log_odds_also_with_gaps_and_words_never_seen(shape: Shape) -> None:
    table, outcomes, _ = cases(0, 600)
    model = train(table, outcomes, [shape])
    asked = replace(table.take(np.arange(50)), words=np.full((50, 1), "never seen"))
    told = sigmoid(model.base + model.contributions(asked).sum(axis=1))
    np.testing.assert_allclose(told, model.probabilities(asked), atol=1e-12)
    assert np.ptp(told) > 0.05


def test_trees_of_one_column_are_exactly_the_sum_of_their_parts() -> None:
    table, outcomes, _ = cases(1, 500)
    fitted = OneColumnTrees(rounds=20).fit(table, outcomes, np.ones(500))
    codes = fitted.levels[0].codes(table.words[:, 0])  # type: ignore[attr-defined]
    whole = fitted.model.decision_function(np.column_stack([table.numbers, codes]))  # type: ignore[attr-defined]
    np.testing.assert_allclose(fitted.base + fitted.parts(table).sum(axis=1), whole, atol=1e-10)


def test_trees_bear_a_column_nobody_has_a_value_in_and_learn_nothing_from_it() -> None:
    table, outcomes, _ = cases(1, 500)
    told = replace(table, numbers=table.numbers.copy())
    told.numbers[:, 0] = np.nan
    fitted = OneColumnTrees(rounds=20).fit(told, outcomes, np.ones(500))
    np.testing.assert_allclose(fitted.parts(table)[:, 0], 0.0, atol=1e-12)
    assert np.ptp(fitted.parts(table)) > 0.05


def test_true_probabilities_are_recovered() -> None:
    table, outcomes, logits = cases(2, 4_000)
    later, _, truth = cases(3, 1_000)
    told = train(table, outcomes, LINES).probabilities(later)
    assert np.abs(told - sigmoid(truth)).mean() < 0.02
    assert len(logits) == 4_000


def test_a_straight_truth_is_told_by_straight_lines() -> None:
    table, outcomes, _ = cases(4)
    assert train(table, outcomes, LINES).shape.startswith("straight")


def test_a_bent_truth_is_told_by_a_bent_line() -> None:
    table, _, _ = cases(5, 3_000)
    rng = np.random.default_rng(5)
    bent = (rng.random(3_000) < sigmoid(2 * np.abs(table.numbers[:, 0]) - 2.5)).astype(float)
    assert train(table, bent, LINES).shape.startswith("bent")


def test_what_would_raise_it_is_what_the_model_says_when_it_is_so() -> None:
    table, outcomes, _ = cases(6)
    model = train(table, outcomes, LINES)
    claimed = model.with_change(table, {"x0": 1.0}, {})
    numbers = table.numbers.copy()
    numbers[:, 0] += 1.0
    np.testing.assert_array_equal(claimed, model.probabilities(replace(table, numbers=numbers)))
    assert (claimed > model.probabilities(table)).all()


def test_a_claimed_rise_comes_true_when_the_change_is_made_in_the_world() -> None:
    table, outcomes, _ = cases(7, 4_000)
    asked, _, logits = cases(8, 2_000)
    claimed = train(table, outcomes, LINES).with_change(asked, {"x0": 1.0}, {}).mean()
    assert claimed == pytest.approx(sigmoid(logits + 1.0).mean(), abs=0.03)


def test_shuffled_outcomes_have_no_skill_and_no_model() -> None:
    table, outcomes, _ = cases(9, 400)
    rng = np.random.default_rng(9)
    claims = sum(
        learn(table, rng.permutation(outcomes), seed, LINES[:1]).skill.has_skill for seed in range(8)
    )
    assert claims <= 1


def test_a_real_difference_has_skill() -> None:
    table, outcomes, _ = cases(10, 800)
    learned = learn(table, outcomes, 0, LINES[:1])
    assert learned.skill.has_skill
    assert learned.model is not None


def test_a_handful_of_outcomes_says_how_many_more_are_needed() -> None:
    table, outcomes, _ = cases(11, 100, base=-4.0)
    learned = learn(table, outcomes, 0, LINES[:1])
    assert learned.model is None
    assert learned.skill.auc is None
    assert (learned.skill.more_outcomes or 0) > 0


def test_a_changed_base_rate_is_followed() -> None:
    table, _, logits = cases(12, 3_000)
    changed = table.at >= np.quantile(table.at.astype(np.int64), 0.75).astype("datetime64[s]")
    rng = np.random.default_rng(12)
    outcomes = (rng.random(3_000) < sigmoid(logits - np.where(changed, 0.0, 2.5))).astype(float)
    told = train(table, outcomes, LINES).probabilities(table.take(changed))
    assert told.mean() == pytest.approx(sigmoid(logits[changed]).mean(), abs=0.06)


def test_nothing_settled_later_is_trained_on() -> None:
    table, outcomes, _ = cases(13, 400)
    found = splits(table, outcomes)
    assert len(found) == 3
    for split in found:
        assert table.known_at[split.train].max() <= table.at[split.judge].min()


def test_a_case_still_open_is_not_trained_on_however_early_it_began() -> None:
    table, outcomes, _ = cases(14, 400)
    slow = replace(table, known_at=table.at + 1_000 * DAY)
    assert splits(slow, outcomes) == []


def test_one_entity_never_lies_on_both_sides_of_an_undated_fold() -> None:
    rng = np.random.default_rng(15)
    who = rng.integers(0, 40, size=300).astype(np.str_)
    table = undated(["x"], [], rng.normal(size=(300, 1)), np.empty((300, 0), dtype=np.str_), who)
    for split in splits(table, (rng.random(300) < 0.5).astype(float)):
        assert not set(who[split.train]) & set(who[split.judge])


def test_folds_within_folds_are_dealt_anew() -> None:
    rng = np.random.default_rng(17)
    table = undated(["x"], [], rng.normal(size=(300, 1)), np.empty((300, 0), dtype=np.str_))
    outcomes = (rng.random(300) < 0.5).astype(float)
    [outer, *_] = splits(table, outcomes)
    inner = splits(table.take(outer.train), outcomes[outer.train])
    assert [len(split.judge) > 40 for split in inner] == [True, True, True]


def test_rare_and_unseen_words_share_a_level_and_a_gap_has_its_own() -> None:
    levels = Levels.of(np.array(["a"] * 20 + ["b"] * 3 + [""] * 9))
    codes = levels.codes(np.array(["a", "b", "c", ""]))
    assert codes.tolist() == [2, 1, 1, 0]


def test_a_column_that_is_never_known_adds_nothing_and_breaks_nothing() -> None:
    table, outcomes, _ = cases(16, 300)
    numbers = np.column_stack([table.numbers[:, 0], np.full(300, np.nan)])
    fitted = Line(bent=True, strength=1.0).fit(replace(table, numbers=numbers), outcomes, np.ones(300))
    assert np.abs(fitted.parts(replace(table, numbers=numbers))[:, 1]).max() < 1e-9

"""What would have changed a decision holds when it is applied."""

from __future__ import annotations

import numpy as np

from learning.bandit import Bandit
from learning.bandit.counterfactual import (
    Situation,
    Span,
    Values,
    applied,
    leader_of,
    smallest_changes,
    spans_of,
)
from tests.unit.learning.bandit.worlds import market

GROUPS, LONERS = np.array([[0, 1, 2]]), np.full(4, -1)


def _taught() -> tuple[Bandit, np.ndarray, np.ndarray]:
    x, taken, rewards, _ = market(2_000, 0)
    fits = np.random.default_rng(1).random((2_000, 3, 1))
    bandit = Bandit(("a", "b", "c"), 4, dyads=1, patterns=8)
    bandit.learn(x, taken, rewards, dyads=fits[np.arange(2_000), taken])
    return bandit, x, fits


def _spans(x: np.ndarray, fits: np.ndarray) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    return spans_of(x), spans_of(fits.reshape(-1, fits.shape[-1]))


def test_values_are_those_the_learner_decides_with() -> None:
    bandit, x, fits = _taught()
    np.testing.assert_allclose(
        Values(bandit)(x[:20], fits[:20]), bandit.values(x[:20], fits[:20])[0], atol=1e-8
    )


def test_after_a_change_that_is_told_another_action_leads_and_a_smaller_one_would_not_do() -> None:
    bandit, x, fits = _taught()
    values = Values(bandit)
    spans = _spans(x, fits)
    told = 0
    for row in range(25):
        one = Situation(x[row], fits[row], np.ones(3, dtype=bool), GROUPS, LONERS)
        for change in smallest_changes(values, one, *spans):
            told += 1
            after = applied(one, change)
            assert leader_of(values, after) == change.winner != leader_of(values, one)
            assert change.value > change.runner_up
            shy = (
                change.before
                + 0.9 * (change.after - change.before)
                - np.sign(change.after - change.before) * 0.01
            )
            if np.sign(shy - change.before) == np.sign(change.after - change.before):
                less = applied(one, type(change)(**{**vars(change), "after": shy}))
                assert leader_of(values, less) == leader_of(values, one)
    assert told > 25


def test_the_feature_an_action_truly_answers_to_is_the_smallest_change() -> None:
    bandit, x, fits = _taught()
    values = Values(bandit)
    keen = np.array([0.0, 1.5, 0.0, 0.0])
    one = Situation(keen, np.full((3, 1), 0.5), np.ones(3, dtype=bool), GROUPS, LONERS)
    first = smallest_changes(values, one, *_spans(x, fits))[0]
    assert leader_of(values, one) == 1
    assert first.group is None
    assert (first.column, first.after > first.before) in {(1, False), (0, True), (2, True)}


def test_a_wanted_action_leads_after_the_change() -> None:
    bandit, x, fits = _taught()
    values = Values(bandit)
    one = Situation(np.array([0.2, 0.4, 0.0, 0.0]), fits[0], np.ones(3, dtype=bool), GROUPS, LONERS)
    found = smallest_changes(values, one, *_spans(x, fits), wanted=2)
    assert found
    assert {leader_of(values, applied(one, change)) for change in found} == {2}


def test_what_no_single_change_turns_is_told_as_nothing() -> None:
    bandit, x, fits = _taught()
    values = Values(bandit)
    only = Situation(x[0], fits[0], np.array([False, True, False]), GROUPS, LONERS)
    assert smallest_changes(values, only, *_spans(x, fits)) == []


def test_a_column_of_few_values_moves_only_to_one_of_them() -> None:
    (span,) = spans_of(np.array([[0.0], [0.5], [1.0], [1.0]]))
    assert [list(part) for part in span.reachable(1.0)] == [[0.5, 0.0], []]
    assert [list(part) for part in span.reachable(0.0)] == [[], [0.5, 1.0]]


def test_of_features_that_exclude_each_other_one_is_left_for_another() -> None:
    one = Situation(
        np.array([1.0, 0.0, 0.0, 0.3]),
        np.zeros((3, 1)),
        np.ones(3, dtype=bool),
        GROUPS,
        np.array([0, 0, 0, -1]),
    )
    assert one.x_with(2, np.array([1.0]))[0].tolist() == [0, 0, 1, 0.3]
    assert one.x_with(3, np.array([1.0]))[0].tolist() == [1, 0, 0, 1]
    bandit, x, fits = _taught()
    found = smallest_changes(Values(bandit), one, *_spans(x, fits), most=10)
    assert all(change.before == 0 for change in found if change.group is None and change.column < 3)

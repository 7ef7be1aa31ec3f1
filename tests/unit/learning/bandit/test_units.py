"""Rewards in units: what an answer of a contact is worth is known, and what comes of an action is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.bandit import Bandit, Settings, dump, explain, load
from learning.bandit.bends import INDEPENDENT
from learning.bandit.counterfactual import Values
from learning.bandit.influence import on_value
from tests.unit.learning.bandit.worlds import Floats, Ints, market

ROWS = 600
ALL = np.ones((50, 3), dtype=bool)


def units_of(rows: int, seed: int = 5) -> Floats:
    """Shape (rows,), cents a unit, over three orders of magnitude."""
    return np.asarray(10 ** np.random.default_rng(seed).uniform(-1, 2, rows))


def world(rows: int = ROWS, seed: int = 0) -> tuple[Floats, Ints, Floats, Floats, Floats]:
    """Features, actions, rewards in cents (some of them losses), fits of the action taken, units."""
    x, taken, gains, _ = market(rows, seed)
    rng = np.random.default_rng([seed, 1])
    units = units_of(rows, seed + 5)
    lost = (rng.random(rows) < 0.05) * 80.0
    return x, taken, np.where(gains > 0, gains, -lost) * units, x[:, :1] ** 2, units


def learner(in_units: bool = True, **told: object) -> Bandit:
    return Bandit(
        ("a", "b", "c"),
        4,
        dyads=1,
        patterns=8,
        in_units=in_units,
        settings=Settings(prior_worth=100.0),
        **told,  # type: ignore[arg-type]
    )


def taught(rows: int = ROWS, seed: int = 0, costs: Floats | None = None, factor: float = 1.0) -> Bandit:
    x, taken, rewards, fits, units = world(rows, seed)
    bandit = learner(costs=costs)
    bandit.learn(x, taken, rewards * factor, dyads=fits, units=units * factor)
    return bandit


def asked(rows: int = 50) -> tuple[Floats, Floats, Floats]:
    """Features, fits of every action, units."""
    x = market(rows, 99)[0]
    return x, np.random.default_rng(3).random((rows, 3, 1)), units_of(rows, 8)


def test_units_of_one_are_no_units_bit_for_bit() -> None:
    x, taken, rewards, fits, _ = world()
    plain, ones = learner(in_units=False), learner()
    plain.learn(x, taken, rewards, dyads=fits)
    ones.learn(x, taken, rewards, dyads=fits, units=np.ones(ROWS))
    here, there, _ = asked()
    np.testing.assert_array_equal(plain.score(here, there), ones.score(here, there, np.ones(50)))
    first, second = plain.choose(here, ALL, there, 4), ones.choose(here, ALL, there, 4, np.ones(50))
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.uncertainties, second.uncertainties)


def test_another_currency_changes_no_choice() -> None:
    x, fits, units = asked()
    costs = np.array([3.0, 1.0, 0.0])
    cents, pence = taught(costs=costs), taught(costs=costs * 0.8, factor=0.8)
    one, other = cents.choose(x, ALL, fits, 2, units), pence.choose(x, ALL, fits, 2, units * 0.8)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-9)
    np.testing.assert_array_equal(one.actions, other.actions)
    assert one.values is not None
    assert other.values is not None
    np.testing.assert_allclose(one.values * 0.8, other.values, rtol=1e-9)


def test_a_value_is_what_is_expected_in_units_times_the_cents_a_unit_less_the_cost() -> None:
    bandit, (x, fits, units) = taught(costs=np.array([5.0, 5.0, 0.0])), asked()
    values, spreads = bandit.values(x, fits, units)
    at_one, spread_at_one = bandit.values(x, fits, np.ones(50))
    np.testing.assert_allclose(values + bandit.costs, (at_one + bandit.costs) * units[:, None], rtol=1e-9)
    np.testing.assert_allclose(spreads, spread_at_one * units[:, None], rtol=1e-9)
    size = np.abs(values).max()
    np.testing.assert_allclose(bandit.score(x, fits, units), values, atol=1e-5 * size)
    alone = [bandit.values(x[i : i + 1], fits[i : i + 1], units[i : i + 1])[0][0] for i in range(5)]
    np.testing.assert_allclose(alone, values[:5], rtol=1e-6, atol=1e-6 * size)


def test_who_answers_is_learned_better_where_answers_differ_a_hundredfold_for_known_reasons() -> None:
    there, _, _, rates = market(3_000, 98)
    best, even = rates.max(axis=1).mean(), rates.mean()
    ways: dict[bool, list[float]] = {False: [], True: []}
    for seed in range(4):
        x, taken, gains, _ = market(600, seed)
        units = units_of(600, seed)
        for in_units, found in ways.items():
            bandit = learner(in_units)
            bandit.learn(x, taken, gains * units, dyads=x[:, :1], units=units if in_units else None)
            fits = np.repeat(there[:, None, :1], 3, axis=1)
            values, _ = bandit.values(there, fits, np.ones(3_000) if in_units else None)
            rate = rates[np.arange(3_000), values.argmax(axis=1)].mean()
            found.append(float((rate - even) / (best - even)))
    assert np.mean(ways[True]) > 0.93
    assert np.mean(ways[True]) > np.mean(ways[False]) + 0.02


def test_online_equals_batch() -> None:
    x, taken, rewards, fits, units = world()
    whole, parts = taught(), learner()
    for rows in np.array_split(np.arange(ROWS), [1, 2, 50, 430]):
        parts.learn(x[rows], taken[rows], rewards[rows], dyads=fits[rows], units=units[rows])
    whole.settle()
    parts.settle()
    here, there, cents = asked()
    expected = whole.values(here, there, cents)[0]
    got = parts.values(here, there, cents)[0]
    np.testing.assert_allclose(got, expected, atol=1e-5 * np.abs(expected).max())


def test_the_order_of_merging_does_not_matter_and_measures_do_not_mix() -> None:
    ab, ba = taught(seed=1), taught(seed=2)
    ab.merge(taught(seed=2))
    ba.merge(taught(seed=1))
    ab.settle()
    ba.settle()
    x, fits, units = asked()
    np.testing.assert_allclose(ab.values(x, fits, units)[0], ba.values(x, fits, units)[0], rtol=1e-6)
    with pytest.raises(ValueError, match="measure"):
        ab.merge(learner(in_units=False))


def test_a_corrected_outcome_is_taken_out_as_it_was_put_in() -> None:
    x, taken, rewards, fits, units = world()
    bandit, without = taught(), learner()
    bandit.unlearn(x[:40], taken[:40], rewards[:40], fits[:40], units[:40])
    without.learn(x[40:], taken[40:], rewards[40:], dyads=fits[40:], units=units[40:])
    for one in (bandit, without):
        one.settle()
    here, there, cents = asked()
    np.testing.assert_allclose(
        bandit.values(here, there, cents)[0], without.values(here, there, cents)[0], rtol=1e-5
    )


def test_after_a_shift_the_newest_outcomes_are_learned_again_in_their_units() -> None:
    x, taken, rewards, fits, units = world(3_000)
    rewards = np.where(np.arange(3_000) < 2_000, rewards, np.where(rewards > 0, 0.0, 400 * units))
    in_units, in_cents = learner(), learner(in_units=False)
    for rows in np.array_split(np.arange(3_000), 60):
        in_units.learn(x[rows], taken[rows], rewards[rows], dyads=fits[rows], units=units[rows])
        in_cents.learn(x[rows], taken[rows], rewards[rows] / units[rows], dyads=fits[rows])
    assert in_units.alarms
    assert in_units.alarms == in_cents.alarms
    here, there, cents = asked()
    expected = in_cents.values(here, there)[0] * cents[:, None]
    np.testing.assert_allclose(in_units.values(here, there, cents)[0], expected, rtol=1e-9)


def test_reasons_add_up_and_say_what_a_unit_of_this_contact_adds() -> None:
    bandit, (x, fits, units) = taught(costs=np.array([5.0, 5.0, 0.0])), asked()
    values, _ = bandit.values(x, fits, units)
    reference, middle, usual = x.mean(axis=0), fits.mean(axis=(0, 1)), float(units.mean())
    assert bandit.loses
    for row in range(50):
        for action in range(3):
            told = explain(
                bandit, action, x[row], fits[row, action], reference, middle, float(units[row]), usual
            )
            assert np.isclose(told.value, values[row, action], rtol=1e-8, atol=1e-8)
            total = told.base + told.unit + told.features.sum() + told.dyads.sum()
            assert np.isclose(total, told.value, rtol=1e-9, atol=1e-7)
    alike = explain(bandit, 0, reference, middle, reference, middle, 3 * usual, usual)
    assert np.isclose(alike.unit, alike.value - alike.base)
    assert alike.unit > 0


def test_values_for_what_would_have_changed_it_are_those_decided_with_losses_too() -> None:
    bandit, (x, fits, units) = taught(costs=np.array([5.0, 5.0, 0.0])), asked()
    values, _ = bandit.values(x, fits, units)
    for row in range(10):
        found = Values(bandit, float(units[row]))(x[row : row + 1], fits[row : row + 1])[0]
        np.testing.assert_allclose(found, values[row], rtol=1e-8)


def test_influence_is_that_of_learning_again_without_the_row_losses_too() -> None:
    x, taken, rewards, fits, units = world(300, 3)

    def of(kept: np.ndarray, like: Bandit | None = None) -> Bandit:
        bandit = learner()
        bandit.next_fit = 10**9
        bandit.learn(x[kept], taken[kept], rewards[kept], dyads=fits[kept], units=units[kept], is_news=False)
        if like is None:
            bandit.fit(5)
            return bandit
        for mine, theirs in zip(bandit.beliefs, like.beliefs, strict=True):
            mine.scales = theirs.scales
            mine.forget_posterior()
        return bandit

    whole = of(np.arange(300))
    here, there = np.array([[0.5, 1.0, -0.5, 0.0]]), np.full((1, 3, 1), 0.4)
    inputs = whole.basis.with_dyads(whole.basis.inputs(x), fits)
    phi = whole.basis.with_dyads(whole.basis.inputs(here), there[:, 0])[0]
    said = on_value(whole, inputs, taken, rewards, np.ones(300), phi, 1, units, 25.0)
    value = whole.values(here, there, np.array([25.0]))[0][0, 1]
    losses = np.flatnonzero(rewards < 0)[:4]
    for row in (*np.argsort(-np.abs(said))[:4], *losses):
        without = of(np.delete(np.arange(300), row), whole)
        left = without.values(here, there, np.array([25.0]))[0][0, 1]
        assert np.isclose(said[row], value - left, rtol=1e-6, atol=1e-8)


def test_a_file_says_whether_it_is_in_units_and_one_of_the_schema_before_is_not() -> None:
    bandit, (x, fits, units) = taught(), asked()
    again = load(*dump(bandit))
    assert again.version == bandit.version
    assert again.version.startswith("bandit-2(")
    np.testing.assert_allclose(again.values(x, fits, units)[0], bandit.values(x, fits, units)[0], rtol=1e-9)
    x_then, taken, rewards, fits_then, _ = world()
    before = learner(in_units=False, kind=INDEPENDENT)
    before.learn(x_then, taken, rewards, dyads=fits_then)
    meta, arrays = dump(before)
    old = {name: told for name, told in meta.items() if name not in ("in_units", "kind")} | {"schema": 1}
    read = load(old, arrays)
    assert not read.in_units
    assert read.version == before.version
    np.testing.assert_allclose(read.values(x, fits)[0], before.values(x, fits)[0], rtol=1e-9)


@pytest.mark.parametrize("broken", ["missing", "zero", "nan", "short"])
def test_units_that_are_missing_or_no_amounts_are_refused(broken: str) -> None:
    bandit, (x, fits, units) = taught(50), asked()
    given = {"missing": None, "zero": units * 0, "nan": units * np.nan, "short": units[:3]}[broken]
    with pytest.raises(ValueError, match="units"):
        bandit.values(x, fits, given)
    with pytest.raises(ValueError, match="units"):
        bandit.learn(x, np.zeros(50, dtype=int), np.ones(50), dyads=fits[:, 0], units=given)
    with pytest.raises(ValueError, match="not in units"):
        learner(in_units=False).choose(x, ALL, fits, 0, units)


def test_a_prior_worth_of_a_learner_in_units_is_so_many_units() -> None:
    x, fits, units = asked()
    fresh = learner()
    fresh.settings = replace(fresh.settings, prior_worth=2.0)
    values, _ = fresh.values(x, fits, units)
    np.testing.assert_allclose(values[:, 0], fresh.settings.prior_rate * 2.0 * units, rtol=1e-6)

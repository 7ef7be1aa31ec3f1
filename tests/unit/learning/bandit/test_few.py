"""While few answers are known a learner keeps to what it began with; and what lapsed was an answer all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.bandit import Bandit, Settings, dump, load
from learning.bandit import fitting as fitting_module
from learning.bandit.basis import FEATURES
from learning.bandit.belief import FEW_TARGETS

ACTIONS, WIDTH = 10, 10
CAREFUL = Settings(prior_rate=0.05, prior_spread=0.03, prior_worth_spread=0.3)


def learner(settings: Settings = CAREFUL) -> Bandit:
    return Bandit([str(k) for k in range(ACTIONS)], WIDTH, settings=settings)


def answered(rows: int, seed: int, rate: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of which nothing depends on anything: features, actions, and who answered."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, WIDTH)), rng.integers(ACTIONS, size=rows), rng.random(rows) < rate


def lift_of_a_large_win(settings: Settings) -> float:
    """How many times the others' value one action has after one of its answers was worth three hundred of theirs."""
    bandit = learner(settings)
    x, actions, acted = answered(600, seed=1)
    worth = acted.astype(float)
    worth[np.flatnonzero(acted & (actions == 3))[0]] = 300.0
    bandit.learn(x, actions, worth, is_news=False)
    bandit.fit(12)
    values, _ = bandit.values(np.zeros((1, WIDTH)))
    return float(values[0, 3] / np.median(np.delete(values[0], 3)))


def test_one_large_win_does_not_make_one_action_the_best_for_everybody() -> None:
    assert lift_of_a_large_win(CAREFUL) < 1.1
    assert lift_of_a_large_win(replace(CAREFUL, prior_worth_spread=None)) > 1.3


def test_worths_are_few_until_they_sum_to_as_many_alike() -> None:
    bandit = learner()
    x, actions, acted = answered(200, seed=2, rate=0.5)
    bandit.learn(
        x, actions, acted * np.where(np.arange(200) == np.argmax(acted), 1_000.0, 0.1), is_news=False
    )
    assert bandit.worth.is_few, "a hundred answers, of which one is nearly everything, are one"
    before = bandit.worth.scales
    bandit.fit(20)
    assert np.array_equal(bandit.worth.scales.own, before.own) and bandit.worth.scales.noise > before.noise
    other = learner()
    other.learn(x, actions, acted.astype(float), is_news=False)
    assert not other.worth.is_few and acted.sum() > FEW_TARGETS
    assert other.worth.first_scales().own.max() > before.own.max()


def test_two_learners_of_few_answers_are_one_of_many() -> None:
    x, actions, acted = answered(150, seed=6, rate=0.3)
    first, second = learner(), learner()
    for one, rows in ((first, slice(0, 75)), (second, slice(75, 150))):
        one.learn(x[rows], actions[rows], acted[rows].astype(float), is_news=False)
        assert one.worth.is_few
    first.merge(second)
    assert not first.worth.is_few
    assert first.worth.scales.own.max() == 1.0, "as wide as the prior mean"


@pytest.mark.parametrize("rows", [40, 400])
def test_a_learner_read_from_its_file_goes_on_as_it_would_have(rows: int) -> None:
    bandit = learner()
    x, actions, acted = answered(rows + 20, seed=3, rate=0.4)
    bandit.learn(x[:rows], actions[:rows], acted[:rows].astype(float), is_news=False)
    bandit.fit(6)
    read = load(*dump(bandit))
    assert bandit.worth.is_few == (rows == 40)
    for one in (bandit, read):
        one.next_fit = 10_000
        one.learn(x[rows:], actions[rows:], acted[rows:].astype(float), is_news=False)
    np.testing.assert_array_equal(read.worth.scales.own, bandit.worth.scales.own)
    np.testing.assert_allclose(read.values(x[:3])[0], bandit.values(x[:3])[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prior_worth_spread", "wide"),
        ("prior_worth_spread", -0.3),
        ("prior_spread", float("nan")),
        ("boldness", None),
    ],
)
def test_a_setting_in_a_file_that_is_no_number_is_named(name: str, value: object) -> None:
    meta, arrays = dump(learner())
    with pytest.raises(ValueError, match=f"its setting {name} is"):
        load({**meta, "settings": {**meta["settings"], name: value}}, arrays)
    with pytest.raises(ValueError, match="no settings of this release"):
        load({**meta, "settings": {**meta["settings"], "luck": 1}}, arrays)


@pytest.mark.parametrize("seed", range(3))
def test_a_few_hundred_outcomes_say_little_about_how_much_people_differ(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spread() -> float:
        bandit = learner()
        x, actions, acted = answered(300, seed)
        bandit.learn(x, actions, acted.astype(float))
        bandit.fit(4)
        first = bandit.acts.first_scales()
        return float(np.abs(np.log(bandit.acts.scales.own / first.own))[FEATURES])

    with_prior = spread()
    monkeypatch.setattr(fitting_module, "PRIOR_COEFFICIENTS", 1e-9)
    assert with_prior < 0.7 * spread()


def test_what_lapsed_was_an_answer_all_the_same() -> None:
    x, actions, acted = answered(800, seed=4)
    now, later = learner(), learner()
    now.learn(x, actions, acted * 2.0)
    later.learn(x, actions, np.zeros(800), acted=acted)
    np.testing.assert_allclose(now.acts.coefficients(), later.acts.coefficients())
    assert later.worth.sums.counts.sum() == acted.sum() and later.worth.mean_target < 0.2


def test_the_age_of_answers_is_no_shift_of_the_market() -> None:
    """Half of the answers' hopes have lapsed. Read off rewards, the young half look like a rise."""

    x, actions, acted = answered(900, seed=10, rate=0.3)
    rewards = acted * (np.arange(900) >= 600).astype(float)

    def alarms(*, is_told: bool) -> int:
        bandit = learner(replace(CAREFUL, prior_rate=0.3))
        for i in range(900):
            one = slice(i, i + 1)
            bandit.learn(x[one], actions[one], rewards[one], acted=acted[one] if is_told else None)
        return len(bandit.alarms)

    assert alarms(is_told=True) == 0
    assert alarms(is_told=False) > 0


def test_an_answer_is_unlearned_as_it_was_learned() -> None:
    x, actions, acted = answered(300, seed=5)
    bandit, without = learner(), learner()
    without.learn(x[:200], actions[:200], np.zeros(200), acted=acted[:200])
    bandit.learn(x, actions, np.zeros(300), acted=acted)
    bandit.unlearn(x[200:], actions[200:], np.zeros(100), acted=acted[200:])
    np.testing.assert_allclose(bandit.acts.sums.moments, without.acts.sums.moments, atol=1e-9)
    np.testing.assert_allclose(bandit.worth.sums.counts, without.worth.sums.counts, atol=1e-9)

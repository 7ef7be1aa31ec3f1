"""Actions that stand apart, such as silence: what messages bring says nothing about them."""

from __future__ import annotations

import numpy as np
import pytest

from learning.bandit import Bandit, Settings
from learning.bandit.belief import Belief
from learning.bandit.drift import Alarm, Watch
from learning.bandit.kin import loadings_of
from learning.bandit.state import dump, load
from tests.unit.learning.bandit.test_doubt import ROWS, SHARED, alone, contacts, taught, whole
from tests.unit.learning.bandit.worlds import Floats, market, small_belief

MESSAGES = 12
SILENCE = MESSAGES
NAMES = (*(f"message {k}" for k in range(MESSAGES)), "silence")


def writer(*, apart: tuple[int, ...] = (SILENCE,), dyads: int = 0) -> Bandit:
    settings = Settings(boldness=0.1, floor=0.02, prior_rate=0.03, prior_spread=0.03)
    tilt = np.full(dyads, 0.05)
    return Bandit(NAMES, 3, dyads=dyads, tilt=tilt, apart=apart, settings=settings)


def silent(bandit: Bandit) -> float:
    """The share of silence in the last of ten days on which messages are not worth their price.

    A message costs a tenth and brings 1 in up to six of a hundred cases, the better it fits the likelier; silence fits
    nobody, brings nothing and costs nothing.
    """
    rng = np.random.default_rng(0)
    allowed = np.ones((200, len(NAMES)), dtype=bool)
    for day in range(10):
        x, fits = rng.normal(size=(200, 3)), rng.uniform(0.3, 1, (200, len(NAMES), 1))
        fits[:, SILENCE] = 0
        choice = bandit.choose(x, allowed, fits, seed=day)
        own = fits[np.arange(200), choice.actions]
        answers = (rng.random(200) < 0.06 * own[:, 0]).astype(float)
        rewards = np.where(choice.actions == SILENCE, 0.0, answers - 0.1)
        bandit.learn(x, choice.actions, rewards, dyads=own)
    return float((choice.actions == SILENCE).mean())


def test_where_no_message_is_worth_its_price_it_soon_is_silent() -> None:
    assert silent(writer(dyads=1)) > 0.85


def test_one_that_takes_silence_for_a_message_writes_on() -> None:
    """What standing apart is for: silence was hardly tried, and is believed to lose as messages do."""
    assert silent(writer(apart=(), dyads=1)) < 0.5


def test_what_comes_by_itself_is_learned_of_silence() -> None:
    rng = np.random.default_rng(1)
    bandit = writer()
    x, actions = rng.normal(size=(2_000, 3)), rng.integers(0, len(NAMES), 2_000)
    rewards = (rng.random(2_000) < np.where(actions == SILENCE, 0.3, 0.05)).astype(float)
    bandit.learn(x, actions, rewards, is_news=False)
    rate = bandit.parts(np.zeros((1, 3)))[0][0][0]
    assert abs(rate[SILENCE] - 0.3) < 0.08
    assert abs(rate[:SILENCE] - 0.05).max() < 0.03


def test_one_great_loss_is_not_taken_for_the_rule() -> None:
    """A deal that was open before is lost: the others' losses, small and even, do not say how sure that makes us."""
    rng = np.random.default_rng(7)
    bandit = writer()
    x, actions = rng.normal(size=(300, 3)), np.repeat([*range(MESSAGES), SILENCE], [24] * MESSAGES + [12])
    rewards: Floats = np.where(actions == SILENCE, 0.0, -0.1)
    rewards[-1] = -100.0
    bandit.learn(x, actions, rewards, is_news=False)
    bandit.fit(6)
    value, doubt = (found[0, SILENCE] for found in bandit.values(np.zeros((1, 3))))
    assert -10 < value < 0
    assert doubt > 4
    bandit.await_outcomes(rng.normal(size=(40, 3)), np.full(40, SILENCE))
    ahead = bandit.values(np.zeros((1, 3)), is_ahead=True)[1][0, SILENCE]
    assert doubt / 2 < ahead < doubt
    one, again = writer(), writer()
    for bandit_ in (one, again):
        bandit_.learn(x, actions, rewards, is_news=False)
        bandit_.acts.scales, bandit_.loss.scales = bandit.acts.scales, bandit.loss.scales
        bandit_.acts.forget_posterior()
        bandit_.loss.forget_posterior()
        _ = bandit_.values(x[:1])
    for row in range(6):
        one.learn(x[row : row + 1], actions[-1:], np.array([-50.0 * row]), is_news=False)
    again.learn(x[:6], np.full(6, SILENCE), np.array([0.0, -50, -100, -150, -200, -250]), is_news=False)
    np.testing.assert_allclose(one.values(x)[0], again.values(x)[0], rtol=1e-8)
    np.testing.assert_allclose(one.values(x)[1], again.values(x)[1], rtol=1e-5)


def test_neither_teaches_the_other() -> None:
    belief, inputs, actions, targets = small_belief(apart=(4,))
    is_apart = actions == 4
    only, other = small_belief(rows=0, apart=(4,))[0], small_belief(rows=0, apart=(4,))[0]
    only.sums.add(inputs[is_apart], actions[is_apart], targets[is_apart])
    other.sums.add(inputs[~is_apart], actions[~is_apart], targets[~is_apart])
    both = belief.coefficients()
    np.testing.assert_allclose(only.coefficients()[4], both[4], atol=1e-12)
    np.testing.assert_allclose(other.coefficients()[:4], both[:4], atol=1e-12)
    assert np.abs(only.coefficients()[4] - other.coefficients()[4]).max() > 0.01


def test_scales_are_those_of_the_others_alone() -> None:
    def fitted(rows: int) -> Belief:
        rng = np.random.default_rng(2)
        belief = writer().acts
        inputs, actions = belief.basis.inputs(rng.normal(size=(3_000, 3))), rng.integers(0, MESSAGES, 3_000)
        belief.sums.add(inputs, actions, (rng.random(3_000) < 0.05 + 0.01 * actions).astype(float))
        belief.sums.add(inputs[:rows], np.full(rows, SILENCE), np.ones(rows))
        belief.begin_scales()
        bandit = writer()
        bandit.acts = belief
        bandit.fit(6)
        return belief

    without, beside = fitted(0), fitted(1_000)
    np.testing.assert_allclose(beside.scales.own, without.scales.own, rtol=1e-9)
    np.testing.assert_allclose(beside.scales.shared, without.scales.shared, rtol=1e-9)
    assert np.isclose(beside.scales.noise, without.scales.noise, rtol=1e-9)


def test_what_the_others_are_like_is_centred_without_it() -> None:
    features = np.random.default_rng(3).normal(size=(5, 2)) + 7
    found = loadings_of(5, features, (4,))
    np.testing.assert_allclose(found[:4], loadings_of(4, features[:4]))
    assert not found[4].any()


@pytest.mark.parametrize("kin", [False, True], ids=["plain", "kin"])
@pytest.mark.parametrize("lone", range(len(ROWS)))
def test_its_doubt_is_that_of_the_whole_covariance(lone: int, kin: bool) -> None:
    features = np.random.default_rng(6).normal(size=(len(ROWS), 2)) if kin else None
    belief = taught(SHARED)
    belief.loadings = loadings_of(len(ROWS), features, (lone,))
    belief.forget_posterior()
    rows = contacts(belief, 40)
    assert lone in belief.alone.directions.many
    np.testing.assert_allclose(belief.look_all(rows, None)[1], whole(belief, rows), rtol=2e-5)
    np.testing.assert_allclose(alone(belief, rows), whole(belief, rows), rtol=2e-5)
    belief.take(rows[:1], np.array([lone]), np.array([1.0]))
    np.testing.assert_allclose(alone(belief, rows), whole(belief, rows), rtol=5e-5)


def test_a_shift_of_all_is_told_by_the_others_and_leaves_it_alone() -> None:
    for seed in range(6):
        watch, rng = Watch.over(2, (1,)), np.random.default_rng(seed)
        for is_silence in np.arange(2_000) % 7 == 0:
            acted = bool(rng.random() < (0.2 if is_silence else 0.03))
            alarm = watch.see(0.03, acted, int(is_silence))
            assert alarm is None or alarm.action == 1, "what silence brings says nothing about messages"
    for _ in range(40):
        watch.see(0.1, False, 1)
    of_silence, alarm = watch.sums[:, 2].copy(), None
    while alarm is None:
        alarm = watch.see(0.9, False, 0)
    assert alarm.action is None
    assert of_silence.any()
    np.testing.assert_array_equal(watch.sums[:, 2], of_silence)
    assert not watch.sums[:, :2].any()
    bandit = writer()
    x, taken, rewards, _ = market(900, 4)
    bandit.learn(x[:, :3], np.where(taken == 0, SILENCE, taken), rewards)
    before = bandit.acts.sums.counts.copy()
    bandit.forget_before(Alarm(None, 100, 20.0, "fewer"))
    assert bandit.acts.sums.counts[SILENCE] == before[SILENCE]
    assert (bandit.acts.sums.counts[1:3] < before[1:3]).all()
    bandit.forget_before(Alarm(SILENCE, 50, 20.0, "more"))
    assert bandit.acts.sums.counts[SILENCE] < before[SILENCE]


@pytest.mark.parametrize("seed", range(3))
def test_silence_that_brings_more_than_nothing_from_the_first_is_no_shift(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bandit = writer()
    for _ in range(20):
        x, actions = rng.normal(size=(60, 3)), np.full(60, SILENCE)
        bandit.learn(x, actions, (rng.random(60) < 0.1).astype(float))
    assert not bandit.alarms
    x, actions, rewards = rng.normal(size=(60, 3)), np.full(60, SILENCE), (np.arange(60) < 6).astype(float)
    expected, _ = writer()._expected(bandit.basis.inputs(x), actions, rewards > 0)
    assert expected.mean() == pytest.approx(0.1, abs=0.02), (
        "doubt is given its benefit, where nothing is expected too"
    )


def test_silence_that_never_brings_anything_is_no_shift_either() -> None:
    watch = Watch.over(2, (1,))
    assert all(watch.see(0.0, False, 1) is None for _ in range(40_000))
    assert any(watch.see(0.0, step % 50 == 0, 1) for step in range(2_000)), "until it does"


def test_an_alarm_about_all_is_dated_by_messages() -> None:
    """Of a batch, later outcomes of silence are not counted among those since the change."""
    rng = np.random.default_rng(8)
    bandit = writer()
    for _ in range(30):
        x, actions = rng.normal(size=(100, 3)), np.tile([0, SILENCE], 50)
        bandit.learn(x, actions, ((rng.random(100) < 0.3) & (actions == 0)).astype(float))
    assert not bandit.alarms
    x, actions = rng.normal(size=(400, 3)), np.tile([0, SILENCE, SILENCE, SILENCE], 100)
    (alarm, *_) = bandit.learn(x, actions, np.zeros(400))
    assert (alarm.action, alarm.direction) == (None, "fewer")
    assert alarm.since <= 130


def test_before_data_nothing_is_taken_to_come_of_it() -> None:
    rate, worth = (mean[0] for mean, _ in writer().parts(np.zeros((1, 3))))
    assert rate[SILENCE] == 0
    assert rate[0] == pytest.approx(0.03)
    assert worth[SILENCE] == 1


def test_answers_and_silences_of_messages_alone_allow_a_fit() -> None:
    """A thousand silences say nothing about how far messages differ."""
    rng = np.random.default_rng(9)
    bandit = writer()
    begun = bandit.acts.scales
    x, actions = rng.normal(size=(1_006, 3)), np.concatenate([np.zeros(6, int), np.full(1_000, SILENCE)])
    bandit.learn(x, actions, np.concatenate([np.ones(6), np.zeros(1_000)]), is_news=False)
    bandit.fit(6)
    assert bandit.acts.scales is begun


@pytest.mark.parametrize("apart", [(99,), (-1,), (3, 3)])
def test_who_stands_apart_is_one_of_the_actions(apart: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="indices"):
        writer(apart=apart)


def test_who_stands_apart_is_kept_with_the_learner() -> None:
    bandit = writer()
    x, taken, rewards, _ = market(300, 6)
    bandit.learn(x[:, :3], np.where(taken == 0, SILENCE, taken), rewards)
    meta, arrays = dump(bandit)
    again = load(meta, arrays)
    assert again.apart == (SILENCE,)
    assert again.version == bandit.version
    np.testing.assert_allclose(again.values(x[:20, :3])[0], bandit.values(x[:20, :3])[0], rtol=1e-9)
    older = load({**{key: value for key, value in meta.items() if key != "apart"}, "schema": 4}, arrays)
    assert older.apart == ()
    assert older.version != bandit.version, "it believes something else"
    with pytest.raises(ValueError, match="two learners merge only if"):
        bandit.merge(older)
    bandit.extend(("new",))
    assert bandit.apart == (SILENCE,)
    assert bandit.acts.sharing.apart.tolist() == [SILENCE]

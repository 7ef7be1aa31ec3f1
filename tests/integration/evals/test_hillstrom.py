"""The learner on a real randomised experiment: it may not be worse than sending everyone the best single e-mail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evals.hillstrom.__main__ import QUICK_REPEATS, QUICK_STEPS
from evals.hillstrom.choosers import attune, best_single_arm
from evals.hillstrom.experiment import ARMS, NONE, PROPENSITY, WOMENS, Experiment, folder, read_experiment
from evals.hillstrom.held_out import Trial, Truth, against, split
from evals.hillstrom.online import Beta, best_rate, play, rates_of
from evals.hillstrom.records import Records
from evals.hillstrom.worth import Worth, effect, worth_of

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(
        not (folder() / "hillstrom").is_dir(),
        reason="the evaluation data is not here; name it in ATTUNE_SHARED_DATA",
    ),
]


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return read_experiment()


def test_the_experiment_is_read_as_it_is_known(experiment: Experiment) -> None:
    visits = experiment.outcomes["visit"]
    rates = [visits[experiment.arms == arm].mean() for arm in range(len(ARMS))]
    assert rates == pytest.approx([0.1828, 0.1514, 0.1062], abs=1e-4)
    assert best_rate(experiment) == max(rates)
    assert (len(experiment), int(experiment.outcomes["conversion"].sum())) == (64_000, 578)


def test_the_womens_email_moves_womens_buyers_and_hardly_others(experiment: Experiment) -> None:
    visits, buyers = experiment.outcomes["visit"], experiment.bought_womens
    lifts = [effect(visits[group], experiment.arms[group], WOMENS, NONE)[0] for group in (buyers, ~buyers)]
    assert lifts == pytest.approx([0.073, 0.011], abs=1e-3)


@pytest.mark.slow
def test_choice_for_visits_is_not_below_the_best_single_arm_and_knows_whom_the_womens_email_moves(
    experiment: Experiment,
) -> None:
    found: list[Trial] = []
    for seed in range(QUICK_REPEATS):
        half, other = split(experiment, seed)
        rewards, flat = other.outcomes["visit"], np.full((len(other), len(ARMS)), 0.15)
        ours = attune(half, "visit", other.features, seed)["Attune, best arm"]
        assert ours.expected is not None
        lifts = ours.expected[:, WOMENS] - ours.expected[:, NONE]
        buyers = float(lifts[other.bought_womens].mean())
        others = float(lifts[~other.bought_womens].mean())
        for who, said in (
            ("Attune, best arm", ours),
            ("best single arm", best_single_arm(half, "visit", other.features, seed)),
        ):
            worth = worth_of(said.chosen, other.arms, rewards, PROPENSITY, flat)
            found.append(Trial(seed, "visit", who, worth, (), buyers, others))
        # Four standard errors of such a difference on a half are about 0.03.
        assert buyers - others == pytest.approx(0.062, abs=0.03)
    difference = against(found, "visit", "Attune, best arm")
    # A standard error of one arm's rate on a half is 0.0037: two repeats that share customers know no better.
    assert difference.mean > -1.96 * 0.0037


def test_replay_of_thompson_an_arm_beats_an_even_draw(experiment: Experiment) -> None:
    order = np.random.default_rng(0).permutation(len(experiment))
    life = play(Beta(0, seed=0), experiment.rows(order), rates_of(experiment)[order], QUICK_STEPS)
    assert len(life.rewards) == QUICK_STEPS
    assert life.expected.mean() > experiment.outcomes["visit"].mean()


def test_what_was_saved_is_read_back(experiment: Experiment, tmp_path: Path) -> None:
    kept = Records(tmp_path / "found.jsonl")
    kept.add_trial(Trial(3, "visit", "x", Worth(1.0, 2.0, 3.0), (0.5, 0.5, 0.0), None, 0.1))
    kept.add_truth(Truth(3, 0.07, 0.01))
    order = np.arange(600)
    kept.add_life(3, "x", play(Beta(0, 0), experiment.rows(order), rates_of(experiment)[order], 50))
    read = Records()
    read.read([tmp_path / "found.jsonl"])
    assert (read.trials, read.truths) == (kept.trials, kept.truths)
    assert read.lives["x"][3].rewards.tolist() == kept.lives["x"][3].rewards.tolist()
    assert read.lives["x"][3].expected == pytest.approx(kept.lives["x"][3].expected, abs=1e-5)

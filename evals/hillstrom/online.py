"""Replay of the experiment as a stream: how soon a learner that chooses for itself is as good as the best arm.

Source: Li, Chu, Langford & Wang (2011), "Unbiased Offline Evaluation of Contextual-bandit-based News Article
Recommendation Algorithms": customers come in random order; where the learner's choice is the one the experiment
drew, its outcome is shown to the learner and counts as a step; all others are passed over. Because the experiment
drew evenly, the steps are an unbiased sample of what the learner would have lived through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evals.hillstrom.choosers import shown
from evals.hillstrom.experiment import ARMS, MENS, Experiment
from evals.hillstrom.worth import expected_rewards, fitted_arms
from learning.bandit import Bandit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BATCH_SHARE = 50
"""Choices are made in batches as large as one fiftieth of the steps so far, the same for all: outcomes come late."""

ENOUGH = 0.95
"""Share of the best arm's rate that counts as having got there."""


class Player(Protocol):
    """A learner that chooses for itself."""

    def choose(self, features: Floats) -> Ints:
        """Return shape (n,): an arm for each of the customers, shape (n, d)."""
        ...

    def learn(self, features: Floats, arms: Ints, rewards: Floats) -> None:
        """Take in what came of choices made: shapes (n, d), (n,), (n,)."""
        ...


@dataclass(frozen=True)
class Life:
    """What one learner lived through in one order of customers; T steps.

    rewards: shape (T,), 0 or 1. expected: shape (T,), for the customers of each step, the rate of the arm the learner
    chose, by a least squares line an arm fitted on the whole experiment: the same quantity without the luck.
    """

    rewards: Floats
    expected: Floats


def play(player: Player, stream: Experiment, expected: Floats, most_steps: int) -> Life:
    """Replay the stream until it ends or `most_steps` outcomes were learned.

    Args:
        stream: customers in the order they come. expected: shape (n, K), rate of each arm for each of them.
        most_steps: then it ends.
    """
    rewards, rates = [np.zeros(0)], [np.zeros(0)]
    at = steps = 0
    while at < len(stream) and steps < most_steps:
        size = len(ARMS) * max(1, steps // BATCH_SHARE)
        rows = np.arange(at, min(at + size, len(stream)))
        at += size
        chosen = player.choose(stream.features[rows])
        met = rows[chosen == stream.arms[rows]]
        if not len(met):
            continue
        arms, outcomes = stream.arms[met], stream.outcomes["visit"][met]
        player.learn(stream.features[met], arms, outcomes)
        rewards.append(outcomes)
        rates.append(expected[met, arms])
        steps += len(met)
    return Life(np.concatenate(rewards)[:most_steps], np.concatenate(rates)[:most_steps])


def running(values: Floats) -> Floats:
    """Return shape (T,): the mean of the first t values."""
    return np.asarray(np.cumsum(values) / np.arange(1, len(values) + 1))


def steps_until(values: Floats, bar: float) -> int:
    """After how many steps the running mean reached `bar` for good; T + 1 where it did not.

    For good: a learner that was lucky with its first customers has not got there.
    """
    below = np.flatnonzero(running(values) < bar)
    return int(below[-1]) + 2 if len(below) else 1


def best_rate(experiment: Experiment) -> float:
    """The visit rate of the best arm over the whole experiment."""
    visits = experiment.outcomes["visit"]
    return float(max(visits[experiment.arms == arm].mean() for arm in range(len(ARMS))))


def rates_of(experiment: Experiment) -> Floats:
    """Shape (n, K): each arm's visit rate for each customer, fitted on everyone."""
    lines = fitted_arms(experiment.features, experiment.arms, experiment.outcomes["visit"], len(ARMS))
    return expected_rewards(experiment.features, lines)


# Players -----------------------------------------------------------------------------------------------------


class Attune:
    """Our learner with its default settings."""

    def __init__(self, features: int, seed: int) -> None:
        self.bandit = Bandit(ARMS, features)
        self.seed = seed * 1_000_003

    def choose(self, features: Floats) -> Ints:
        self.seed += 1
        allowed = np.ones((len(features), len(ARMS)), dtype=bool)
        return self.bandit.choose(features, allowed, seed=self.seed).actions

    def learn(self, features: Floats, arms: Ints, rewards: Floats) -> None:
        self.bandit.learn(features, arms, rewards)


class Beta:
    """Thompson sampling an arm without contexts, from Beta(1, 1)."""

    def __init__(self, features: int, seed: int) -> None:
        del features
        self.rng = np.random.default_rng(seed)
        self.counts = np.ones((len(ARMS), 2))

    def choose(self, features: Floats) -> Ints:
        drawn = self.rng.beta(self.counts[:, 0], self.counts[:, 1], size=(len(features), len(ARMS)))
        return np.asarray(drawn.argmax(axis=1), dtype=np.int64)

    def learn(self, features: Floats, arms: Ints, rewards: Floats) -> None:
        for arm in range(len(ARMS)):
            mine = rewards[arms == arm]
            self.counts[arm] += mine.sum(), (1 - mine).sum()


class Mab:
    """MABWiser's linear learners, on the features and an intercept."""

    def __init__(self, rule: Any, seed: int) -> None:
        from mabwiser.mab import MAB

        self.mab = MAB(list(range(len(ARMS))), rule, seed=seed)
        self.rng = np.random.default_rng(seed)
        self.knows = False

    def choose(self, features: Floats) -> Ints:
        if not self.knows:
            return self.rng.integers(0, len(ARMS), len(features))
        return np.atleast_1d(np.asarray(self.mab.predict(_with_one(features)), dtype=np.int64))

    def learn(self, features: Floats, arms: Ints, rewards: Floats) -> None:
        (self.mab.partial_fit if self.knows else self.mab.fit)(arms, rewards, _with_one(features))
        self.knows = True


def _with_one(features: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), features])


class Vowpal:
    """VowpalWabbit with action-dependent features: customer crossed with arm."""

    def __init__(self, options: str, seed: int) -> None:
        from vowpalwabbit import Workspace

        self.vw = Workspace(f"--cb_explore_adf {options} --random_seed {seed} -q xa --quiet")
        self.rng = np.random.default_rng(seed)
        self.pmf: dict[bytes, Floats] = {}

    def choose(self, features: Floats) -> Ints:
        chosen = np.empty(len(features), dtype=np.int64)
        for i, text in enumerate(shown(features)):
            odds = np.array(self.vw.predict(self._lines(text)))
            self.pmf[features[i].tobytes()] = odds
            chosen[i] = self.rng.choice(len(ARMS), p=odds / odds.sum())
        return chosen

    def learn(self, features: Floats, arms: Ints, rewards: Floats) -> None:
        for row, text, arm, reward in zip(features, shown(features), arms, rewards, strict=True):
            odds = max(float(self.pmf[row.tobytes()][arm]), 1e-3)
            self.vw.learn(self._lines(text, f"0:{-reward:g}:{odds:.6f}", int(arm)))
        self.pmf.clear()

    @staticmethod
    def _lines(text: str, label: str = "", arm: int = -1) -> list[str]:
        lines = ["shared " + text]
        return lines + [f"{label if k == arm else ''} |a arm{k}:1".strip() for k in range(len(ARMS))]


def players(features: int) -> dict[str, Callable[[int], Player]]:
    """Everyone who plays, by name; each is made with a seed.

    Peers' settings were the best of several on seeds 1000 to 1003; ours are the defaults. Tried were LinTS alpha
    0.05, 0.1, 0.25, 1; LinUCB alpha 0.1, 0.25, 0.5, 1; VowpalWabbit squarecb (gamma_scale 10, 100), regcb,
    regcbopt (mellowness 0.01), epsilon 0.05, cover 4, bag 5, with the learning rates 0.5 and 0.05.
    """
    from mabwiser.mab import LearningPolicy

    return {
        "Attune": lambda seed: Attune(features, seed),
        "Thompson an arm (Beta)": lambda seed: Beta(features, seed),
        "MABWiser LinTS": lambda seed: Mab(LearningPolicy.LinTS(alpha=0.25), seed),
        "MABWiser LinUCB": lambda seed: Mab(LearningPolicy.LinUCB(alpha=0.1), seed),
        "VowpalWabbit squarecb": lambda seed: Vowpal("--squarecb --gamma_scale 100 --cb_type mtr", seed),
        "VowpalWabbit bag": lambda seed: Vowpal("--bag 5 --cb_type mtr", seed),
    }


def lives(experiment: Experiment, seed: int, most_steps: int) -> dict[str, Life]:
    """Let everyone play the same order of customers."""
    order = np.random.default_rng(seed).permutation(len(experiment))
    stream, expected = experiment.rows(order), rates_of(experiment)[order]
    found = {}
    for name, begin in players(experiment.features.shape[1]).items():
        found[name] = play(begin(seed), stream, expected, most_steps)
    return found


def always(experiment: Experiment, seed: int, arm: int = MENS) -> Life:
    """What always choosing one arm would have lived through, for scale."""
    order = np.random.default_rng(seed).permutation(len(experiment))
    stream, expected = experiment.rows(order), rates_of(experiment)[order]
    rows = np.flatnonzero(stream.arms == arm)
    return Life(stream.outcomes["visit"][rows], expected[rows, arm])

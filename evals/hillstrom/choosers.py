"""Who chooses in the held-out comparison: each learns from one random half and says how it would draw on the other.

A chooser takes the training half and the features of the other half and returns shape (n, 3): the probability with
which it draws each arm. `Said` also carries expected rewards where the chooser has some.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.hillstrom.experiment import ARMS, PROPENSITY, Experiment, Outcome
from learning.bandit import Bandit, Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BATCH = 1000
UNITS: dict[Outcome, float] = {"visit": 1.0, "conversion": 1.0, "spend": 10_000.0}
"""What an outcome is worth when it happens, before data: one visit; one order of about 100 dollars, in cents."""

TREES: dict[str, Any] = {
    "n_estimators": 80,
    "learning_rate": 0.05,
    "num_leaves": 7,
    "min_child_samples": 200,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
}
"""Small, slow trees, as suit weak signals; not searched for."""


@dataclass(frozen=True)
class Said:
    """chosen: shape (n, 3), probabilities. expected: shape (n, 3), rewards, or None."""

    chosen: Floats
    expected: Floats | None = None


Chooser = Callable[[Experiment, Outcome, Floats, int], Said]


def greedy(expected: Floats) -> Floats:
    """Return shape (n, K): all of the mass on the arm with the highest expected reward."""
    return np.asarray(np.eye(expected.shape[1])[expected.argmax(axis=1)])


def learn_in_one_pass(half: Experiment, outcome: Outcome) -> Bandit:
    """Return Attune's learner with its default settings after one pass in batches of `BATCH`."""
    bandit = Bandit(ARMS, half.features.shape[1], settings=Settings(prior_worth=UNITS[outcome]))
    for start in range(0, len(half), BATCH):
        rows = slice(start, start + BATCH)
        bandit.learn(half.features[rows], half.arms[rows], half.outcomes[outcome][rows])
    return bandit


def attune(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> dict[str, Said]:
    """What Attune would do: the arm it holds best, and the draw it would really make."""
    bandit = learn_in_one_pass(half, outcome)
    choice = bandit.choose(other, np.ones((len(other), len(ARMS)), dtype=bool), seed=seed)
    assert choice.values is not None
    return {
        "Attune, best arm": Said(greedy(choice.values), choice.values),
        "Attune, as drawn": Said(choice.probabilities, choice.values),
    }


def best_single_arm(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> Said:
    """Everyone gets the arm with the highest mean on the training half."""
    del seed
    means = [half.outcomes[outcome][half.arms == arm].mean() for arm in range(len(ARMS))]
    expected = np.tile(means, (len(other), 1))
    return Said(greedy(expected), expected)


def lightgbm_t(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> Said:
    """Boosted trees an arm (T-learner; Kunzel et al. 2019)."""
    y = half.outcomes[outcome]
    models = [
        _trees(half.features[half.arms == k], y[half.arms == k], outcome, seed) for k in range(len(ARMS))
    ]
    expected = np.column_stack([model(other) for model in models])
    return Said(greedy(expected), expected)


def lightgbm_dr(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> Said:
    """Boosted trees on doubly robust pseudo-rewards an arm, cross-fitted in two folds (Kennedy 2023)."""
    y, x, n = half.outcomes[outcome], half.features, len(half)
    fold = np.random.default_rng(seed).integers(0, 2, n)
    pseudo = np.empty((n, len(ARMS)))
    for side in (0, 1):
        inside, outside = np.flatnonzero(fold == side), np.flatnonzero(fold != side)
        for k in range(len(ARMS)):
            of_k = outside[half.arms[outside] == k]
            expected = _trees(x[of_k], y[of_k], outcome, seed)(x[inside])
            drawn = half.arms[inside] == k
            pseudo[inside, k] = expected + drawn / PROPENSITY * (y[inside] - expected)
    # Differences to the mean of the arms are what the choice rests on; what all arms share would only add noise.
    shared = pseudo.mean(axis=1)
    lifts = np.column_stack(
        [_trees(x, pseudo[:, k] - shared, "spend", seed)(other) for k in range(len(ARMS))]
    )
    return Said(greedy(lifts), lifts + float(shared.mean()))


def _trees(x: Floats, y: Floats, outcome: Outcome, seed: int) -> Callable[[Floats], Floats]:
    from lightgbm import LGBMClassifier, LGBMRegressor

    binary = outcome != "spend"
    model: Any = (LGBMClassifier if binary else LGBMRegressor)(random_state=seed, **TREES)
    model.fit(x, y)
    return lambda rows: np.asarray(model.predict_proba(rows)[:, 1] if binary else model.predict(rows))


def logistic_t(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> Said:
    """A logistic regression an arm; spend is that of a purchase times the arm's mean order."""
    from sklearn.linear_model import LogisticRegression

    del seed
    columns = []
    for k in range(len(ARMS)):
        of_k = half.arms == k
        y = half.outcomes[outcome][of_k]
        model = LogisticRegression(max_iter=500).fit(half.features[of_k], y > 0)
        columns.append(model.predict_proba(other)[:, 1] * y[y > 0].mean())
    expected = np.column_stack(columns)
    return Said(greedy(expected), expected)


def vowpal(options: str) -> Chooser:
    """VowpalWabbit over the same log in one pass, with the true propensities."""

    def choose(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> Said:
        from vowpalwabbit import Workspace

        costs = -half.outcomes[outcome] / UNITS[outcome]
        learner = Workspace(f"{options} --random_seed {seed} --quiet")
        described = shown(half.features)
        for arm, cost, text in zip(half.arms.tolist(), costs.tolist(), described, strict=True):
            learner.learn(f"{arm + 1}:{cost:g}:{PROPENSITY:.6f} {text}")
        chosen = np.array([int(learner.predict(text)) - 1 for text in shown(other)])
        learner.finish()
        return Said(np.eye(len(ARMS))[chosen])

    return choose


def shown(features: Floats) -> list[str]:
    """Customers as VowpalWabbit reads them, one namespace."""
    return ["|x " + " ".join(f"{i}:{v:.4f}" for i, v in enumerate(row)) for row in features.tolist()]


PEERS: dict[str, Chooser] = {
    "best single arm": best_single_arm,
    "LightGBM T-learner": lightgbm_t,
    "LightGBM DR-learner": lightgbm_dr,
    "logistic T-learner": logistic_t,
    "VowpalWabbit cb dr": vowpal("--cb 3 --cb_type dr"),
    "VowpalWabbit cb dr, slow": vowpal("--cb 3 --cb_type dr -l 0.05"),
}


def everyone(half: Experiment, outcome: Outcome, other: Floats, seed: int) -> dict[str, Said]:
    """What Attune and every peer would do."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        peers = {name: choose(half, outcome, other, seed) for name, choose in PEERS.items()}
    return attune(half, outcome, other, seed) | peers

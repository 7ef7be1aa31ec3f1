"""What a choice would have been worth, told from a log whose draw is known; and how sure that is over repeats.

Sources: Horvitz & Thompson (1952) for IPS; Swaminathan & Joachims (2015), "The Self-Normalized Estimator for
Counterfactual Learning", for SNIPS; Dudik, Langford & Li (2011), "Doubly Robust Policy Evaluation and Learning", for
DR; Nadeau & Bengio (2003), "Inference for the Generalization Error", for repeats whose halves overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Worth:
    """A choice's worth a customer by three estimators, in the outcome's unit."""

    ips: float
    snips: float
    dr: float


def worth_of(chosen: Floats, arms: Ints, rewards: Floats, propensity: float, expected: Floats) -> Worth:
    """Estimate what drawing from `chosen` is worth.

    Args:
        chosen: shape (n, K), probability of each arm for each customer; rows sum to one.
        arms: shape (n,), the arm the experiment drew. rewards: shape (n,), what came of it.
        propensity: in (0, 1], with which each arm was drawn.
        expected: shape (n, K), a model's expected reward, made without these rows.

    Raises:
        ValueError: if no customer got what was chosen: then nothing can be told.
    """
    rows = np.arange(len(arms))
    weights = chosen[rows, arms] / propensity
    if not weights.any():
        raise ValueError("the choice agrees with the experiment nowhere, so its worth cannot be told")
    direct = (chosen * expected).sum(axis=1)
    return Worth(
        ips=float((weights * rewards).mean()),
        snips=float((weights * rewards).sum() / weights.sum()),
        dr=float((direct + weights * (rewards - expected[rows, arms])).mean()),
    )


def effect(rewards: Floats, arms: Ints, arm: int, control: int) -> tuple[float, float]:
    """Return the difference of two arms' mean rewards and its standard error (two independent samples).

    Args:
        rewards: shape (n,). arms: shape (n,), as drawn.
    """
    one, other = rewards[arms == arm], rewards[arms == control]
    error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return float(one.mean() - other.mean()), float(error)


@dataclass(frozen=True)
class Interval:
    """A mean over repeats with two 95 % half-widths.

    plain: as if repeats were independent; too narrow, because all repeats share the same customers.
    corrected: widened for the overlap.
    """

    mean: float
    plain: float
    corrected: float

    @property
    def low(self) -> float:
        """Lower end of the corrected interval."""
        return self.mean - self.corrected

    @property
    def high(self) -> float:
        """Upper end of the corrected interval."""
        return self.mean + self.corrected


def interval(values: Floats, test_share: float) -> Interval:
    """Return the mean of J repeats and its 95 % half-widths.

    Args:
        values: shape (J,), one number a repeat, J at least 2.
        test_share: rows tested over rows trained on, in one repeat; 1 for halves. The variance of the mean is taken
            as (1/J + test_share) times that of one repeat (Nadeau & Bengio 2003, eq. 9).
    """
    count = len(values)
    spread = float(values.std(ddof=1))
    reach = float(student.ppf(0.975, count - 1))
    return Interval(
        mean=float(values.mean()),
        plain=reach * spread / np.sqrt(count),
        corrected=reach * spread * float(np.sqrt(1 / count + test_share)),
    )


def fitted_arms(features: Floats, arms: Ints, rewards: Floats, count: int) -> Floats:
    """Return shape (count, 1+d): a least squares line an arm with a little ridge, for DR's expected rewards."""
    x = np.column_stack([np.ones(len(features)), features])
    ridge = np.eye(x.shape[1])
    ridge[0, 0] = 0.0
    lines = []
    for arm in range(count):
        of_arm = arms == arm
        lines.append(np.linalg.solve(x[of_arm].T @ x[of_arm] + ridge, x[of_arm].T @ rewards[of_arm]))
    return np.array(lines)


def expected_rewards(features: Floats, lines: Floats) -> Floats:
    """Return shape (n, K): what `fitted_arms` expects."""
    return np.asarray(np.column_stack([np.ones(len(features)), features]) @ lines.T)

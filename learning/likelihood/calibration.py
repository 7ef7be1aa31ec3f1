"""Whether "30 %" means three in ten: recalibration that keeps reasons additive, and its measures.

Recalibration is a slope and an intercept on the log-odds (Cox 1958, Biometrika 45; Platt 1999). Isotonic and beta
calibration bend the log-odds, after which contributions no longer sum to them; with a few hundred outcomes the
straight one also varies least.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learning.likelihood.table import Floats, Ints

PRIOR_SLOPE_SPREAD = 0.5
"""Standard deviation of the slope around 1 before anything is seen."""


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-logits))."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))))


def log_losses(logits: Floats, outcomes: Floats) -> Floats:
    """Return shape (n,), nats: minus the log-likelihood of each outcome."""
    return np.asarray(np.logaddexp(0, logits) - outcomes * logits)


def slope_of(logits: Floats, outcomes: Floats, blocks: Ints) -> tuple[float, float]:
    """Return the slope that out-of-time log-odds deserve, and its standard error.

    Each block has its own intercept, so a changed base rate does not bend the slope. Maximum a posteriori with
    a normal prior around 1; kept within [0.05, 2].
    """
    _, block = np.unique(blocks, return_inverse=True)
    k = int(block.max()) + 1
    centred = logits - np.bincount(block, logits)[block] / np.bincount(block)[block]
    x = np.column_stack([np.eye(k)[block], centred])
    rates = np.clip(np.bincount(block, outcomes) / np.bincount(block), 0.01, 0.99)
    theta = np.append(np.log(rates / (1 - rates)), 1.0)
    # A weak prior on intercepts too: a block without outcomes must not run away.
    precision = np.append(np.full(k, 1e-2), 1 / PRIOR_SLOPE_SPREAD**2)
    middle = theta.copy()
    for _ in range(50):
        p = sigmoid(x @ theta)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(precision)
        step = np.linalg.solve(hessian, x.T @ (outcomes - p) - precision * (theta - middle))
        theta += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    error = math.sqrt(float(np.linalg.inv(hessian)[-1, -1]))
    return float(np.clip(theta[-1], 0.05, 2.0)), error


def intercept_of(logits: Floats, outcomes: Floats, entities: NDArray[np.str_]) -> tuple[float, float]:
    """Return what to add to log-odds so that their mean probability is the outcomes' mean, and its error.

    The error treats rows of one entity as one (sandwich).

    Raises:
        ValueError: if outcomes are all alike.
    """
    if outcomes.min() == outcomes.max():
        raise ValueError("an intercept needs both outcomes")
    shift = 0.0
    for _ in range(100):
        p = sigmoid(logits + shift)
        step = float((outcomes - p).sum() / max(float((p * (1 - p)).sum()), 1e-9))
        shift += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    _, whose = np.unique(entities, return_inverse=True)
    left = np.bincount(whose, weights=outcomes - p)
    return shift, math.sqrt(float((left**2).sum())) / float((p * (1 - p)).sum())


def calibration_error(probabilities: Floats, outcomes: Floats, bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal size: mean gap of rate and probability.

    Biased upwards where bins are small: a perfect model shows about 0.8 sqrt(p (1 - p) / bin size).
    """
    order = np.argsort(probabilities, kind="stable")
    gap = 0.0
    for rows in np.array_split(order, min(bins, len(order))):
        gap += len(rows) * abs(float(outcomes[rows].mean() - probabilities[rows].mean()))
    return gap / len(order)


def debiased_calibration_error(probabilities: Floats, outcomes: Floats, bins: int = 10) -> float:
    """Return the root-mean-square calibration error without the bias of noisy bins, at least 0.

    Source: Kumar, Liang & Ma 2019, "Verified uncertainty calibration", NeurIPS 32 (debiased estimator).
    """
    order = np.argsort(probabilities, kind="stable")
    squared = 0.0
    for rows in np.array_split(order, max(min(bins, len(order) // 2), 1)):
        rate, told = float(outcomes[rows].mean()), float(probabilities[rows].mean())
        squared += len(rows) * ((rate - told) ** 2 - rate * (1 - rate) / max(len(rows) - 1, 1))
    return math.sqrt(max(squared / len(order), 0.0))

"""One answer of one estimator, kept as a number a decision, so that answers can be compared in pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learning.replay.evidence import Array


@dataclass(frozen=True)
class Estimate:
    """What a candidate earns a decision.

    name: the estimator.
    value: cents a decision.
    terms: shape (n,), cents; their mean is `value` and their spread its error (influence values).
    setting: the hyperparameter taken, or None where the estimator has none.
    """

    name: str
    value: float
    terms: Array
    setting: float | None = None


def mean_of(name: str, terms: Array, setting: float | None = None) -> Estimate:
    """Return the estimate whose value is the plain mean of its terms."""
    return Estimate(name, float(np.mean(terms)), terms, setting)

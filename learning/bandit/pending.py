"""Decisions whose outcome is still to come: they teach nothing yet, and yet there is less left to find out.

A whole audience is decided on before a single answer is in, and answers take a week. Who explores as if each decision
were the next one to be learned from asks the same question thousands of times. So doubt, and it alone, is what it will
be once outcomes on their way have come: how wide a Gaussian belief is follows from what was tried, not from what came
of it (Desautels, Krause & Burdick 2014, "Parallelizing Exploration-Exploitation Tradeoffs in Gaussian Process Bandit
Optimization": hallucinated observations). Only how many will be answered, and so tell what an answer is worth, is taken
as expected. Expectations stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_RATE = 1e-4
"""A decision is taken to have at least this chance of an answer, and so of telling what an answer is worth."""


@dataclass
class Pending:
    """What outcomes to come will have told; over K actions and P inputs.

    grams: shape (K, P, P), sum of w f f' over decisions. counts: shape (K,), sum of w.
    answers: shape (K, P, P), the same with w times the chance of an answer. answer_counts: shape (K,).
    """

    grams: Floats
    counts: Floats
    answers: Floats
    answer_counts: Floats

    @classmethod
    def nothing(cls, actions: int, width: int) -> Pending:
        """Return what no decisions will tell."""
        return cls(
            np.zeros((actions, width, width)),
            np.zeros(actions),
            np.zeros((actions, width, width)),
            np.zeros(actions),
        )

    def add(self, action: int, inputs: Floats, rates: Floats, weights: Floats) -> None:
        """Count decisions for one action.

        Args:
            inputs: shape (n, P). rates: shape (n,), expected chance that something comes of each.
            weights: shape (n,), as how many decisions each counts.
        """
        chances = weights * np.clip(rates, LEAST_RATE, 1)
        # As a product with itself each sum is symmetric to the last bit, so that half of it can be kept.
        decided, answered = inputs * np.sqrt(weights)[:, None], inputs * np.sqrt(chances)[:, None]
        self.grams[action] += decided.T @ decided
        self.counts[action] += weights.sum()
        self.answers[action] += answered.T @ answered
        self.answer_counts[action] += chances.sum()

    def plus(self, other: Pending | None) -> Pending:
        """Return both together."""
        if other is None:
            return self
        return Pending(
            self.grams + other.grams,
            self.counts + other.counts,
            self.answers + other.answers,
            self.answer_counts + other.answer_counts,
        )

    def extended(self, actions: int) -> Pending:
        """Return the same with `actions` new actions, of which nothing is on its way."""
        more = Pending.nothing(actions, self.grams.shape[1])
        return Pending(
            np.concatenate([self.grams, more.grams]),
            np.concatenate([self.counts, more.counts]),
            np.concatenate([self.answers, more.answers]),
            np.concatenate([self.answer_counts, more.answer_counts]),
        )

    def tell(self, digest: hashlib._Hash) -> None:
        """Add to a hash which decisions these are; how many of them will be answered is only expected."""
        digest.update(self.grams.tobytes())
        digest.update(self.counts.tobytes())

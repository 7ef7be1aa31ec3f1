"""The explorer: draws among allowed actions with probabilities it states, believing nothing yet.

It is the chooser a workspace starts with. Because every draw's probability is known and logged, what
it does is an experiment any later learner can be trained on and judged by (off-policy evaluation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice

LEAST_SHARE = 0.25
"""Share of a row's speaking probability that is spread evenly, whatever the affinity says. With 72
speaking actions every one keeps at least 0.25 / 72 of it, so no importance weight explodes."""


@dataclass(frozen=True)
class Explorer:
    """Draws silence with `silence_share`, else an allowed action, more often one whose topic fits.

    The last action (column K-1) is silence and is always allowed.

    silence_share: in [0, 1], probability of silence for a contact who could be written to.
    sharpness: how strongly affinity tilts the draw; 0 is uniform, 3 makes a perfect fit about 20
        times as likely as no fit before `LEAST_SHARE` is mixed in.
    """

    silence_share: float = 0.1
    sharpness: float = 3.0

    @property
    def version(self) -> str:
        """Names the explorer and its two numbers."""
        return f"explorer-1(silence={self.silence_share:g},sharpness={self.sharpness:g})"

    def choose(
        self,
        features: NDArray[np.float64],
        allowed: NDArray[np.bool_],
        affinity: NDArray[np.float64],
        seed: int,
    ) -> Choice:
        """Draw one allowed action a row.

        Args:
            features: shape (n, d). The explorer does not look at them; a learner will.
            allowed: shape (n, K); column K-1 (silence) is True in every row.
            affinity: shape (n, K), in [0, 1].
            seed: reproduces the draw.

        Raises:
            ValueError: if shapes do not agree or silence is not allowed somewhere.
        """
        n, k = allowed.shape
        if affinity.shape != (n, k) or len(features) != n:
            raise ValueError(
                f"features {features.shape}, allowed {allowed.shape} and affinity {affinity.shape} "
                "do not describe the same contacts and actions"
            )
        if not allowed[:, -1].all():
            raise ValueError("silence (the last action) must be allowed for every contact")
        probabilities = self.probabilities(allowed, affinity)
        actions = draw(probabilities, seed)
        return Choice(
            actions=actions,
            propensities=probabilities[np.arange(n), actions],
            probabilities=probabilities,
        )

    def probabilities(self, allowed: NDArray[np.bool_], affinity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shape (n, K): each row sums to one, zero where not allowed."""
        speaking = allowed[:, :-1]
        count = speaking.sum(axis=1, keepdims=True)
        can_speak = count > 0
        even = np.divide(speaking, count, out=np.zeros(speaking.shape), where=can_speak)
        tilt = np.exp(self.sharpness * np.clip(affinity[:, :-1], 0, 1)) * speaking
        total = tilt.sum(axis=1, keepdims=True)
        tilted = np.divide(tilt, total, out=np.zeros(tilt.shape), where=can_speak)
        speak = LEAST_SHARE * even + (1 - LEAST_SHARE) * tilted
        silence = np.where(can_speak, self.silence_share, 1.0)
        return np.hstack([speak * (1 - silence), silence])


def draw(probabilities: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Draw one column a row from shape (n, K) probabilities by inverting each row's cumulative sum."""
    rng = np.random.default_rng(seed)
    cumulative = probabilities.cumsum(axis=1)
    # The last sum may be 1 - 1e-16: scaling the draw by it keeps the pick inside the row.
    at = rng.random(len(probabilities)) * cumulative[:, -1]
    return np.asarray((cumulative <= at[:, None]).sum(axis=1), dtype=np.int64)

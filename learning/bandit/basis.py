"""From features to the inputs of the regressions: an intercept, the features, how the action fits, and patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from learning.bandit.bends import MOST_PATTERNS, ORTHOGONAL, PAIRS, Bends, bends, pairs_of

Floats = NDArray[np.float64]

INTERCEPT, FEATURES, DYADS, PATTERNS = range(4)
BLOCKS = ("intercept", "features", "dyads", "patterns")

STATE_FLOATS = 1_000_000
"""Bound of one regression's sums: with many actions there are fewer patterns, so that state stays small."""


@dataclass(frozen=True)
class Basis:
    """Turns features into inputs.

    features: d, each about one in size (root mean square). dyads: m. patterns: D, may be 0.
    seed: draws the patterns; part of the state, so that they are the same everywhere.
    kind: what patterns are, see `bends`.
    """

    features: int
    dyads: int
    patterns: int
    seed: int = 0
    kind: str = ORTHOGONAL

    @classmethod
    def of(cls, actions: int, features: int, dyads: int) -> Basis:
        """Return that of a learner with so many actions and inputs: all pairs where there is room, waves elsewhere."""
        room = int(np.sqrt(STATE_FLOATS / max(actions, 1))) - 1 - features - dyads
        most, pairs = max(0, min(MOST_PATTERNS, room)), pairs_of(features)
        return cls(features, dyads, pairs, kind=PAIRS) if pairs <= most else cls(features, dyads, most)

    @property
    def width(self) -> int:
        """P, the number of inputs."""
        return 1 + self.features + self.dyads + self.patterns

    @cached_property
    def blocks(self) -> NDArray[np.int64]:
        """Shape (P,): to which of `BLOCKS` each input belongs."""
        return np.repeat(np.arange(4), [1, self.features, self.dyads, self.patterns])

    @cached_property
    def dyad_columns(self) -> slice:
        """Where the dyads stand among the inputs."""
        return slice(1 + self.features, 1 + self.features + self.dyads)

    @cached_property
    def bends(self) -> Bends:
        """The patterns."""
        return bends(self.kind, self.features, self.patterns, self.seed)

    @cached_property
    def shrink(self) -> float:
        """What features are multiplied with, so that a row has length about one."""
        return float(1 / np.sqrt(max(self.features, 1)))

    def inputs(self, features: Floats, cosine: Callable[[Floats], Floats] = np.cos) -> Floats:
        """Return shape (n, P) for features of shape (n, d); the dyad columns are 0, see `with_dyads`.

        cosine: what waves are made with; `bends.cosines` for many rows.
        """
        n = len(features)
        x = features * self.shrink
        parts = [np.ones((n, 1)), x]
        if self.dyads:
            parts.append(np.zeros((n, self.dyads)))
        if self.patterns:
            parts.append(self.bends.patterns(x, cosine))
        return np.hstack(parts)

    def with_dyads(self, inputs: Floats, dyads: Floats | None) -> Floats:
        """Return `inputs`, shape (n, P), with one action's dyads, shape (n, m), filled in."""
        if dyads is None or not self.dyads:
            return inputs
        filled = inputs.copy()
        filled[:, self.dyad_columns] = dyads
        return filled

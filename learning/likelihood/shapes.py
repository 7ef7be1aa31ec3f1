"""Additive models of the log-odds: a base plus one part per column, so that reasons are exact.

Three shapes, simplest first: straight lines, bent lines (linear splines with hinges at quantiles), and boosted
trees in which each tree sees one column only (a generalised additive model: Lou, Caruana & Gehrke 2012,
"Intelligible models for classification and regression", KDD). Words enter as pooled levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from learning.likelihood.table import Floats, Levels, Table

BENDS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles of a column at which a bent line may change its slope."""


class Fitted(Protocol):
    """A trained additive model."""

    @property
    def base(self) -> float:
        """Log-odds where every part is zero: the average training case."""
        ...

    def parts(self, table: Table) -> Floats:
        """Return shape (n, p + q), log-odds: what each column adds; `base` plus their sum is the score."""
        ...


class Shape(Protocol):
    """An additive model that can be trained."""

    @property
    def name(self) -> str:
        """Says what it is."""
        ...

    def fit(self, table: Table, outcomes: Floats, weights: Floats) -> Fitted:
        """Train on cases.

        Args:
            outcomes: shape (n,), 0 or 1, both present.
            weights: shape (n,), above 0.
        """
        ...


@dataclass(frozen=True)
class _Column:
    """How one number becomes columns of a design: scaled value, hinges, and a flag for a gap."""

    middle: float
    spread: float
    bends: tuple[float, ...]
    has_gaps: bool

    @classmethod
    def of(cls, values: Floats, *, bent: bool) -> _Column:
        known = values[~np.isnan(values)]
        has_gaps = len(known) < len(values)
        if not len(known):
            return cls(0.0, 1.0, (), has_gaps)
        spread = float(known.std())
        scaled = (known - known.mean()) / spread if spread > 0 else known * 0
        inner = np.unique(np.quantile(scaled, BENDS)) if bent else np.array([])
        inner = inner[(inner > scaled.min()) & (inner < scaled.max())]
        return cls(float(known.mean()), spread if spread > 0 else 1.0, tuple(map(float, inner)), has_gaps)

    def design(self, values: Floats) -> Floats:
        gaps = np.isnan(values)
        # Beyond five spreads a line says nothing any more; one freak value must not rule a case.
        scaled = np.clip(np.where(gaps, 0.0, (values - self.middle) / self.spread), -5, 5)
        columns = [scaled, *(np.where(gaps, 0.0, np.maximum(scaled - bend, 0)) for bend in self.bends)]
        if self.has_gaps:
            columns.append(gaps.astype(float))
        return np.column_stack(columns)


@dataclass(frozen=True)
class _FittedLine:
    base: float
    columns: tuple[_Column, ...]
    levels: tuple[Levels, ...]
    coefficients: tuple[Floats, ...]
    centres: Floats

    def parts(self, table: Table) -> Floats:
        blocks = _blocks(table, self.columns, self.levels)
        raw = [block @ theta for block, theta in zip(blocks, self.coefficients, strict=True)]
        return np.column_stack([*raw, np.zeros((len(table), 0))]) - self.centres


@dataclass(frozen=True)
class Line:
    """Logistic regression with a ridge penalty, straight or bent.

    strength: inverse of the penalty, scikit-learn's C.
    """

    bent: bool
    strength: float

    @property
    def name(self) -> str:
        """Such as `bent lines, C=1`."""
        return f"{'bent' if self.bent else 'straight'} lines, C={self.strength:g}"

    def fit(self, table: Table, outcomes: Floats, weights: Floats) -> Fitted:
        """See `Shape.fit`."""
        columns = tuple(_Column.of(values, bent=self.bent) for values in table.numbers.T)
        levels = tuple(Levels.of(words) for words in table.words.T)
        blocks = _blocks(table, columns, levels)
        x = np.hstack(blocks)
        centre = np.average(x, axis=0, weights=weights)
        model = LogisticRegression(C=self.strength, solver="newton-cholesky", max_iter=200)
        model.fit(x - centre, outcomes, sample_weight=weights)
        ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
        thetas = np.split(model.coef_[0].astype(float), ends)
        centres = np.array([c @ t for c, t in zip(np.split(centre, ends), thetas, strict=True)])
        return _FittedLine(float(model.intercept_[0]), columns, levels, tuple(thetas), centres)


def _blocks(table: Table, columns: Sequence[_Column], levels: Sequence[Levels]) -> list[Floats]:
    numbers = [column.design(values) for column, values in zip(columns, table.numbers.T, strict=True)]
    words = [
        np.eye(len(level.known))[level.codes(column)]
        for level, column in zip(levels, table.words.T, strict=True)
    ]
    return numbers + words


@dataclass(frozen=True)
class _FittedTrees:
    base: float
    model: HistGradientBoostingClassifier
    levels: tuple[Levels, ...]
    reference: Floats
    centres: Floats

    def raw_parts(self, x: Floats) -> Floats:
        """Column j's part, up to a constant: the score of the reference case with j swapped in.

        Exact, because no tree sees two columns: f(x) = b + sum of f_j(x_j).
        """
        seen = [np.unique(column, return_inverse=True) for column in x.T]
        # One question for all columns: a call costs more than the thousand cases in it.
        cases = np.tile(self.reference, (sum(len(values) for values, _ in seen), 1))
        start = 0
        for j, (values, _) in enumerate(seen):
            cases[start : start + len(values), j] = values
            start += len(values)
        ends = np.cumsum([len(values) for values, _ in seen])[:-1]
        scores = np.split(self.model.decision_function(cases), ends)
        return np.column_stack([score[back] for score, (_, back) in zip(scores, seen, strict=True)])

    def parts(self, table: Table) -> Floats:
        return self.raw_parts(_raw(table, self.levels)) - self.centres


@dataclass(frozen=True)
class OneColumnTrees:
    """Boosted trees of which each sees one column only."""

    rounds: int = 120
    learning_rate: float = 0.06
    seed: int = 0

    @property
    def name(self) -> str:
        """Such as `one-column trees, 120 rounds`."""
        return f"one-column trees, {self.rounds} rounds"

    def fit(self, table: Table, outcomes: Floats, weights: Floats) -> Fitted:
        """See `Shape.fit`."""
        levels = tuple(Levels.of(words) for words in table.words.T)
        x = _raw(table, levels)
        is_word = [False] * table.numbers.shape[1] + [True] * len(levels)
        model = HistGradientBoostingClassifier(
            max_iter=self.rounds,
            learning_rate=self.learning_rate,
            max_leaf_nodes=6,
            min_samples_leaf=30,
            l2_regularization=5.0,
            interaction_cst="no_interactions",
            categorical_features=is_word if any(is_word) else None,
            early_stopping=False,
            random_state=self.seed,
        )
        # scikit-learn cannot bin a column nobody has a value in: any one value says as little.
        x = np.where(np.isnan(x).all(axis=0), 0.0, x)
        model.fit(x, outcomes, sample_weight=weights)
        reference = x[0].copy()
        bare = _FittedTrees(0.0, model, levels, reference, np.zeros(x.shape[1]))
        centres = np.average(bare.raw_parts(x), axis=0, weights=weights)
        at_reference = float(model.decision_function(reference[None])[0])
        base = at_reference + float((centres - at_reference).sum())
        return _FittedTrees(base, model, levels, reference, centres)


def _raw(table: Table, levels: Sequence[Levels]) -> Floats:
    codes = [level.codes(words) for level, words in zip(levels, table.words.T, strict=True)]
    return np.column_stack([table.numbers, *codes])


SHAPES: tuple[Shape, ...] = (
    Line(bent=False, strength=0.1),
    Line(bent=False, strength=1.0),
    Line(bent=True, strength=0.1),
    Line(bent=True, strength=1.0),
    OneColumnTrees(),
)
"""Simplest first: a later one is taken only where it is clearly better (one-standard-error rule)."""

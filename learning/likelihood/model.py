"""Trains, calibrates, judges and explains one likelihood.

What is chosen (how fast the past fades, which shape) is chosen by log-loss on later cases, and the simpler one is
kept unless another is better by more than one standard error (Breiman et al. 1984, CART, section 3.4.3). The slope
comes from out-of-time scores; the intercept from the newest settled cases, so that a changed base rate is followed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.leads import Skill
from learning.likelihood.calibration import (
    calibration_error,
    debiased_calibration_error,
    intercept_of,
    log_losses,
    sigmoid,
    slope_of,
)
from learning.likelihood.forward import Split, splits
from learning.likelihood.shapes import SHAPES, Fitted, Line, OneColumnTrees, Shape
from learning.likelihood.skill import judge_skill
from learning.likelihood.table import Floats, Ints, Table

HALF_LIVES: tuple[float | None, ...] = (None, 180.0, 60.0)
"""Days after which a case counts half; None is the simplest: nothing fades."""
RECENT_SHARE = 0.2
RECENT_OUTCOMES = 30
"""The intercept comes from the newest fifth, or more where that holds fewer outcomes of either kind."""
TREE_OUTCOMES = 100
"""Trees are tried only where there are so many of either outcome: complexity is earned from the data."""
_FIRST = Line(bent=False, strength=1.0)
_DAY = np.timedelta64(86_400, "s")
_Option = TypeVar("_Option", float | None, Shape)


@dataclass(frozen=True)
class LikelihoodModel:
    """A trained, calibrated, additive model: log-odds = intercept + slope x (base + sum of parts)."""

    fitted: Fitted
    slope: float
    intercept: float
    slope_error: float
    intercept_error: float
    shape: str
    half_life_days: float | None
    names: tuple[str, ...]

    @property
    def base(self) -> float:
        """Log-odds of the average training case."""
        return self.intercept + self.slope * self.fitted.base

    @property
    def name(self) -> str:
        """What was chosen, for people."""
        faded = f", half-life {self.half_life_days:g} days" if self.half_life_days else ""
        return f"{self.shape}{faded}"

    def contributions(self, table: Table) -> Floats:
        """Return shape (n, columns), log-odds: `base` plus a row's sum is exactly the row's log-odds."""
        return np.asarray(self.slope * self.fitted.parts(table))

    def logits(self, table: Table) -> Floats:
        """Return shape (n,), calibrated log-odds."""
        return np.asarray(self.base + self.contributions(table).sum(axis=1))

    def probabilities(self, table: Table) -> Floats:
        """Return shape (n,), in (0, 1)."""
        return sigmoid(self.logits(table))

    def draws(self, logits: Floats, count: int, seed: int) -> Floats:
        """Return shape (count, n): probabilities under draws of the calibration's slope and intercept."""
        rng = np.random.default_rng(seed)
        spread = (logits - self.base)[None, :]
        slopes = 1 + rng.normal(size=(count, 1)) * self.slope_error / self.slope
        shifts = rng.normal(size=(count, 1)) * self.intercept_error
        return sigmoid(self.base + shifts + np.maximum(slopes, 0) * spread)

    def with_change(self, table: Table, adds: Mapping[str, float], sets: Mapping[str, float]) -> Floats:
        """Return shape (n,): the probabilities if these numbers were different, everything else as it is."""
        return self.probabilities(table.changed(adds, sets))


@dataclass(frozen=True)
class Judged:
    """Out-of-time log-odds: each case scored by a model trained on what was settled before its block.

    rows: shape (m,), row numbers in the table. logits, blocks: shape (m,).
    """

    rows: Ints
    logits: Floats
    blocks: Ints


@dataclass(frozen=True)
class Learned:
    """What came of learning: the model where one could be trained, and whether to believe it."""

    model: LikelihoodModel | None
    skill: Skill
    judged: Judged | None = None
    calibration_error: float | None = None
    debiased_error: float | None = None


def learn(table: Table, outcomes: Floats, seed: int, shapes: Sequence[Shape] = SHAPES) -> Learned:
    """Train on all settled cases, and judge the whole procedure forward in time.

    Args:
        table: settled cases only.
        outcomes: shape (n,), 0 or 1.
        seed: of the permutation check.
        shapes: what to choose from, simplest first.

    Everything that is chosen is chosen anew inside each judged split, so the judgement owes nothing to the choice.
    """
    known = len(np.unique(table.entities[outcomes == 1]))
    judged = judge(table, outcomes, shapes)
    if judged is None:
        none = np.zeros(0)
        skill = judge_skill(
            none, none, none.astype(np.str_), none.astype(np.int64), seed, known=known
        )  # fmt: skip
        return Learned(None, skill)
    told = outcomes[judged.rows]
    skill = judge_skill(judged.logits, told, table.entities[judged.rows], judged.blocks, seed, known=known)
    p = sigmoid(judged.logits)
    return Learned(
        model=train(table, outcomes, shapes) if skill.has_skill else None,
        skill=skill,
        judged=judged,
        calibration_error=calibration_error(p, told),
        debiased_error=debiased_calibration_error(p, told),
    )


def judge(table: Table, outcomes: Floats, shapes: Sequence[Shape] = SHAPES) -> Judged | None:
    """Run the whole training on each earlier part and score the next; None where there is too little."""
    rows, logits, blocks = [], [], []
    for number, split in enumerate(splits(table, outcomes)):
        model = train(table.take(split.train), outcomes[split.train], shapes)
        rows.append(split.judge)
        logits.append(model.logits(table.take(split.judge)))
        blocks.append(np.full(len(split.judge), number, dtype=np.int64))
    if not rows:
        return None
    return Judged(np.concatenate(rows), np.concatenate(logits), np.concatenate(blocks))


def train(table: Table, outcomes: Floats, shapes: Sequence[Shape] = SHAPES) -> LikelihoodModel:
    """Choose, train and calibrate on settled cases, with both outcomes among them."""
    inner = splits(table, outcomes)
    faded: float | None = None
    shape: Shape = shapes[0]
    slope, slope_error = 1.0, 0.5
    if inner:
        trials = {half: _trial(table, outcomes, _FIRST, half, inner) for half in _half_lives(table)}
        faded = _simplest(trials, outcomes, table)
        by_shape = {
            shape: _trial(table, outcomes, shape, faded, inner) for shape in _affordable(shapes, outcomes)
        }
        shape = _simplest(by_shape, outcomes, table)
        chosen = by_shape[shape]
        slope, slope_error = slope_of(chosen.logits, outcomes[chosen.rows], chosen.blocks)
    fitted = shape.fit(table, outcomes, weights_of(table, faded))
    score = fitted.base + fitted.parts(table).sum(axis=1)
    newest = recent(table, outcomes)
    intercept, error = intercept_of(slope * score[newest], outcomes[newest], table.entities[newest])
    return LikelihoodModel(
        fitted=fitted,
        slope=slope,
        intercept=intercept,
        slope_error=slope_error,
        intercept_error=error,
        shape=shape.name,
        half_life_days=faded,
        names=table.names,
    )


def weights_of(table: Table, half_life_days: float | None) -> Floats:
    """Return shape (n,), in (0, 1]: what each case counts, halved every so many days before the newest."""
    if half_life_days is None or not table.is_dated:
        return np.ones(len(table))
    days = (table.at.max() - table.at) / _DAY
    return np.asarray(0.5 ** (days / half_life_days))


def recent(table: Table, outcomes: Floats) -> Ints:
    """Return the newest cases: a fifth, or as many as hold enough of either outcome; all where undated."""
    if not table.is_dated:
        return np.arange(len(table))
    order = np.argsort(table.at, kind="stable")[::-1]
    ones = np.cumsum(outcomes[order])
    zeros = np.cumsum(1 - outcomes[order])
    enough = np.flatnonzero((ones >= RECENT_OUTCOMES) & (zeros >= RECENT_OUTCOMES))
    count = max(math.ceil(RECENT_SHARE * len(table)), int(enough[0]) + 1 if len(enough) else len(table))
    return np.asarray(order[:count])


def _affordable(shapes: Sequence[Shape], outcomes: Floats) -> list[Shape]:
    rarer = min(outcomes.sum(), len(outcomes) - outcomes.sum())
    few = [shape for shape in shapes if rarer >= TREE_OUTCOMES or not isinstance(shape, OneColumnTrees)]
    return few or list(shapes[:1])


def _half_lives(table: Table) -> tuple[float | None, ...]:
    if not table.is_dated:
        return (None,)
    days = float((table.at.max() - table.at.min()) / _DAY)
    return tuple(half for half in HALF_LIVES if half is None or half <= days)


def _trial(
    table: Table, outcomes: Floats, shape: Shape, half: float | None, inner: Sequence[Split]
) -> Judged:
    rows, logits, blocks = [], [], []
    for number, split in enumerate(inner):
        told = table.take(split.train)
        fitted = shape.fit(told, outcomes[split.train], weights_of(told, half))
        rows.append(split.judge)
        logits.append(fitted.base + fitted.parts(table.take(split.judge)).sum(axis=1))
        blocks.append(np.full(len(split.judge), number, dtype=np.int64))
    return Judged(np.concatenate(rows), np.concatenate(logits), np.concatenate(blocks))


def _simplest(trials: Mapping[_Option, Judged], outcomes: Floats, table: Table) -> _Option:
    """The first option that is not worse than the best by more than one standard error of the difference."""
    losses = {option: log_losses(trial.logits, outcomes[trial.rows]) for option, trial in trials.items()}
    best = min(losses, key=lambda option: float(losses[option].mean()))
    rows = trials[best].rows
    for option, loss in losses.items():
        worse = loss - losses[best]
        if float(worse.mean()) <= _error_of_mean(worse, table.entities[rows]):
            return option
    return best


def _error_of_mean(values: Floats, entities: NDArray[np.str_]) -> float:
    _, whose = np.unique(entities, return_inverse=True)
    sums = np.bincount(whose, weights=values - values.mean())
    return math.sqrt(float((sums**2).sum())) / len(values)

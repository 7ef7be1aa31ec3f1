"""Learners that see every label: how far one could get if all arms' rewards were known after each row.

They answer a block of rows, then see the labels of the block. Those that learn row by row take blocks that grow
from 1 to 8 rows; those that fit anew do so whenever half as many rows again are known. The best of them a set is the
`reference`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Expert(Protocol):
    """Answers with labels and studies the right ones."""

    def answer(self, x: Floats) -> Ints:
        """Return labels, shape (n,), for x, shape (n, d)."""
        ...

    def study(self, x: Floats, y: Ints) -> None:
        """Take in n rows with their labels, those answered last."""
        ...

    def block(self, seen: int) -> int:
        """How many rows to answer before the next labels, after `seen` rows."""
        ...


class Incremental:
    """A scikit-learn classifier with `partial_fit`, `passes` times over each block."""

    def __init__(self, model: Any, arms: int, passes: int = 1) -> None:
        self.model, self.classes, self.passes = model, np.arange(arms), passes
        self.began = False

    def block(self, seen: int) -> int:
        return max(1, min(8, seen // 25))

    def answer(self, x: Floats) -> Ints:
        if not self.began:
            return np.zeros(len(x), dtype=np.int64)
        return np.asarray(self.model.predict(x), dtype=np.int64)

    def study(self, x: Floats, y: Ints) -> None:
        for _ in range(self.passes):
            self.model.partial_fit(x, y, classes=self.classes)
        self.began = True


class Refitted:
    """Any classifier, fitted anew on all rows seen whenever they grew by half."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self.begin = begin
        self.model: Any = None
        self.x: list[Floats] = []
        self.y: list[Ints] = []

    def block(self, seen: int) -> int:
        return max(10, seen // 2)

    def answer(self, x: Floats) -> Ints:
        if self.model is None:
            most = np.bincount(np.concatenate(self.y)).argmax() if self.y else 0
            return np.full(len(x), most, dtype=np.int64)
        return np.asarray(self.model.predict(x), dtype=np.int64)

    def study(self, x: Floats, y: Ints) -> None:
        self.x.append(x)
        self.y.append(y)
        labels = np.concatenate(self.y)
        if len(np.unique(labels)) > 1:
            with warnings.catch_warnings():
                # Small first fits may not converge; they are fitted again soon.
                warnings.simplefilter("ignore")
                self.model = self.begin().fit(np.concatenate(self.x), labels)


@dataclass(frozen=True)
class ExpertEntry:
    """An expert before the game, given arms K and a seed. row_by_row: whether it learns from every row at once."""

    name: str
    begin: Callable[[int, int], Expert]
    row_by_row: bool = True


def _sgd(arms: int, seed: int) -> Expert:
    from sklearn.linear_model import SGDClassifier

    return Incremental(SGDClassifier(loss="log_loss", alpha=1e-4, random_state=seed), arms)


def _mlp(arms: int, seed: int) -> Expert:
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier((64,), learning_rate_init=3e-3, random_state=seed)
    return Incremental(net, arms, passes=3)


def _logistic(arms: int, seed: int) -> Expert:
    from sklearn.linear_model import LogisticRegression

    return Refitted(lambda: LogisticRegression(C=1.0, max_iter=300))


def _boosted(arms: int, seed: int) -> Expert:
    from lightgbm import LGBMClassifier

    return Refitted(
        lambda: LGBMClassifier(
            n_estimators=60, num_leaves=15, min_child_samples=5, n_jobs=1, verbose=-1, random_state=seed
        )
    )


EXPERTS = (
    ExpertEntry("SGD", _sgd),
    ExpertEntry("MLP", _mlp),
    ExpertEntry("logistic, refitted", _logistic, row_by_row=False),
    ExpertEntry("boosted trees, refitted", _boosted, row_by_row=False),
)

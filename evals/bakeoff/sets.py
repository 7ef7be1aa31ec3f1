"""Classification sets as bandits: every class is an arm, and only the chosen arm's reward is seen.

Source: Bietti, Agarwal & Langford (2021), "A Contextual Bandit Bake-off", JMLR 22(133). Nine sets are read
from the evaluation data; scikit-learn ships the tenth (handwritten digits).
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = (
    "optdigits",
    "nursery",
    "splice",
    "segment",
    "waveform5000",
    "vehicle",
    "car",
    "credit.g",
    "hypothyroid",
)
_IDENTIFIERS = {"instance_name"}
"""Columns that name the row: they would give the class away."""


@dataclass(frozen=True)
class ClassSet:
    """One set in a shuffled order.

    x: shape (n, d), nominal columns as one-hots, numeric ones standardised over the set, missing values 0
        with an indicator; all multiplied with one number, so that rows have mean squared length d.
        y: shape (n,), class index in [0, K).
    classes: K of the whole set, where y is a part of it that may miss a rare class; 0 where y holds all.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.int64]
    classes: int = 0

    @property
    def arms(self) -> int:
        """K, the number of classes."""
        return self.classes or int(self.y.max()) + 1

    def first(self, rows: int) -> ClassSet:
        """Return the first rows; all arms stay."""
        return ClassSet(self.name, self.x[:rows], self.y[:rows], self.arms)


def read_set(name: str, folder: Path, seed: int) -> ClassSet:
    """Read one set by name and shuffle its rows.

    Raises:
        FileNotFoundError: the evaluation data is not there.
    """
    if name == "digits":
        from sklearn.datasets import load_digits

        bunch = load_digits()
        x, y = _standard(np.asarray(bunch.data, dtype=float)), np.asarray(bunch.target, dtype=np.int64)
    else:
        columns, rows = read_arff(folder / f"{name}.arff")
        x, y = _matrix(columns, rows)
    order = np.random.default_rng(seed).permutation(len(y))
    return ClassSet(name, _sized(x)[order], y[order])


Columns = list[tuple[str, list[str] | None]]
"""Name and, for a nominal column, its values."""


def read_arff(path: Path) -> tuple[Columns, list[list[str]]]:
    """Read the dense ARFF dialect of these sets."""
    columns: Columns = []
    rows: list[list[str]] = []
    in_rows = False
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.strip()
            if not text or text.startswith("%"):
                continue
            if in_rows:
                rows.append(_cells(text))
            elif text.lower().startswith("@attribute"):
                columns.append(_column(text))
            elif text.lower().startswith("@data"):
                in_rows = True
    return columns, rows


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([text], quotechar="'", skipinitialspace=True))]


def _column(text: str) -> tuple[str, list[str] | None]:
    found = re.match(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)$", text, re.IGNORECASE)
    if found is None:
        raise ValueError(f"cannot read the ARFF header line {text[:80]!r}")
    name, kind = found.group(1).strip("'\""), found.group(2).strip()
    return name, _cells(kind[1 : kind.rindex("}")]) if kind.startswith("{") else None


def _matrix(columns: Columns, rows: list[list[str]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    at = _class_column(columns)
    blocks = []
    for i, (name, values) in enumerate(columns):
        if i == at or name.lower() in _IDENTIFIERS:
            continue
        cells = [row[i] for row in rows]
        blocks.append(_numeric(cells) if values is None else _one_hot(cells))
    classes = sorted({row[at] for row in rows})
    index = {value: k for k, value in enumerate(classes)}
    return np.hstack(blocks), np.array([index[row[at]] for row in rows], dtype=np.int64)


def _class_column(columns: Columns) -> int:
    for i, (name, _) in enumerate(columns):
        if name.lower() == "class":
            return i
    return len(columns) - 1


def _numeric(cells: list[str]) -> NDArray[np.float64]:
    numbers = np.array([float(cell) if cell != "?" else np.nan for cell in cells])
    missing = np.isnan(numbers)
    if missing.all():
        return np.zeros((len(cells), 0))
    filled = np.where(missing, np.nanmean(numbers), numbers)[:, None]
    return (
        np.hstack([_standard(filled), missing[:, None].astype(float)]) if missing.any() else _standard(filled)
    )


def _one_hot(cells: list[str]) -> NDArray[np.float64]:
    values = sorted(set(cells))
    if len(values) == 1:
        return np.zeros((len(cells), 0))
    if len(values) == 2:
        return np.array([[float(cell == values[1])] for cell in cells])
    return np.array([[float(cell == value) for value in values] for cell in cells])


def _standard(x: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _sized(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply with one number, so that rows have mean squared length d: alike for every player."""
    return np.asarray(x * np.sqrt(x.shape[1] / (x**2).sum(axis=1).mean()))


def data_folder() -> Path:
    """Return where the evaluation data is: `ATTUNE_SHARED_DATA`, or beside the repository."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    return Path(os.environ.get("ATTUNE_SHARED_DATA") or beside)

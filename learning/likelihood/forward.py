"""Splits that go forward in time: a model is judged only on cases later than all it was told."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from learning.likelihood.table import Floats, Ints, Table

FIRST_SHARE = 0.4
"""The earliest cases, which are only learned from."""
LEAST_EACH = 5
"""Fewest cases of either outcome to train on."""


@dataclass(frozen=True)
class Split:
    """Row numbers to train on and, later, to judge on."""

    train: Ints
    judge: Ints


def splits(table: Table, outcomes: Floats, blocks: int = 3, first_share: float = FIRST_SHARE) -> list[Split]:
    """Cut the cases after the first share into `blocks` of about equal size, by time.

    A block is judged by what was settled (`known_at`) when it began: an outcome still open then is not trained on,
    even where it is known today. Cases without dates are dealt into as many folds by entity. Splits without
    enough of either outcome to train on are left out.
    """
    if not table.is_dated:
        return [s for s in _folds(table, blocks) if _is_enough(outcomes, s)]
    cuts = np.sort(table.at)[
        [min(int(len(table) * (first_share + (1 - first_share) * i / blocks)), len(table) - 1)
         for i in range(blocks)]
    ]  # fmt: skip
    ends = [*cuts[1:], np.datetime64("9999-01-01")]
    found = []
    for begins, ends_at in zip(cuts, ends, strict=True):
        judged = np.flatnonzero((table.at >= begins) & (table.at < ends_at))
        split = Split(np.flatnonzero(table.known_at <= begins), judged)
        if _is_enough(outcomes, split):
            found.append(split)
    return found


def _folds(table: Table, blocks: int) -> list[Split]:
    seen, back = np.unique(table.entities, return_inverse=True)
    # A stable hash deals the folds: the same case lies in the same fold on every machine. It is salted with
    # how many there are, because folds within folds must not be dealt by the same hash: one would be empty.
    fold_of = np.array(
        [zlib.crc32(f"{len(seen)}:{entity}".encode()) % blocks for entity in seen], dtype=np.int64
    )
    fold = fold_of[back] if len(seen) else np.zeros(0, dtype=np.int64)
    return [Split(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(blocks)]


def _is_enough(outcomes: Floats, split: Split) -> bool:
    told = outcomes[split.train]
    return bool(len(split.judge) and (told == 1).sum() >= LEAST_EACH and (told == 0).sum() >= LEAST_EACH)

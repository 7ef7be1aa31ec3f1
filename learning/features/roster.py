"""Which contact stands in which row. Rows are given out in order and never taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray


class Roster:
    """Numbers ids as they are first met."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._draws = np.empty(0, np.uint32)
        for one in ids:
            self.row(one)

    def __len__(self) -> int:
        """How many are known."""
        return len(self.ids)

    def __contains__(self, one: str) -> bool:
        return one in self._rows

    def row(self, one: str) -> int:
        """Return the row of an id, a new one where it was never met."""
        known = self._rows.get(one)
        if known is not None:
            return known
        self._rows[one] = len(self.ids)
        self.ids.append(one)
        return len(self.ids) - 1

    def get(self, one: str | None) -> int:
        """Return the row of an id, or -1."""
        return -1 if one is None else self._rows.get(one, -1)

    def draws(self) -> NDArray[np.uint32]:
        """Return a number for each id that depends on nothing but the id, shape (len(self),): to draw a sample by."""
        new = self.ids[len(self._draws) :]
        if new:
            told = np.fromiter((crc32(one.encode()) for one in new), np.uint32, len(new))
            self._draws = np.concatenate([self._draws, told])
        return self._draws

    def rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of ids, shape (n,).

        Raises:
            KeyError: for an id that was never met.
        """
        return np.fromiter((self._rows[one] for one in ids), dtype=np.int64, count=len(ids))

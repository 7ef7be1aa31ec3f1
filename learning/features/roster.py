"""Which contact stands in which row. Rows are given out in order and never taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


class Roster:
    """Numbers ids as they are first met."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.ids: list[str] = []
        self._rows: dict[str, int] = {}
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

    def rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of ids, shape (n,).

        Raises:
            KeyError: for an id that was never met.
        """
        return np.fromiter((self._rows[one] for one in ids), dtype=np.int64, count=len(ids))

"""Things that happen a few times to few contacts, kept with their times: stages entered, assets met.

Sorted columns with a tail: an addition is appended, and the tail is sorted in when someone asks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.features.spans import entries_of

_SECONDS = 2**32


class StageMoments:
    """When each contact entered which stage; any moment can be asked about."""

    def __init__(self, keys: NDArray[np.int64] | None = None, stages: NDArray[np.int8] | None = None) -> None:
        self._keys = np.empty(0, np.int64) if keys is None else keys
        self._stages = np.empty(0, np.int8) if stages is None else stages
        self._tail: list[tuple[NDArray[np.int64], NDArray[np.int8]]] = []

    def add(self, rows: NDArray[np.int32], seconds: NDArray[np.int64], stages: NDArray[np.int8]) -> None:
        """Take entries: contact rows, seconds since 1970, places in `STAGES`; all shape (n,)."""
        if len(rows):
            self._tail.append((rows.astype(np.int64) * _SECONDS + seconds, stages))

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return keys (row * 2^32 + second, ascending) and stages, each shape (e,)."""
        if self._tail:
            keys = np.concatenate([self._keys, *(keys for keys, _ in self._tail)])
            stages = np.concatenate([self._stages, *(stages for _, stages in self._tail)])
            order = np.argsort(keys, kind="stable")
            self._keys, self._stages, self._tail = keys[order], stages[order], []
        return self._keys, self._stages

    def latest(
        self, rows: NDArray[np.int64], before_second: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (stages, seconds) of each row's newest entry up to a second, shape (n,); -1 where none is."""
        keys, stages = self.columns()
        place = np.searchsorted(keys, rows * _SECONDS + before_second, "right") - 1
        if not len(keys):
            none = np.full(len(rows), -1, dtype=np.int64)
            return none, none.copy()
        is_own = (place >= 0) & (keys[place] // _SECONDS == rows)
        return (
            np.where(is_own, stages[place], -1).astype(np.int64),
            np.where(is_own, keys[place] % _SECONDS, -1),
        )


class AssetTouches:
    """When each contact was last sent, and last answered, each asset. Seconds since 1970, 0 for never."""

    def __init__(
        self,
        keys: NDArray[np.int64] | None = None,
        sent: NDArray[np.uint32] | None = None,
        answered: NDArray[np.uint32] | None = None,
    ) -> None:
        self._keys = np.empty(0, np.int64) if keys is None else keys
        self._times = np.zeros((2, len(self._keys)), np.uint32)
        if sent is not None and answered is not None:
            self._times[:] = sent, answered
        self._tail: list[tuple[NDArray[np.int64], NDArray[np.uint32], bool]] = []

    def add(
        self,
        rows: NDArray[np.int32],
        assets: NDArray[np.int32],
        seconds: NDArray[np.uint32],
        *,
        is_sent: bool,
    ) -> None:
        """Take n sends, or n answers."""
        if len(rows):
            self._tail.append((rows.astype(np.int64) << 16 | assets, seconds, is_sent))

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Return keys (row * 2^16 + asset, ascending), shape (e,), and times sent and answered, shape (2, e)."""
        if self._tail:
            keys = np.unique(np.concatenate([self._keys, *(keys for keys, _, _ in self._tail)]))
            times = np.zeros((2, len(keys)), np.uint32)
            times[:, np.searchsorted(keys, self._keys)] = self._times
            for added, seconds, is_sent in self._tail:
                np.maximum.at(times[0 if is_sent else 1], np.searchsorted(keys, added), seconds)
            self._keys, self._times, self._tail = keys, times, []
        return self._keys, self._times

    def of(self, rows: NDArray[np.int64], assets: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return times sent and answered, shape (2, rows, assets)."""
        keys, times = self.columns()
        entries, positions = entries_of(keys, rows << 16, (rows + 1) << 16)
        column = np.full(2**16, -1, dtype=np.int64)
        column[assets[assets >= 0]] = np.flatnonzero(assets >= 0)
        columns = column[keys[entries] & 0xFFFF]
        is_asked = columns >= 0
        found = np.zeros((2, len(rows), len(assets)), np.uint32)
        found[:, positions[is_asked], columns[is_asked]] = times[:, entries[is_asked]]
        return found

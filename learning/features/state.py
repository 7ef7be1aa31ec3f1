"""What has happened, added up for every contact: the columnar state all features are read from.

One row a contact, one addition an event and half-life. The state built event by event over months and the one
rebuilt from the journal are the same, bit for bit when events come in the same order (see `decay`). One contact
and a whole audience are served by the same arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.features.acts import ACTS, ANSWERED, ENGAGED, HALF_LIFE_DAYS, INTERESTED, Act, number
from learning.features.alike import Classes
from learning.features.decay import STEP, factor, weights
from learning.features.events import EventColumns
from learning.features.library import KINDS, AssetBook
from learning.features.moments import AssetTouches, StageMoments
from learning.features.profiles import Profiles
from learning.features.roster import Roster
from learning.features.slots import PARTS, parts_of_day
from learning.features.topics import WIDTH

LONG = len(HALF_LIFE_DAYS) - 1
"""Topics, kinds of content and parts of the day fade with the longest half-life."""

ACT_SUMS = slice(0, len(ACTS) * len(HALF_LIFE_DAYS))
TOPIC_SUMS = slice(ACT_SUMS.stop, ACT_SUMS.stop + WIDTH)
ANSWERED_SUMS = slice(TOPIC_SUMS.stop, TOPIC_SUMS.stop + len(KINDS))
SENT_SUMS = slice(ANSWERED_SUMS.stop, ANSWERED_SUMS.stop + len(KINDS))
PART_SUMS = slice(SENT_SUMS.stop, SENT_SUMS.stop + len(PARTS))
SUMS = PART_SUMS.stop
"""Columns of decayed sums: acts by half-life, topics, kinds answered, kinds sent, parts of the day."""

_INTEREST = np.isin(np.arange(len(ACTS)), [number(act) for act in INTERESTED])
_ENGAGED = np.isin(np.arange(len(ACTS)), [number(act) for act in ENGAGED])
_ANSWERED = np.isin(np.arange(len(ACTS)), [number(act) for act in ANSWERED])
_SENT = number(Act.SENT)
_LEAST_ROWS = 16


class FeatureState:
    """Decayed sums, newest times, stages and assets of every contact in the roster.

    sums: shape (capacity, SUMS), float32, kept at `anchor` (see `decay`).
    newest: shape (capacity, ACTS), uint32, seconds since 1970 of the newest act, 0 for never.
    by: microseconds since 1970: everything due by then is in; nothing later is.
    classes: people alike, see `classing`; None where next to nothing was seen. classes_of, classes_by: the start of the
        week they are for, and when they were found, microseconds since 1970; -1 for never.
    """

    def __init__(self, roster: Roster, library: AssetBook) -> None:
        self.roster = roster
        self.library = library
        self.sums = np.zeros((max(len(roster), _LEAST_ROWS), SUMS), np.float32)
        self.newest = np.zeros((len(self.sums), len(ACTS)), np.uint32)
        self.stages = StageMoments()
        self.touches = AssetTouches()
        self.anchor = 0
        self.by = 0
        self.waiting = EventColumns.none()
        self.classes: Classes | None = None
        self.classes_of = -1
        self.classes_by = -1

    def apply(self, events: EventColumns, by: int, profiles: Profiles | None = None) -> int:
        """Add what is due by a moment, keep the rest waiting, and return how many were added.

        Args:
            events: in the order they reached us; what waits from before comes first.
            by: microseconds since 1970, not before the last call's.
            profiles: whose zones tell the part of the day; without them no habit is kept.

        Raises:
            ValueError: for a moment before one that was applied: what is added is not taken out again.
        """
        if by < self.by:
            raise ValueError(f"events were applied up to {self.by}; {by} is earlier: rebuild to go back")
        everything = EventColumns.joined([self.waiting, events]) if len(self.waiting) else events
        due, self.waiting = everything.split(by)
        self.by = by
        due = due.in_order()
        self.make_room()
        # The anchor an event is added at depends on those before it only, never on where a batch ends.
        anchors = np.maximum.accumulate(np.maximum(-(-due.at // STEP) * STEP, self.anchor))
        edges = [0, *(np.flatnonzero(np.diff(anchors)) + 1).tolist(), len(due)] if len(due) else []
        marks = np.searchsorted(due.marked, edges).tolist()
        for start, end, mark, last_mark in zip(edges, edges[1:], marks, marks[1:], strict=False):
            self._raise_anchor(int(anchors[start]))
            self._add(due.cut(start, end, mark, last_mark), profiles)
        return len(due)

    def values(self, rows: NDArray[np.int64], columns: slice, half_life: int, at: int) -> NDArray[np.float32]:
        """Return decayed sums at a moment, shape (rows, columns); `half_life` is a place in HALF_LIFE_DAYS."""
        return self.sums[rows, columns] * self.decay(half_life, at)

    def decay(self, half_life: int, at: int) -> np.float32:
        """Return what turns the sums of one half-life into their values at a moment."""
        return np.float32(factor(self.anchor, at, HALF_LIFE_DAYS[half_life]))

    def make_room(self) -> None:
        """Grow the arrays to the roster, at least by half."""
        lacking = len(self.roster) - len(self.sums)
        if lacking > 0:
            more = max(lacking, len(self.sums) // 2)
            self.sums = np.concatenate([self.sums, np.zeros((more, SUMS), np.float32)])
            self.newest = np.concatenate([self.newest, np.zeros((more, len(ACTS)), np.uint32)])

    @property
    def bytes_used(self) -> int:
        """Bytes of all arrays; the roster's ids come on top."""
        stage_keys, stages = self.stages.columns()
        keys, times = self.touches.columns()
        return sum(part.nbytes for part in (self.sums, self.newest, stage_keys, stages, keys, times))

    def _add(self, events: EventColumns, profiles: Profiles | None) -> None:
        seconds = (events.at // 1_000_000).astype(np.uint32)
        entered = events.stages >= 0
        self.stages.add(events.rows[entered], seconds[entered].astype(np.int64), events.stages[entered])
        acted = events.acts >= 0
        if not acted.all():
            events = events.taken(np.flatnonzero(acted))
            seconds = seconds[acted]
        rows, acts = events.rows.astype(np.int64), events.acts.astype(np.int64)
        np.maximum.at(self.newest.reshape(-1), rows * len(ACTS) + acts, seconds)
        long = weights(events.at, self.anchor, HALF_LIFE_DAYS[LONG])
        for place, days in enumerate(HALF_LIFE_DAYS):
            weight = long if place == LONG else weights(events.at, self.anchor, days)
            self._sum(rows, ACT_SUMS, acts * len(HALF_LIFE_DAYS) + place, weight)
        is_interest = _INTEREST[acts[events.marked]]
        marked = events.marked[is_interest]
        self._sum(rows[marked], TOPIC_SUMS, events.topics[is_interest], long[marked])
        self._add_assets(events, rows, acts, seconds, long)
        if profiles is not None:
            engaged = np.flatnonzero(_ENGAGED[acts])
            zones = profiles.zones_of(rows[engaged])
            parts = parts_of_day(events.at[engaged], zones, profiles.zone_names)
            known = parts >= 0
            self._sum(rows[engaged[known]], PART_SUMS, parts[known], long[engaged[known]])

    def _add_assets(
        self,
        events: EventColumns,
        rows: NDArray[np.int64],
        acts: NDArray[np.int64],
        seconds: NDArray[np.uint32],
        weight: NDArray[np.float32],
    ) -> None:
        kinds = self.library.kind_of(events.assets)
        for is_meant, columns in ((_ANSWERED[acts], ANSWERED_SUMS), (acts == _SENT, SENT_SUMS)):
            picked = np.flatnonzero(is_meant & (events.assets >= 0))
            self.touches.add(
                events.rows[picked], events.assets[picked], seconds[picked], is_sent=columns is SENT_SUMS
            )
            picked = picked[kinds[picked] >= 0]
            self._sum(rows[picked], columns, kinds[picked], weight[picked])

    def _sum(
        self,
        rows: NDArray[np.int64],
        columns: slice,
        places: NDArray[np.int64] | NDArray[np.int8],
        weight: NDArray[np.float32],
    ) -> None:
        # `add.at` adds one after the other in the order given: that order is part of what is promised.
        np.add.at(self.sums.reshape(-1), rows * SUMS + columns.start + places, weight)

    def _raise_anchor(self, anchor: int) -> None:
        if anchor <= self.anchor:
            return
        for place, days in enumerate(HALF_LIFE_DAYS):
            scale = np.float32(factor(self.anchor, anchor, days))
            self.sums[:, ACT_SUMS.start + place : ACT_SUMS.stop : len(HALF_LIFE_DAYS)] *= scale
            if place == LONG:
                self.sums[:, ACT_SUMS.stop :] *= scale
        self.anchor = anchor

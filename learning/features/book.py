"""Everything features are read from, in one hand: state, profiles and deals over one roster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from learning.features.classing import bring
from learning.features.columns import WIDTH_OF_MATRIX
from learning.features.deals import Deals
from learning.features.dyads import DYAD_NAMES, TOPIC_AFFINITY, ActionTable, dyads
from learning.features.events import EventColumns, microseconds
from learning.features.profiles import Profiles
from learning.features.state import FeatureState
from learning.features.vectors import CHUNK_ROWS, Matrix, matrix


@dataclass
class FeatureBook:
    """What a decider asks for vectors, and a feed brings events to.

    state: what happened. profiles, deals: as the CRM was last read.
    """

    state: FeatureState
    profiles: Profiles
    deals: Deals

    def bring(self, events: EventColumns, by: datetime) -> int:
        """Apply what is due by a UTC time and keep the rest waiting; see `FeatureState.apply`."""
        return bring(self.state, self.profiles, events, microseconds(by))

    def rows(self, contact_ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of contacts, shape (n,). Raises `KeyError` for one never met."""
        return self.state.roster.rows(contact_ids)

    def matrix(self, rows: NDArray[np.int64], at: datetime) -> Matrix:
        """Return shape (n, d), float32; see `vectors.matrix`."""
        return matrix(self.state, self.profiles, self.deals, rows, microseconds(at))

    def dyads(self, rows: NDArray[np.int64], table: ActionTable, at: datetime) -> Matrix:
        """Return shape (n, K, m), float32; see `dyads.dyads`."""
        return dyads(self.state, self.profiles, table, rows, microseconds(at))

    def affinity(self, rows: NDArray[np.int64], table: ActionTable, at: datetime) -> NDArray[np.float64]:
        """Return the topic affinity of each pair alone, shape (n, K), in [0, 1], chunk by chunk."""
        found = np.zeros((len(rows), len(table.actions)))
        for start in range(0, len(rows), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            found[part] = self.dyads(rows[part], table, at)[:, :, TOPIC_AFFINITY]
        return found


def as_of(
    book: FeatureBook,
    events: EventColumns,
    rows: NDArray[np.int64],
    at: NDArray[np.int64],
    *,
    is_weekly: bool = False,
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Walk through time: yield the decisions of each moment when the book knows what they knew, no more.

    Between two yields the book is theirs: ask it for `matrix` or `dyads` of `rows[picked]` at that moment.

    Args:
        book: with an empty state; afterwards it holds everything due by the last decision.
        events: of the whole journal, in the order they reached us.
        rows: shape (n,), whose decision.
        at: shape (n,), microseconds since 1970, when; in any order.
        is_weekly: see `classing.bring`.

    Yields:
        (picked, moment): which decisions, ascending, and their common time in microseconds.

    """
    if not len(at):
        return
    events = events.in_order()
    order = np.argsort(at, kind="stable")
    moments, starts = np.unique(at[order], return_index=True)
    ends = [*starts[1:].tolist(), len(order)]
    cuts = np.searchsorted(events.due, moments, "right")
    marks = np.searchsorted(events.marked, cuts)
    done, marked = 0, 0
    for moment, start, end, cut, mark in zip(
        moments.tolist(), starts.tolist(), ends, cuts.tolist(), marks.tolist(), strict=True
    ):
        bring(book.state, book.profiles, events.cut(done, cut, marked, mark), moment, is_weekly=is_weekly)
        done, marked = cut, mark
        yield np.sort(order[start:end]), moment


def vectors_as_of(
    book: FeatureBook, events: EventColumns, rows: NDArray[np.int64], at: NDArray[np.int64]
) -> Matrix:
    """Return the vector of each decision as it was made, shape (n, d); arguments as for `as_of`."""
    return replayed(book, events, rows, at)[0]


def replayed(
    book: FeatureBook,
    events: EventColumns,
    rows: NDArray[np.int64],
    at: NDArray[np.int64],
    table: ActionTable | None = None,
    *,
    is_weekly: bool = False,
) -> tuple[Matrix, Matrix]:
    """Return each decision's vector and dyads as they were, shapes (n, d) and (n, K, m).

    Args:
        book: with an empty state.
        events: of the whole journal, in the order they reached us.
        rows: shape (n,), whose decision.
        at: shape (n,), microseconds since 1970, when; in any order.
        table: the K actions; without one K is 0. Assets are described as they are now.
        is_weekly: see `classing.bring`.
    """
    table = table or ActionTable.of((), {})
    x = np.zeros((len(rows), WIDTH_OF_MATRIX), np.float32)
    fits = np.zeros((len(rows), len(table.actions), len(DYAD_NAMES)), np.float32)
    for picked, moment in as_of(book, events, rows, at, is_weekly=is_weekly):
        x[picked] = matrix(book.state, book.profiles, book.deals, rows[picked], moment)
        if table.actions:
            fits[picked] = dyads(book.state, book.profiles, table, rows[picked], moment)
    return x, fits

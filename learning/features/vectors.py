"""Contacts at a moment as a matrix: every column in [0, 1], missing values told by columns of their own.

The same lines serve a million contacts and one. Nothing that happened, or reached us, after the moment is in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.features.acts import (
    ACTS,
    ENGAGED,
    FULL_COMPANY,
    FULL_COUNTS,
    FULL_KIND,
    FULL_TOPIC,
    HALF_LIFE_DAYS,
    RECENCY_HALF_LIFE_DAYS,
    Act,
    number,
)
from learning.features.columns import ACT_COLUMNS, RECENT_ACTS, WIDTH_OF_MATRIX
from learning.features.deals import Deals
from learning.features.events import STAGES
from learning.features.profiles import COUNTRY_BUCKETS, INDUSTRY_BUCKETS, SENIOR, SENIORITIES, Profiles
from learning.features.spans import entries_of
from learning.features.state import ACT_SUMS, ANSWERED_SUMS, LONG, TOPIC_SUMS, FeatureState

CHUNK_ROWS = 65_536
"""Rows worked on at once: what is held beside the matrix stays a few dozen megabytes."""

ACTIVE_SECONDS = 30 * 86_400
"""A colleague is active who acted within this long."""

EMPLOYEES_DIGITS, REVENUE_DIGITS = 5, 10
"""Decimal logarithms at which the size of a company counts as 1."""

Matrix = NDArray[np.float32]
_DAY = 86_400
_WEEKS = 1
_FULL = np.array([FULL_COUNTS[act] for act, _ in ACT_COLUMNS], np.float32)


def squashed(counts: Matrix, full: float | Matrix) -> Matrix:
    """Return decayed counts in [0, 1]: log(1 + n) / log(1 + full), at most 1."""
    scale = (1 / np.log1p(np.asarray(full, dtype=np.float64))).astype(np.float32)
    return np.minimum(np.log1p(counts) * scale, np.float32(1))


def recency(newest: NDArray[np.uint32], at: int, half_life_days: float) -> Matrix:
    """Return 2^(-days since / half-life), 0 for never, in [0, 1].

    Args:
        newest: seconds since 1970, 0 for never; any shape.
        at: microseconds since 1970.
        half_life_days: until it halves.
    """
    days = np.maximum(at / 1e6 - newest.astype(np.float64), 0) / _DAY
    return np.where(newest > 0, np.exp2(-days / half_life_days), 0).astype(np.float32)


def matrix(state: FeatureState, profiles: Profiles, deals: Deals, rows: NDArray[np.int64], at: int) -> Matrix:
    """Return shape (n, len(NAMES)), float32, each column in [0, 1].

    Args:
        state: brought up to `at`, not beyond it.
        profiles: laid out for at least these rows.
        deals: of the same accounts.
        rows: shape (n,), rows of the roster.
        at: the moment of the decision, microseconds since 1970.

    Raises:
        ValueError: where the state holds what was not known at `at`, or lacks what was (it waits for it).
    """
    if at < state.by:
        raise ValueError(f"the state is of {state.by} and knows what a decision at {at} could not")
    if len(state.waiting) and int(state.waiting.due.min()) <= at:
        raise ValueError(f"events wait that a decision at {at} knows of: apply up to it first")
    if len(rows) and int(rows.max()) >= min(len(profiles.account), len(state.sums)):
        raise ValueError("a row is newer than the profiles or the state: lay them out again")
    x = np.zeros((len(rows), WIDTH_OF_MATRIX), np.float32)
    company = _Company(state, profiles, rows, at)
    for start in range(0, len(rows), CHUNK_ROWS):
        part = rows[start : start + CHUNK_ROWS]
        filled = _Filler(x[start : start + CHUNK_ROWS])
        _behaviour(filled, state, part, at)
        filled.put(company.of(part))
        _firm(filled, profiles, part)
        _role(filled, profiles, deals, part, at)
        _stage(filled, profiles, state, part, at)
        _deals(filled, profiles, deals, part, at)
        filled.is_full()
    return x


class _Filler:
    """Fills a matrix from the left."""

    def __init__(self, x: Matrix) -> None:
        self._x, self._at = x, 0

    def put(self, *columns: NDArray[np.generic]) -> None:
        """Put columns, each of shape (n,) or (n, w)."""
        for column in columns:
            width = 1 if column.ndim == 1 else column.shape[1]
            self._x[:, self._at : self._at + width] = column if column.ndim > 1 else column[:, None]
            self._at += width

    def put_one_of(self, places: NDArray[np.generic], width: int) -> None:
        """Put `width` columns, 1 in the one a row's place names; -1 names none."""
        known = np.flatnonzero(np.asarray(places) >= 0)
        self._x[known, self._at + np.asarray(places)[known].astype(np.int64)] = 1
        self._at += width

    def is_full(self) -> None:
        """Hold the columns put to the columns named."""
        if self._at != self._x.shape[1]:
            raise AssertionError(f"{self._at} columns were put where {self._x.shape[1]} have names")


def _behaviour(filled: _Filler, state: FeatureState, rows: NDArray[np.int64], at: int) -> None:
    width = len(HALF_LIFE_DAYS)
    sums = state.sums[rows, ACT_SUMS].reshape(len(rows), len(ACTS), width)
    decayed = np.stack([state.decay(half, at) * sums[:, :, half] for half in range(width)], axis=2)
    counted = np.stack([decayed[:, number(act), half] for act, half in ACT_COLUMNS], axis=1)
    filled.put(squashed(counted, _FULL))
    newest = state.newest[rows][:, [number(act) for act in RECENT_ACTS]]
    filled.put(recency(newest, at, RECENCY_HALF_LIFE_DAYS))
    answers = decayed[:, number(Act.CLICK), LONG] + decayed[:, number(Act.REPLY), LONG]
    # One message is taken off every account, so that one answer to one message is no certainty.
    filled.put(np.minimum(answers / (decayed[:, number(Act.SENT), LONG] + 1), np.float32(1)))
    filled.put(squashed(state.values(rows, TOPIC_SUMS, LONG, at), FULL_TOPIC))
    filled.put(squashed(state.values(rows, ANSWERED_SUMS, LONG, at), FULL_KIND))


class _Company:
    """What colleagues did: sums over the people of each account, each row's own acts taken off."""

    def __init__(self, state: FeatureState, profiles: Profiles, rows: NDArray[np.int64], at: int) -> None:
        self._state, self._profiles, self._at = state, profiles, at
        account = profiles.account[rows].astype(np.int64)
        self._wanted = np.unique(account[account >= 0])
        owners, contacts = profiles.by_account
        entries, positions = entries_of(owners, self._wanted)
        n = len(self._wanted)
        self._totals = np.zeros((n, 5))
        levels = np.zeros((n, len(SENIORITIES)), bool)
        for start in range(0, len(entries), CHUNK_ROWS):
            members = contacts[entries[start : start + CHUNK_ROWS]]
            place = positions[start : start + CHUNK_ROWS]
            own = self._own(members)
            for column in range(own.shape[1]):
                np.add.at(self._totals[:, column], place, own[:, column])
            acted = own[:, 2] > 0
            levels[place[acted], profiles.seniority[members[acted]]] = True
        # An unknown seniority is no level.
        self._levels = levels[:, :-1].sum(axis=1)

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return shape (n, 6), 0 where there is no account."""
        found = np.zeros((len(rows), 6), np.float32)
        account = self._profiles.account[rows].astype(np.int64)
        has = np.flatnonzero(account >= 0)
        if not len(has):
            return found
        place = np.searchsorted(self._wanted, account[has])
        totals = self._totals[place]
        others = np.where(totals[:, 4:] > 1, np.maximum(totals - self._own(rows[has]), 0), 0)
        found[has, 0:2] = squashed(others[:, 0:2].astype(np.float32), FULL_COMPANY)
        found[has, 2] = np.minimum(np.log1p(others[:, 2]) / np.log(11), 1)
        found[has, 3] = np.minimum(np.log1p(others[:, 3]) / np.log(6), 1)
        found[has, 4] = self._levels[place] / (len(SENIORITIES) - 1)
        found[has, 5] = np.minimum(np.log1p(others[:, 4]) / np.log(101), 1)
        return found

    def _own(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Activity in weeks and in months, whether active, whether active and senior, and one; shape (n, 5)."""
        width, state = len(HALF_LIFE_DAYS), self._state
        sums = state.sums[rows, ACT_SUMS].reshape(len(rows), len(ACTS), width)
        engaged = [number(act) for act in ENGAGED]
        own = np.ones((len(rows), 5))
        for column, half in enumerate((_WEEKS, LONG)):
            own[:, column] = sums[:, engaged, half].sum(axis=1, dtype=np.float64) * state.decay(
                half, self._at
            )
        newest = state.newest[rows][:, engaged].max(axis=1).astype(np.int64)
        own[:, 2] = (newest > 0) & (newest >= self._at // 1_000_000 - ACTIVE_SECONDS)
        own[:, 3] = (own[:, 2] > 0) & np.isin(self._profiles.seniority[rows], SENIOR)
        return own


def _firm(filled: _Filler, profiles: Profiles, rows: NDArray[np.int64]) -> None:
    account = profiles.account[rows]
    has = account >= 0

    def of_account(column: NDArray[np.generic], missing: float) -> NDArray[np.generic]:
        found = np.full(len(rows), missing, column.dtype)
        found[has] = column[account[has]]
        return found

    filled.put(~has)
    for column, full in ((profiles.employees, EMPLOYEES_DIGITS), (profiles.revenue, REVENUE_DIGITS)):
        known = of_account(column, np.nan)
        missing = np.isnan(known)
        filled.put(np.clip(np.log10(1 + np.maximum(np.nan_to_num(known), 0)) / full, 0, 1), missing)
    industry = of_account(profiles.industry, -1)
    filled.put_one_of(industry, INDUSTRY_BUCKETS)
    filled.put(np.asarray(industry) < 0)
    own = profiles.country[rows]
    country = np.where(own >= 0, own, of_account(profiles.account_country, -1))
    filled.put_one_of(country, COUNTRY_BUCKETS)
    filled.put(country < 0)


def _role(filled: _Filler, profiles: Profiles, deals: Deals, rows: NDArray[np.int64], at: int) -> None:
    filled.put_one_of(profiles.seniority[rows], len(SENIORITIES))
    filled.put(deals.parts_at(rows, _second(at)))


def _stage(
    filled: _Filler, profiles: Profiles, state: FeatureState, rows: NDArray[np.int64], at: int
) -> None:
    stage, since = profiles.stages_at(rows, state.stages, at // 1_000_000)
    filled.put_one_of(stage, len(STAGES))
    days = np.maximum(at / 1e6 - since, 0) / _DAY
    filled.put(stage < 0, np.where(since < 0, 0, _long(days, 730)), since < 0)


def _deals(filled: _Filler, profiles: Profiles, deals: Deals, rows: NDArray[np.int64], at: int) -> None:
    now = deals.at(profiles.account[rows].astype(np.int64), _second(at))
    filled.put(
        np.minimum(np.log1p(now.open) / np.log(6), 1),
        np.clip(np.log10(1 + np.maximum(now.amount, 0)) / 7, 0, 1),
        now.unpriced > 0,
        np.where(np.isnan(now.renewal_days), 0, np.exp2(-np.maximum(now.renewal_days, 0) / 30)),
        np.where(np.isnan(now.stage_days), 0, _long(now.stage_days, 365)),
        (now.open > 0) & np.isnan(now.stage_days),
        np.minimum(np.log1p(now.won) / np.log(6), 1),
        np.minimum(np.log1p(now.lost) / np.log(6), 1),
    )


def _long(days: NDArray[np.float64], full: float) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.log1p(np.nan_to_num(days)) / np.log1p(full)
    return np.minimum(share, 1)


def _second(at: int) -> int:
    """The first second not before the moment: things of a second before it are known."""
    return -(-at // 1_000_000)

"""People alike as a decision may know of them: classes found once a week, in what everybody had shown by then.

A decision at t uses the classes of the start of its week, so that a week's decisions stand on the same ones and each
can be read again later: what is found depends on the state at that moment alone.
"""

from __future__ import annotations

from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from learning.features.acts import ACTS, HALF_LIFE_DAYS, Act, number
from learning.features.alike import Classes, Floats, Shown
from learning.features.events import EventColumns
from learning.features.profiles import DEPARTMENT_BUCKETS, SENIORITIES, Profiles
from learning.features.state import ACT_SUMS, ANSWERED_SUMS, LONG, SENT_SUMS, TOPIC_SUMS, FeatureState

WEEK = 7 * 86_400 * 1_000_000
"""Microseconds."""

MOST_LOOKED_AT = 4_096
"""Classes are found in so many contacts at most: more would tell the same."""

_OWN = [number(act) for act in (Act.VISIT, Act.FORM, Act.CONTENT)]
_MESSAGE = [number(act) for act in (Act.CLICK, Act.REPLY)]


def week_of(at: int) -> int:
    """Return when the week of a moment began, both in microseconds since 1970; weeks begin on Thursdays, UTC."""
    return at // WEEK * WEEK


def bring(state: FeatureState, profiles: Profiles, events: EventColumns, by: int) -> int:
    """Apply what is due by a moment, see `FeatureState.apply`, and find the classes of its week on the way.

    A state that was brought past the start of the week without classes finds them where it stands.
    """
    begun = week_of(by)
    if state.classes_of == begun:
        return state.apply(events, by, profiles)
    added = state.apply(events, max(begun, state.by), profiles)
    state.classes, state.classes_of = _found(_looked_at(state, profiles)), begun
    return added + state.apply(EventColumns.none(), by, profiles)


_FOUND: dict[bytes, Classes | None] = {}
"""The last classes found, by what they were found in: each campaign's past is read through the same weeks."""
_MOST_KEPT = 256


def _found(shown: Shown) -> Classes | None:
    told = blake2b(repr((shown.by_message, shown.groups)).encode(), digest_size=16)
    for part in (shown.topics, shown.answered, shown.sent, shown.acts, shown.words):
        told.update(np.ascontiguousarray(part).tobytes())
    key = told.digest()
    if key not in _FOUND:
        while len(_FOUND) >= _MOST_KEPT:
            _FOUND.pop(next(iter(_FOUND)), None)
        _FOUND[key] = Classes.fitted(shown)
    return _FOUND[key]


def shown_by(state: FeatureState, profiles: Profiles, rows: NDArray[np.int64], at: int) -> Shown:
    """Return what contacts had shown by a moment; rows of the roster, of shape (n,)."""
    sums = state.sums[rows, ACT_SUMS].reshape(len(rows), len(ACTS), len(HALF_LIFE_DAYS))[:, :, LONG]
    acts = sums.astype(np.float64) * state.decay(LONG, at)
    answers = acts[:, _MESSAGE].sum()
    return Shown(
        topics=_sums(state, rows, TOPIC_SUMS, at),
        answered=_sums(state, rows, ANSWERED_SUMS, at),
        sent=_sums(state, rows, SENT_SUMS, at),
        acts=acts[:, _OWN].sum(axis=1),
        words=_words(profiles, rows),
        groups=(DEPARTMENT_BUCKETS, len(SENIORITIES) - 1),
        by_message=float(answers / max(answers + acts[:, number(Act.CONTENT)].sum(), 1e-9)),
    )


def _sums(state: FeatureState, rows: NDArray[np.int64], columns: slice, at: int) -> Floats:
    return state.values(rows, columns, LONG, at).astype(np.float64)


def _words(profiles: Profiles, rows: NDArray[np.int64]) -> Floats:
    words = np.zeros((len(rows), DEPARTMENT_BUCKETS + len(SENIORITIES) - 1))
    department = profiles.department[rows].astype(np.int64)
    known = np.flatnonzero(department >= 0)
    words[known, department[known]] = 1
    seniority = profiles.seniority[rows].astype(np.int64)
    # An unknown seniority is no word.
    known = np.flatnonzero(seniority < len(SENIORITIES) - 1)
    words[known, DEPARTMENT_BUCKETS + seniority[known]] = 1
    return words


def _looked_at(state: FeatureState, profiles: Profiles) -> Shown:
    """What those who showed anything had shown, in an order that does not depend on rows."""
    everyone = np.arange(min(len(state.roster), len(profiles.seniority), len(state.sums)))
    shows = state.sums[everyone, TOPIC_SUMS.start : ANSWERED_SUMS.stop].any(axis=1)
    rows = np.flatnonzero(shows)
    ids = [state.roster.ids[row] for row in rows]
    order = sorted(range(len(ids)), key=lambda one: (crc32(ids[one].encode()), ids[one]))
    return shown_by(state, profiles, rows[order[:MOST_LOOKED_AT]], state.by)

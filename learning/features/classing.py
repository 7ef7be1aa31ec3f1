"""People alike as a decision may know of them: classes found once a week, in what everybody had shown by then.

A decision at t uses the classes of the start of its week, so that a week's decisions stand on the same ones and each
can be read again later: what is found depends on the state at that moment alone. Where next to nothing was known when
the week began (history was imported since), classes are found at the decision's own moment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.features.acts import ACTS, HALF_LIFE_DAYS, Act, number
from learning.features.alike import Classes, Floats, Shown
from learning.features.events import EventColumns
from learning.features.profiles import DEPARTMENT_BUCKETS, SENIORITIES, Profiles
from learning.features.state import ACT_SUMS, ANSWERED_SUMS, LONG, SENT_SUMS, TOPIC_SUMS, FeatureState

WEEK = 7 * 86_400 * 1_000_000
"""Microseconds."""

MOST_LOOKED_AT = 2_048
"""Classes are found in so many contacts at most, drawn by their ids: more would tell the same."""

_OWN = [number(act) for act in (Act.VISIT, Act.FORM, Act.CONTENT)]
_MESSAGE = [number(act) for act in (Act.CLICK, Act.REPLY)]


def week_of(at: int) -> int:
    """Return when the week of a moment began, both in microseconds since 1970; weeks begin on Thursdays, UTC."""
    return at // WEEK * WEEK


def bring(
    state: FeatureState, profiles: Profiles, events: EventColumns, by: int, *, is_weekly: bool = False
) -> int:
    """Apply what is due by a moment, and find the classes that a decision at that moment may know of.

    Args:
        state: brought to an earlier moment. One that was brought past the start of the week by other means finds its
            classes where it stands.
        profiles: laid out for the state's roster.
        events: in the order they reached us, see `FeatureState.apply`.
        by: microseconds since 1970, not before the last call's.
        is_weekly: find no classes but at the starts of weeks, for moments by the thousand.

    Raises:
        ValueError: for a moment before one that was applied; then nothing is changed.
    """
    if by < state.by:
        return state.apply(events, by, profiles)
    begun, added = week_of(by), 0
    if state.classes_of != begun:
        added = state.apply(events, max(begun, state.by), profiles)
        events = EventColumns.none()
        _find(state, profiles)
        state.classes_of = begun
    added += state.apply(events, by, profiles)
    is_late = state.classes is None or state.classes_by > begun
    if is_late and by > state.classes_by and not is_weekly:
        _find(state, profiles)
    return added


def _find(state: FeatureState, profiles: Profiles) -> None:
    state.classes, state.classes_by = Classes.fitted(_looked_at(state, profiles)), state.by


def shown_by(state: FeatureState, profiles: Profiles, rows: NDArray[np.int64], at: int) -> Shown:
    """Return what contacts had shown by a moment.

    Args:
        state: brought up to `at`.
        profiles: laid out for at least these rows.
        rows: shape (n,), rows of the roster.
        at: microseconds since 1970.
    """
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
    """What people showed, silence to messages included, in an order that does not depend on rows."""
    everyone = min(len(state.roster), len(profiles.seniority), len(state.sums))
    rows = np.flatnonzero(state.sums[:everyone, TOPIC_SUMS.start : SENT_SUMS.stop].any(axis=1))
    ids = state.roster.ids
    drawn = state.roster.draws()[rows]
    if len(rows) > MOST_LOOKED_AT:
        # Of two with one number at the edge both stay, and the order by id decides.
        edge = np.partition(drawn, MOST_LOOKED_AT - 1)[MOST_LOOKED_AT - 1]
        rows, drawn = rows[drawn <= edge], drawn[drawn <= edge]
    order = sorted(range(len(rows)), key=lambda one: (drawn[one], ids[rows[one]]))
    return shown_by(state, profiles, rows[order[:MOST_LOOKED_AT]], state.by)

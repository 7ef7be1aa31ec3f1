"""Landmarks: how contacts stood after a decision, and what came of them; what the value model learns from.

A sign is paid for when it happens, so that is when its chance is looked at: whoever replied two weeks ago and has no
meeting yet will hardly have one, and says little about a reply that came today. Each sign that changes how a contact
stands is a landmark, unless an answer of before is still fresh: what is left to hope of that one is another number. Of
contacts about whom nothing is fresh, the landmarks lie `signal_days` after decisions and at least that far apart, so
that one often decided about does not count as many.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal
from learning.attribution import Rule, parts_of
from learning.rewards import ACT_LEVELS, Path, states_at
from learning.signs import Signs
from learning.value import LEVELS, REVENUE, Followed, ValueModel
from learning.worth import goal_codes

_DAY_SECONDS = 86_400


def followed(
    signs: Signs,
    path: Path,
    contact: NDArray[np.int64],
    at: NDArray[np.datetime64],
    now: np.datetime64,
    goal: Goal,
    model: ValueModel,
) -> Followed:
    """Return contacts at their landmarks, and what came afterwards.

    Args:
        signs: everything that happened until `now`.
        path: what `path_of` returned for them; only its levels are used.
        contact: shape (n,), int, of each decision.
        at: shape (n,), datetime64[s], UTC.
        now: datetime64[s]; landmarks not before it are left out.
        goal: its outcome and `signal_days`.
        model: says which of several stages tells most.

    """
    quiet_contact, quiet_at = _spaced(contact, at, goal.signal_days)
    quiet = states_at(signs, path, quiet_contact, quiet_at, model, goal)
    is_quiet = ~_is_fresh(quiet)
    changed_contact, changed_at = _changes(signs, path, contact, at, goal)
    contact = np.concatenate([quiet_contact[is_quiet], changed_contact])
    landmark = np.concatenate([quiet_at[is_quiet], changed_at])
    is_past = landmark < now
    contact, landmark = contact[is_past], landmark[is_past]
    state = states_at(signs, path, contact, landmark, model, goal)

    s = signs.take(path.order)
    is_goal = np.isin(s.code, goal_codes(goal.outcome))
    goal_contact, goal_at = s.contact[is_goal], s.at[is_goal].astype("datetime64[s]").astype(np.int64)
    amount = np.where(np.isfinite(s.amount_cents), s.amount_cents, goal.worth_cents) * s.scale
    since = landmark.astype("datetime64[s]").astype(np.int64)
    if len(goal_at):
        origin = min(goal_at.min(), since.min(initial=goal_at.min()))
        stride = max(goal_at.max(), since.max(initial=goal_at.max())) - origin + 2
        key = goal_contact * stride + goal_at - origin
        found = np.searchsorted(key, contact * stride + since - origin, side="right")
        row = np.minimum(found, len(key) - 1)
        has = (found < len(key)) & (goal_contact[row] == contact)
        days = np.where(has, (goal_at[row] - since) / _DAY_SECONDS, np.inf)
        brought = np.where(has & (goal.outcome in REVENUE), amount[is_goal][row], np.nan)
    else:
        days, brought = np.full(len(contact), np.inf), np.full(len(contact), np.nan)
    follow = (now.astype("datetime64[s]").astype(np.int64) - since) / _DAY_SECONDS
    return Followed(state=state, goal_days=days, followed_days=follow, amount_cents=brought)


def _is_fresh(state: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell of which states a signal or an act is a part, shape (n,)."""
    return np.asarray(state[:, LEVELS:].any(axis=1) | state[:, ACT_LEVELS].any(axis=1))


def _changes(
    signs: Signs, path: Path, contact: NDArray[np.int64], at: NDArray[np.datetime64], goal: Goal
) -> tuple[NDArray[np.int64], NDArray[np.datetime64]]:
    """Return when, within the goal's window after a decision, a sign changed how a contact stood; each moment once."""
    s = signs.take(path.order)
    rows = np.flatnonzero(path.changes & ~s.closes)
    after = parts_of(s.contact[rows], s.at[rows], contact, at, float(goal.window_days), Rule.LAST)
    rows = rows[after.outcome]
    moments = np.unique(
        np.stack([s.contact[rows], s.at[rows].astype("datetime64[s]").astype(np.int64)]), axis=1
    )
    return moments[0], moments[1].astype("datetime64[s]")


def _spaced(
    contact: NDArray[np.int64], at: NDArray[np.datetime64], days: int
) -> tuple[NDArray[np.int64], NDArray[np.datetime64]]:
    """Landmarks `days` after decisions, each at least `days` after the contact's one before."""
    gap = np.timedelta64(days * _DAY_SECONDS, "s")
    order = np.lexsort((at, contact))
    kept: list[int] = []
    last_contact, last_at = -1, np.datetime64(0, "s")
    for row in order:
        if contact[row] != last_contact or at[row] - last_at >= gap:
            kept.append(int(row))
            last_contact, last_at = int(contact[row]), at[row]
    rows = np.array(kept, dtype=np.int64)
    return contact[rows], at[rows] + gap

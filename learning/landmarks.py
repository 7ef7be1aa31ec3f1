"""Landmarks: how contacts stood some days after a decision, and what came of them; what the value model learns from.

A contact's landmarks lie at least `signal_days` apart, so that one busy contact does not count as many.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal
from learning.rewards import Path, states_at
from learning.signs import Signs
from learning.value import REVENUE, Followed, ValueModel
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
    """Return contacts at their landmarks, `signal_days` after decisions, and what came afterwards.

    Args:
        signs: everything that happened until `now`.
        path: what `path_of` returned for them; only its levels are used.
        contact: shape (n,), int, of each decision.
        at: shape (n,), datetime64[s], UTC.
        now: datetime64[s]; landmarks not before it are left out.
        goal: its outcome and `signal_days`.
        model: says which of several stages tells most.

    """
    contact, landmark = _spaced(contact, at, goal.signal_days)
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

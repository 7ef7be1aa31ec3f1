"""Learning curves: what decisions brought, week by week, of each arm.

One week holds few answers, so each point covers the `SPAN_WEEKS` weeks that end with it. The curves show what happened;
whether a difference between them means anything is the lift's to say.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from app.lifts import account_numbers
from app.outcomes import Gathered
from app.signs import second
from domain.base import Noun
from domain.campaign import Outcome
from domain.decision import Arm
from domain.events import EventKind
from learning.funnel import Z95, wilson
from learning.lift import LEAST_ARM
from learning.signs import SIGNALS, stage_code

SPAN_WEEKS = 4
ANSWER_DAYS = 7
"""A click, a reply or a meeting so soon after a message is an answer to it."""

_WEEK_SECONDS = 7 * 86_400
_DAY = np.timedelta64(86_400, "s")
_MONDAY = 4 * 86_400
"""1970 began on a Thursday: so many seconds later it was Monday."""


class CurvePoint(Noun):
    """One arm's last `SPAN_WEEKS` weeks up to and including the week that begins on Monday `week`.

    messages, answered: sent, and answered within `ANSWER_DAYS`, of those old enough to tell. share, low, high: of
    messages answered with Wilson's interval; None for fewer than `LEAST_ARM` messages. decisions, cents, cents_low,
    cents_high: mean of what answers to a decision are expected to bring, less harm and cost, of those whose early
    signals are in, with a 95 % interval that knows of accounts; None for fewer than `LEAST_ARM` contacts. (Not of the
    reward: one deal lost or won by those decided about would bend a curve for weeks.)
    """

    arm: Arm
    week: date
    messages: int
    answered: int
    share: float | None
    low: float | None
    high: float | None
    decisions: int
    cents: float | None
    cents_low: float | None
    cents_high: float | None


def curve_of(gathered: Gathered) -> tuple[CurvePoint, ...]:
    """Return the curves of what was gathered, by arm and week."""
    if not gathered.lines:
        return ()
    decided, goal = gathered.decided, gathered.goal
    now = second(gathered.now)
    arm = np.array([line.arm.value for line in gathered.lines], dtype=object)
    is_message = np.array([line.asset_id is not None for line in gathered.lines], dtype=bool)
    decided_at = np.array([second(line.decided_at) for line in gathered.lines], dtype="datetime64[s]")
    week = (decided_at.astype(np.int64) - _MONDAY) // _WEEK_SECONDS
    old = now - decided.at
    telling = old >= min(goal.signal_days, goal.window_days) * _DAY
    counted = telling & (decided.sent | ~is_message)
    asked = decided.sent & (old >= ANSWER_DAYS * _DAY)
    answered = asked & answers_within(gathered, ANSWER_DAYS)
    rewards = gathered.rewards
    worth = rewards.answers.worth_cents + rewards.harm_cents + rewards.cost_cents
    account = account_numbers(gathered.account_ids)[decided.contact]
    points = []
    # Messages that members asked for went to whom they picked: beside the arms they would look like a fourth.
    for one in (arm for arm in Arm if arm is not Arm.ASKED):
        for last in range(int(week.min()), int(week.max()) + 1):
            span = (arm == one.value) & (week <= last) & (week > last - SPAN_WEEKS)
            # A week of which nothing can be told yet has no point of its own: it would repeat the one before.
            if not (span & (week == last) & (counted | asked)).any():
                continue
            rows = span & counted
            points.append(
                CurvePoint(
                    arm=one,
                    week=date(1970, 1, 5) + timedelta(weeks=last),
                    messages=int((span & asked).sum()),
                    answered=int((span & answered).sum()),
                    decisions=int(rows.sum()),
                    **_share(int((span & answered).sum()), int((span & asked).sum())),
                    **_mean(worth[rows], decided.contact[rows], account[rows]),
                )
            )
    return tuple(points)


def answers_within(gathered: Gathered, days: int) -> NDArray[np.bool_]:
    """Shape (n,): whether the contact clicked, replied or met us within some days after each decision."""
    codes = (
        SIGNALS.index(EventKind.EMAIL_CLICKED),
        stage_code(Outcome.REPLY),
        stage_code(Outcome.MEETING),
    )
    signs, decided = gathered.signs, gathered.decided
    kept = np.isin(signs.code, codes)
    contact, at = signs.contact[kept], signs.at[kept].astype(np.int64)
    origin = min(int(at.min(initial=0)), int(decided.at.astype(np.int64).min(initial=0)))
    asked = decided.at.astype(np.int64) - origin
    stride = max(int((at - origin).max(initial=0)), int(asked.max(initial=0)) + days * 86_400) + 2
    key = np.sort(contact * stride + (at - origin))
    base = decided.contact * stride + asked
    after = np.searchsorted(key, base, side="right")
    until = np.searchsorted(key, base + days * 86_400, side="right")
    return np.asarray(until > after)


def _share(answered: int, messages: int) -> dict[str, float | None]:
    if messages < LEAST_ARM:
        return {"share": None, "low": None, "high": None}
    told = wilson(answered, messages)
    return {"share": told.value, "low": told.low, "high": told.high}


def _mean(
    worth: NDArray[np.float64], contact: NDArray[np.int64], account: NDArray[np.int64]
) -> dict[str, float | None]:
    """Mean with the interval of a mean of accounts: decisions about one account move together."""
    if len(np.unique(contact)) < LEAST_ARM:
        return {"cents": None, "cents_low": None, "cents_high": None}
    mean = float(worth.mean())
    groups, of_group = np.unique(account, return_inverse=True)
    sums = np.bincount(of_group, worth - mean)
    error = math.sqrt(float(sums @ sums) * len(groups) / max(len(groups) - 1, 1)) / len(worth)
    return {"cents": mean, "cents_low": mean - Z95 * error, "cents_high": mean + Z95 * error}

"""What a stage on the way to a goal is worth before anything was seen: the goal's worth × the chance of it.

One table of documented chances, `P(won | stage)`, serves every goal that is a standing: on the way to a purchase
a contact passes it, so P(won | stage) = P(goal | stage) · P(won | goal), and the chance of the goal is the ratio of
two entries. Goals that are acts, and renewals, have tables of their own. All are starting points with the weight
of `PRIOR_CONTACTS` contacts each; data replaces them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal, Outcome
from learning.signs import ACTS, LADDER, stage_code

PRIOR_CONTACTS = 8.0
"""How many observed contacts the documented chance of one stage weighs as much as: so few that a threefold
chance of an SQL (0.30 for 0.10) lies two standard deviations out, as far as published benchmarks scatter."""

WON_CHANCES: tuple[float, ...] = (0.005, 0.02, 0.03, 0.08, 0.10, 0.25, 1.0, 1.0)
"""P(won | nothing, reply, MQL, meeting, SQL, opportunity, won, renewed).

House defaults that imply lead→MQL 17 %, MQL→SQL 30 %, SQL→opportunity 40 %, opportunity→won 25 %. Published
B2B benchmarks scatter by a factor of three around each (MQL→SQL alone from 13 to 40 %), which is why they
weigh little and a campaign file may say better."""

REPLY_CHANCES: tuple[float, ...] = (0.03, 1.0, 0.06, 0.15, 0.12, 0.15, 0.08, 0.08)
MEETING_CHANCES: tuple[float, ...] = (0.01, 0.20, 0.04, 1.0, 0.15, 0.20, 0.04, 0.04)
"""P(reply, or meeting, within the window | …) in the same order. An act is not passed on the way: an SQL may
still have to answer, so these are not ratios. House defaults: few cold contacts answer, warmer ones two to
five times as many, and one answer in five becomes a meeting."""

RENEWED_CHANCES: tuple[float, ...] = (0.75, 0.80, 0.75, 0.85, 0.75, 0.85, 0.75, 1.0)
"""P(renewed | …): most contracts renew by themselves, so a renewal is mostly not our doing."""


def goal_level(outcome: Outcome) -> int:
    """Return the level of a goal: 0 is 'no stage', 1 … 7 are those of `LADDER`."""
    return 1 + LADDER.index(outcome)


def goal_codes(outcome: Outcome) -> NDArray[np.int64]:
    """Return the codes of signs that are the goal: an act itself; a standing or any beyond it."""
    if outcome in ACTS:
        return np.array([stage_code(outcome)])
    beyond = LADDER[LADDER.index(outcome) :]
    return np.array([stage_code(stage) for stage in beyond if stage not in ACTS])


def prior_chances(outcome: Outcome) -> NDArray[np.float64]:
    """Return shape (8,), in (0, 1]: chance of the goal at each level; 1 at the goal and beyond."""
    own = {
        Outcome.REPLY: REPLY_CHANCES,
        Outcome.MEETING: MEETING_CHANCES,
        Outcome.RENEWED: RENEWED_CHANCES,
    }
    if outcome in own:
        return np.array(own[outcome])
    won = np.array(WON_CHANCES)
    return np.asarray(np.minimum(won / won[goal_level(outcome)], 1.0))


def given_worths(goal: Goal) -> NDArray[np.float64]:
    """Return shape (8,), cents: what the campaign file says a level is worth, NaN where it says nothing."""
    given = np.full(1 + len(LADDER), np.nan)
    for stage, cents in goal.stage_worths_cents.items():
        given[1 + LADDER.index(stage)] = cents
    return given

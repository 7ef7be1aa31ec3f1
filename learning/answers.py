"""What a message's answers are worth: what learners are taught.

Everybody's life goes on beside a campaign: people read pages, move on and buy without us. Credited to what was decided
last, that is noise, hundreds of times as large as what one message changes, and a learner would need that many times
the decisions to see through it. A message works through being answered. So a learner is taught what an answer is
expected to bring by the value model (a surrogate index: Athey, Chetty, Imbens & Kang 2019), and nothing where there was
none: silence brings nothing by definition, and a message what it adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal
from learning.attribution import Rule, parts_of
from learning.signs import ANSWERS, Signs


@dataclass(frozen=True)
class Answers:
    """Of n decisions: answered, shape (n,), bool; worth_cents, shape (n,), at least 0, of what was answered."""

    answered: NDArray[np.bool_]
    worth_cents: NDArray[np.float64]


def answers_of(
    signs: Signs,
    gain_cents: NDArray[np.float64],
    contact: NDArray[np.int64],
    at: NDArray[np.datetime64],
    sent: NDArray[np.bool_],
    goal: Goal,
) -> Answers:
    """Return what each decision's answers are worth.

    An answer (a click, a reply) is to the latest message before it. What follows the answer is not counted besides: it
    is expected in it already.

    Args:
        signs: m of them.
        gain_cents: shape (m,), what each changed, hopes standing.
        contact, at, sent: of n decisions, as in `Decided`.
        goal: how long signs count.
    """
    n, touches = len(contact), np.flatnonzero(sent)
    is_answer = np.isin(signs.code, ANSWERS)
    rows = np.flatnonzero(is_answer)
    window = float(min(goal.signal_days, goal.window_days))
    own = parts_of(signs.contact[rows], signs.at[rows], contact[touches], at[touches], window, Rule.LAST)
    answer, message = rows[own.outcome], touches[own.touch]
    answered = np.zeros(n, dtype=bool)
    answered[message] = True
    worth = np.bincount(message, gain_cents[answer], minlength=n).astype(float)
    return Answers(answered, np.maximum(worth, 0.0))

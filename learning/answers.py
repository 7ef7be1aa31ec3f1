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

from domain.campaign import Goal, Outcome
from domain.events import EventKind
from learning.attribution import Rule, parts_of
from learning.signs import ANSWERS, LADDER, SIGNALS, Signs
from learning.value import ValueModel

CLICK = SIGNALS.index(EventKind.EMAIL_CLICKED)
REPLY_LEVEL = 1 + LADDER.index(Outcome.REPLY)


@dataclass(frozen=True)
class Answers:
    """Of n decisions: answered, shape (n,), bool; worth_cents, shape (n,), at least 0, of what was answered."""

    answered: NDArray[np.bool_]
    worth_cents: NDArray[np.float64]


def answers_of(
    signs: Signs,
    level: NDArray[np.int64],
    model: ValueModel,
    contact: NDArray[np.int64],
    at: NDArray[np.datetime64],
    sent: NDArray[np.bool_],
    goal: Goal,
) -> Answers:
    """Return what each decision's answers are worth, at companies of usual size.

    An answer (a click, a reply) is to the latest message before it. What follows the answer is not counted besides: it
    is expected in it already. Each answer is paid in full, also where another is still fresh: it is to another message.

    Args:
        signs: m of them.
        level: shape (m,), int, the standing of their contacts then, 0 … len(LADDER); acts not counted.
        model: what stages and signals are worth.
        contact, at, sent: of n decisions, as in `Decided`.
        goal: how long signs count.
    """
    n, touches = len(contact), np.flatnonzero(sent)
    rows = np.flatnonzero(np.isin(signs.code, ANSWERS))
    window = float(min(goal.signal_days, goal.window_days))
    own = parts_of(signs.contact[rows], signs.at[rows], contact[touches], at[touches], window, Rule.LAST)
    answer, message = rows[own.outcome], touches[own.touch]
    answered = np.zeros(n, dtype=bool)
    answered[message] = True
    cents = price_of(signs.code[answer], level[answer], model)
    return Answers(answered, np.bincount(message, cents, minlength=n).astype(float))


def price_of(code: NDArray[np.int64], level: NDArray[np.int64], model: ValueModel) -> NDArray[np.float64]:
    """Return shape (r,), cents ≥ 0: what r answers are expected to bring, by the standing of who gave them.

    What a reply adds is learned where no stage is reached. At a stage it is taken to win the same share of what is not
    won yet. Where the goal is reached nothing is left to win.
    """
    stage = model.level_cents[level]
    none, cap = float(model.level_cents[0]), model.cap_cents
    share = (model.level_cents[REPLY_LEVEL] - none) / max(cap - none, 1e-9)
    reply = np.clip(share, 0, 1) * np.maximum(cap - stage, 0)
    click = np.clip(model.signal_cents[CLICK], 0, np.maximum(cap - stage, 0))
    return np.where(model.is_goal[level], 0.0, np.where(code == CLICK, click, reply))

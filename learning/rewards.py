"""Rewards: what a decision brought, as the expected value after its signs minus the expected value before.

Each sign moves its contact from one state to the next, and the gain is the difference of the two states'
worths. Gains telescope: over any stretch they sum to the last state's worth minus the first's, so a contact
who was an SQL already gives nobody credit for being one, and a lost deal takes back what its opening gave.
(Such differences of a potential leave the best choice unchanged: Ng, Harada & Russell (1999), ICML.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal, Outcome
from learning.answers import Answers, answers_of
from learning.attribution import Parts, Rule, parts_of
from learning.lapse import lapsed
from learning.signs import ACTS, ANSWERS, FIRST_STAGE, LADDER, LEFT, LOST, SIGNALS, Signs, stage_code
from learning.value import LEVELS, REVENUE, ValueModel

UNSUBSCRIBED, COMPLAINED = 0, 1
"""Codes of harm."""

_Number = TypeVar("_Number", np.int64, np.float64)
_ACTS = tuple(stage_code(stage) for stage in ACTS)
ACT_LEVELS = [1 + LADDER.index(stage) for stage in ACTS]
"""Levels that are acts, and pass."""
_DEALS = (stage_code(Outcome.WON), stage_code(Outcome.RENEWED))


@dataclass(frozen=True)
class Path:
    """m signs in order of contact and time, with the standing each one led to.

    order: shape (m,), int, rows of the signs as they were given.
    level: shape (m,), int, furthest standing of the cycle after the sign, 0 … len(LADDER); acts not counted.
    gain_cents: shape (m,), worth after minus worth before.
    changes: shape (m,), bool, whether the contact stood otherwise after the sign than before, and no act of before was
        still fresh, nor a click unless the sign is an act.
    """

    order: NDArray[np.int64]
    level: NDArray[np.int64]
    gain_cents: NDArray[np.float64]
    changes: NDArray[np.bool_]


def path_of(signs: Signs, model: ValueModel, goal: Goal) -> Path:
    """Walk every contact's signs and return what each one changed.

    A contact starts without a stage: what stood before must be among the signs with its time. Standings last
    for the cycle; an act counts for the goal's window and a signal for `signal_days`, then both can gain again.
    Where the goal is revenue, a won deal is worth its amount (the goal's worth where none is known), be that
    more or less than was expected of it, and the next cycle starts anew.
    """
    order = np.lexsort((signs.code, signs.at, signs.contact))
    s = signs.take(order)
    is_first = np.ones(len(s), dtype=bool)
    is_first[1:] = (s.contact[1:] != s.contact[:-1]) | s.closes[:-1]
    segment = is_first.cumsum() - 1

    levels = model.level_cents
    is_standing = _is_stage(s.code) & ~np.isin(s.code, _ACTS)
    level = np.where(is_standing, s.code - FIRST_STAGE + 1, 0)
    own = np.maximum(np.where(is_standing, levels[level] * s.scale, levels[0]), levels[0])
    level_run, worth_run = _running_max(level, segment), _running_max(own, segment)
    level_before = np.where(is_first, 0, np.roll(level_run, 1))
    worth_before = np.where(is_first, levels[0], np.roll(worth_run, 1))

    acts, acts_before = _fresh(s, _ACTS, _windows(goal)[list(_ACTS)])
    fresh, fresh_before = _fresh(s, tuple(range(FIRST_STAGE)), np.full(FIRST_STAGE, float(goal.signal_days)))
    after = _worth(worth_run, level_run, acts, fresh, model)
    before = _worth(worth_before, level_before, acts_before, fresh_before, model)
    is_revenue = s.closes & np.isin(s.code, _DEALS) & (level >= model.level) & (goal.outcome in REVENUE)
    revenue = np.where(np.isfinite(s.amount_cents), s.amount_cents, goal.worth_cents) * s.scale
    after = np.select([s.code == LOST, s.code == LEFT, is_revenue], [levels[0], 0.0, revenue], after)
    is_new = (acts & ~acts_before).any(axis=1) | (fresh & ~fresh_before).any(axis=1)
    answers = [code for code in ANSWERS if code < FIRST_STAGE]
    is_act = (acts & ~acts_before).any(axis=1)
    is_late = acts_before.any(axis=1) | (fresh_before[:, answers].any(axis=1) & ~is_act)
    return Path(order, level_run, after - before, ((level_run > level_before) | is_new) & ~is_late)


def _worth(
    standing_cents: NDArray[np.float64],
    level: NDArray[np.int64],
    acts: NDArray[np.bool_],
    fresh: NDArray[np.bool_],
    model: ValueModel,
) -> NDArray[np.float64]:
    """Worth of states: the goal's where it is reached, else the most telling stage and the signals on top."""
    act_cents = (acts * model.level_cents[ACT_LEVELS]).max(axis=1, initial=0.0)
    stage_cents = np.maximum(standing_cents, act_cents)
    with_signals = np.clip(stage_cents + fresh @ model.signal_cents, 0, model.cap_cents)
    if model.level in ACT_LEVELS:
        reached = acts[:, ACT_LEVELS.index(model.level)]
        return np.where(reached, model.cap_cents, with_signals)
    return np.where(level >= model.level, standing_cents, with_signals)


def _running_max(values: NDArray[_Number], segment: NDArray[np.int64]) -> NDArray[_Number]:
    """The largest value so far within each segment; exact, because ranks and not sums are accumulated."""
    known, rank = np.unique(values, return_inverse=True)
    top = np.maximum.accumulate(rank + segment * len(known))
    return np.asarray(known[top - segment * len(known)])


def _fresh(
    s: Signs, codes: tuple[int, ...], days: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What of these codes is fresh at each row, shape (m, codes): with the row itself, and without it."""
    row = np.arange(len(s))
    fresh = np.zeros((len(s), len(codes)), dtype=bool)
    before = np.zeros((len(s), len(codes)), dtype=bool)
    for column, code in enumerate(codes):
        last = np.maximum.accumulate(np.where(s.code == code, row, -1))
        for target, at_row in ((fresh, last), (before, np.concatenate([[-1], last[:-1]])[: len(s)])):
            seen = np.maximum(at_row, 0)
            is_same = (at_row >= 0) & (s.contact[seen] == s.contact)
            target[:, column] = is_same & (_days(s.at - s.at[seen]) < days[column])
    return fresh, before


def _days(span: NDArray[np.timedelta64]) -> NDArray[np.float64]:
    return np.asarray(span.astype("timedelta64[s]").astype(float) / 86_400)


@dataclass(frozen=True)
class Decided:
    """n decisions as they were carried out.

    contact: shape (n,), int.
    at: shape (n,), datetime64[s], UTC: when the message left, else when silence was decided.
    sent: shape (n,), bool: a message left, or may have.
    cost_cents: shape (n,), ≥ 0: what the model took.
    """

    contact: NDArray[np.int64]
    at: NDArray[np.datetime64]
    sent: NDArray[np.bool_]
    cost_cents: NDArray[np.float64]


@dataclass(frozen=True)
class Rewards:
    """What n decisions brought so far.

    reward_cents: shape (n,).
    stage_cents: shape (n, 3): from signals, from stages, from losses of deals and customers.
    harm_cents: shape (n,), ≤ 0: unsubscribes and complaints.
    cost_cents: shape (n,), ≤ 0: the message and the model.
    parts: which sign (row as given) gave which decision which share.
    gain_cents: shape (m,), gain of each sign as given; 0 where it lapsed.
    answers: what the decisions' answers are worth, hopes standing: what a learner is taught.
    """

    reward_cents: NDArray[np.float64]
    stage_cents: NDArray[np.float64]
    harm_cents: NDArray[np.float64]
    cost_cents: NDArray[np.float64]
    parts: Parts
    gain_cents: NDArray[np.float64]
    answers: Answers


def rewards_of(
    signs: Signs,
    harm: Signs,
    decided: Decided,
    model: ValueModel,
    goal: Goal,
    now: np.datetime64 | None = None,
    rule: Rule = Rule.TIME_DECAY,
    size: NDArray[np.float64] | None = None,
) -> Rewards:
    """Return the rewards of n decisions from everything that happened to their contacts.

    Every decision before a sign shares in it, silence included: were silence left out, a message would be
    paid for what would have happened anyway. Clicks and replies answer messages, and are shared by the messages alone;
    so is harm.

    Args:
        signs: what happened, long enough before the first decision to tell what stood.
        harm: codes `UNSUBSCRIBED` and `COMPLAINED`.
        decided: the decisions.
        model: what states are worth.
        goal: windows and costs.
        now: datetime64[s]: hopes older than the goal's window lapse; None leaves them standing.
        rule: how an outcome is parted among decisions.
        size: shape (contacts,), how many times the usual deal each contact's account is expected to bring: all that
            is expected of it is worth so much more; what a deal did bring is worth what it brought. None for 1.

    """
    n, m = len(decided.contact), len(signs)
    path = path_of(signs if size is None else signs.in_usual_deals(size), model, goal)
    gain = np.empty(m)
    gain[path.order] = path.gain_cents
    if size is not None:
        gain *= size[signs.contact]
    sent = np.flatnonzero(decided.sent)
    parts = _parts(signs, decided, sent, goal, rule)
    level = np.empty(m, dtype=np.int64)
    level[path.order] = path.level
    answers = answers_of(signs, level, model, decided.contact, decided.at, decided.sent, goal)
    if size is not None:
        answers = replace(answers, worth_cents=answers.worth_cents * size[decided.contact])
    if now is not None:
        gain[lapsed(signs, goal, now)] = 0.0
    stage = np.zeros((n, 3))
    for column, rows in enumerate((signs.code < FIRST_STAGE, _is_stage(signs.code), signs.code >= LOST)):
        stage[:, column] = parts.credit(np.where(rows, gain, 0.0), n)

    price = np.array([goal.unsubscribe_cost_cents, goal.complaint_cost_cents])
    blamed = parts_of(
        harm.contact, harm.at, decided.contact[sent], decided.at[sent], float(goal.window_days), rule
    )
    harm_cents = np.zeros(n)
    harm_cents[sent] = -blamed.credit(price[harm.code], len(sent))
    cost = -(decided.cost_cents + goal.contact_cents * decided.sent)
    return Rewards(stage.sum(axis=1) + harm_cents + cost, stage, harm_cents, cost, parts, gain, answers)


def _parts(signs: Signs, decided: Decided, sent: NDArray[np.int64], goal: Goal, rule: Rule) -> Parts:
    """Part every sign among the decisions it may be due to; sent: rows of those a message left for."""
    window, everyone = _windows(goal)[signs.code], np.arange(len(decided.contact))
    is_answer = np.isin(signs.code, ANSWERS)
    found = []
    for rows, touches in ((np.flatnonzero(~is_answer), everyone), (np.flatnonzero(is_answer), sent)):
        parts = parts_of(
            signs.contact[rows],
            signs.at[rows],
            decided.contact[touches],
            decided.at[touches],
            window[rows],
            rule,
        )
        found.append(parts.of(rows, touches))
    return Parts.joined(*found)


def _windows(goal: Goal) -> NDArray[np.float64]:
    """Days after a decision in which a sign of each code still counts, shape (codes,)."""
    days = np.full(LEFT + 1, float(goal.window_days))
    days[:FIRST_STAGE] = min(goal.signal_days, goal.window_days)
    for stage, given in goal.stage_windows_days.items():
        days[stage_code(stage)] = given
    return days


def _is_stage(code: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (code >= FIRST_STAGE) & (code < FIRST_STAGE + len(LADDER))


def states_at(
    signs: Signs,
    path: Path,
    contact: NDArray[np.int64],
    at: NDArray[np.datetime64],
    model: ValueModel,
    goal: Goal,
) -> NDArray[np.float64]:
    """Return shape (q, WIDTH): the state of each contact right after `at` (what happens at `at` is in it).

    Args:
        signs: as given to `path_of`.
        path: what `path_of` returned for them.
        contact: shape (q,), int.
        at: shape (q,), datetime64[s], UTC.
        model: says which of several stages tells most.
        goal: how long acts and signals stay fresh.

    """
    s = signs.take(path.order)
    state = np.zeros((len(contact), LEVELS + len(SIGNALS)))
    rank = np.argsort(model.order)
    # Each contact's signs are one run of the sorted rows; the last one not after `at` holds the standing.
    found = _last_row(s.contact, s.at, contact, at)
    level = np.zeros(len(contact), dtype=np.int64)
    known = np.flatnonzero(found >= 0)
    level[known] = np.where(s.closes[found[known]], 0, path.level[found[known]])
    fresh = np.zeros((len(contact), FIRST_STAGE + len(_ACTS)), dtype=bool)
    days = np.concatenate([np.full(FIRST_STAGE, float(goal.signal_days)), _windows(goal)[list(_ACTS)]])
    for column, code in enumerate((*range(FIRST_STAGE), *_ACTS)):
        rows = s.code == code
        if rows.any():
            last = _last_row(s.contact[rows], s.at[rows], contact, at)
            age = _days(at - s.at[rows][np.maximum(last, 0)])
            fresh[:, column] = (last >= 0) & (age < days[column])
    for column, act in enumerate(ACT_LEVELS):
        tells_more = fresh[:, FIRST_STAGE + column] & (rank[act] > rank[level])
        level = np.where(tells_more, act, level)
    state[np.arange(len(contact)), level] = 1
    state[:, LEVELS:] = fresh[:, :FIRST_STAGE]
    return state


def _last_row(
    contact: NDArray[np.int64],
    at: NDArray[np.datetime64],
    whose: NDArray[np.int64],
    when: NDArray[np.datetime64],
) -> NDArray[np.int64]:
    """For each (whose, when) the last of the sorted rows of that contact not after it; -1 where none is."""
    if len(contact) == 0:
        return np.full(len(whose), -1)
    seconds = at.astype("datetime64[s]").astype(np.int64)
    asked = when.astype("datetime64[s]").astype(np.int64)
    origin = min(seconds.min(), asked.min(initial=seconds.min()))
    stride = max(seconds.max(), asked.max(initial=seconds.max())) - origin + 1
    found = (
        np.searchsorted(contact * stride + seconds - origin, whose * stride + asked - origin, side="right")
        - 1
    )
    is_same = (found >= 0) & (contact[np.maximum(found, 0)] == whose)
    return np.where(is_same, found, -1)

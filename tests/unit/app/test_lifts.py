"""Arms compared: the learner against the others that send, and a worth never without its doubt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from app.lift_words import sentence
from app.lifts import contests, give_or_take, lift_lines
from domain.campaign import Outcome
from domain.decision import Arm
from learning.cohort import Cohort
from learning.lift import LEAST_ARM, Telling, lift
from learning.signs import LADDER, SIGNALS
from learning.worth import prior_chances

GOAL = Outcome.MEETING


def compared(
    chances: dict[Arm, float], contacts: int = 4_000, goal: Outcome = GOAL
) -> tuple[Any, Cohort, NDArray[np.object_], NDArray[np.bool_]]:
    """As many contacts an arm; each gets to the goal as likely as is said."""
    rng = np.random.default_rng(7)
    arm = np.repeat([one.value for one in chances], contacts).astype(object)
    reached = np.zeros((len(arm), len(LADDER)), dtype=bool)
    reached[:, LADDER.index(goal)] = rng.random(len(arm)) < np.repeat(list(chances.values()), contacts)
    nothing = np.zeros(len(arm))
    cohort = Cohort(reached, nothing.astype(int), nothing, np.zeros((len(arm), len(SIGNALS) + 1)))
    gathered = SimpleNamespace(account_ids=[None] * len(arm), goal=SimpleNamespace(outcome=goal))
    return cast(Any, gathered), cohort, arm, np.ones(len(arm), dtype=bool)


def test_the_learner_is_held_against_every_other_arm_that_sends() -> None:
    lines = contests(*compared({Arm.LEARNED: 0.2, Arm.USUAL: 0.1, Arm.EXPLORE: 0.2, Arm.HOLDOUT: 0.0}))
    told = {(line.against, line.what): line for line in lines}
    assert set(told) == {
        (other, what) for other in (Arm.USUAL, Arm.EXPLORE) for what in ("meeting", "reply", "revenue")
    }
    assert {line.arm for line in lines} == {Arm.LEARNED}
    better = told[Arm.USUAL, "meeting"]
    assert better.telling is Telling.BETTER
    assert better.low is not None and better.high is not None
    assert better.low < 0.1 < better.high
    assert "usual practice has" in sentence(better, "USD")
    assert told[Arm.EXPLORE, "meeting"].telling is not Telling.BETTER
    assert told[Arm.USUAL, "revenue"].estimate is None


def test_a_goal_of_replies_is_compared_once() -> None:
    lines = contests(*compared({Arm.LEARNED: 0.2, Arm.USUAL: 0.1}, goal=Outcome.REPLY))
    assert [line.what for line in lines] == ["reply", "revenue"]


def test_where_the_learner_decides_for_nobody_there_is_no_contest() -> None:
    assert contests(*compared({Arm.USUAL: 0.2, Arm.HOLDOUT: 0.1})) == ()


def test_more_contacts_are_of_all_whatever_is_done_to_them() -> None:
    """With three more arms as large, as many contacts of the two that are compared are 5/2 as many of all."""
    two = compared({Arm.LEARNED: 0.10, Arm.HOLDOUT: 0.101}, contacts=1_000)
    alone = next(line for line in lift_lines(*two) if line.what == GOAL.value)
    gathered, cohort, arm, _ = two
    bystanders = 3_000
    more = Cohort(
        np.vstack([cohort.reached, np.zeros((bystanders, len(LADDER)), dtype=bool)]),
        np.zeros(len(arm) + bystanders, dtype=int),
        np.zeros(len(arm) + bystanders),
        np.zeros((len(arm) + bystanders, len(SIGNALS) + 1)),
    )
    all_arms = np.concatenate([arm, np.full(bystanders, Arm.USUAL.value, dtype=object)])
    gathered.account_ids += [None] * bystanders
    beside = next(
        line
        for line in lift_lines(gathered, more, all_arms, np.ones(len(all_arms), dtype=bool))
        if line.what == GOAL.value and line.arm is Arm.LEARNED
    )
    assert alone.estimate is None
    assert beside.estimate is None
    assert abs(beside.more_contacts / alone.more_contacts - 2.5) < 0.01


def test_renewals_are_compared_where_they_are_the_goal_or_were_seen() -> None:
    def told(goal: Outcome) -> set[str]:
        return {line.what for line in lift_lines(*compared({Arm.LEARNED: 0.2, Arm.HOLDOUT: 0.1}, 100, goal))}

    assert "renewed" not in told(Outcome.MEETING)
    assert {"renewed", "meeting", "won"} <= told(Outcome.RENEWED)


def test_a_worth_of_few_contacts_has_no_doubt_to_give_and_is_not_shown() -> None:
    assert give_or_take(np.ones(LEAST_ARM - 1), np.arange(LEAST_ARM - 1)) is None


def test_a_worth_that_one_rare_win_bends_or_nothing_moves_has_none_either() -> None:
    rare = np.zeros(60)
    rare[0] = 100_000.0
    assert give_or_take(rare, np.arange(60)) is None
    assert give_or_take(np.zeros(400), np.arange(400)) is None
    assert give_or_take(np.tile([0.0, 9_000.0], 200), np.zeros(400, dtype=int)) is None


def test_a_pair_nobody_of_which_has_a_closed_window_asks_for_no_millions_of_millions() -> None:
    gathered, cohort, arm, closed = compared({Arm.LEARNED: 0.1, Arm.EXPLORE: 0.1, Arm.USUAL: 0.1}, 1_000)
    closed = closed & (arm == Arm.USUAL.value)
    told = next(line for line in contests(gathered, cohort, arm, closed) if line.against is Arm.EXPLORE)
    nobody = lift(np.zeros(0), np.zeros(0, dtype=bool), expected_mean=float(prior_chances(GOAL)[0]))
    assert told.more_contacts == pytest.approx(1.5 * nobody.more_contacts, rel=0.01)


def test_colleagues_who_move_together_are_one_witness() -> None:
    """Ten people of each account with one fate say no more than one of each: the doubt is theirs."""
    cents = np.random.default_rng(3).normal(0, 500, 200)
    apart = give_or_take(cents, np.arange(200))
    together = give_or_take(np.repeat(cents, 10), np.repeat(np.arange(200), 10))
    assert apart is not None and together is not None
    assert abs(together / apart - 1) < 1e-3
    as_if_alone = give_or_take(np.repeat(cents, 10), np.arange(2_000))
    assert as_if_alone is not None and as_if_alone < apart / 2


def test_the_interval_of_a_worth_holds_at_every_look() -> None:
    """Of 200 campaigns looked at after every 25 contacts, fewer than one in ten ever left out the truth."""
    rng, wrong = np.random.default_rng(11), 0
    for _ in range(200):
        cents = rng.exponential(400, 600) - 400
        looks = range(100, 601, 25)
        wrong += any(abs(cents[:n].mean()) > (give_or_take(cents[:n], np.arange(n)) or 0) for n in looks)
    assert wrong < 20

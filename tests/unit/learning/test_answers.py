"""What learners are taught: what a message's answer is expected to bring, and nothing that would have come anyway."""

from __future__ import annotations

import numpy as np
import pytest

from domain.campaign import Goal, Outcome
from learning.answers import price_of
from learning.rewards import COMPLAINED, UNSUBSCRIBED, Decided, rewards_of
from learning.signs import Signs
from learning.value import prior_model
from tests.unit.learning.signs_made import code_of, day, deal, decided, joined, signs

GOAL = Goal(outcome=Outcome.MEETING, worth_cents=40_000, window_days=30, signal_days=14, contact_cents=25)
MODEL = prior_model(GOAL)
REPLY = 0.19 * 40_000
"""A reply raises the documented chance of a meeting from 1 to 20 in a hundred."""


def taught(seen: Signs, made: Decided, now: float | None = None) -> tuple[list[bool], list[float]]:
    moment = None if now is None else day(now)[0]
    found = rewards_of(seen, signs(), made, MODEL, GOAL, moment).answers
    return found.answered.tolist(), found.worth_cents.tolist()


def test_what_people_do_by_themselves_pays_neither_message_nor_silence() -> None:
    life = joined(
        signs(
            (0, 1, "page_viewed"), (0, 2, "mql"), (1, 1, "form_submitted"), (1, 3, "sql"), (1, 4, "meeting")
        ),
        deal([(0, 5, "won", 1.0, 9_000_000.0)]),
    )
    assert taught(life, decided((0, 0, True), (1, 0, False))) == ([False, False], [0, 0])


def test_an_answer_is_to_the_latest_message_and_never_to_a_silence() -> None:
    made = decided((0, 0, True), (0, 7, True), (0, 8, False))
    answered, worth = taught(signs((0, 9, "reply")), made)
    assert answered == [False, True, False]
    assert worth == pytest.approx([0, REPLY, 0])


def test_each_message_that_is_answered_is_paid_in_full_though_another_answer_is_fresh() -> None:
    made = decided((0, 0, True), (0, 7, True), (0, 14, True))
    answered, worth = taught(signs((0, 1, "reply"), (0, 8, "reply"), (0, 15, "reply")), made)
    assert answered == [True, True, True] and worth == pytest.approx([REPLY, REPLY, REPLY])


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_reply_is_worth_something_at_every_stage_short_of_the_goal(outcome: Outcome) -> None:
    model = prior_model(Goal(outcome=outcome, worth_cents=40_000))
    levels = np.flatnonzero(~model.is_goal)
    price = price_of(np.full(len(levels), code_of("reply")), levels, model)
    assert (price > 0).all()
    assert (price + model.level_cents[levels] <= model.cap_cents + 1e-9).all()
    reached = np.flatnonzero(model.is_goal)
    assert not price_of(np.full(len(reached), code_of("reply")), reached, model).any()


def test_an_sql_has_less_left_to_win_by_a_reply_than_one_without_a_stage() -> None:
    made = decided((0, 2, True), (1, 2, True))
    _, worth = taught(signs((0, 1, "sql"), (0, 3, "reply"), (1, 3, "reply")), made)
    assert worth == pytest.approx([0.85 / 0.99 * REPLY, REPLY])


def test_what_an_answer_leads_to_is_expected_in_it_already() -> None:
    made = decided((0, 0, True))
    one = taught(signs((0, 1, "reply")), made)
    assert taught(signs((0, 1, "reply"), (0, 3, "meeting")), made) == one
    assert one[0] == [True] and one[1] == pytest.approx([REPLY])


def test_the_hope_in_an_answer_does_not_lapse_for_a_learner() -> None:
    made, seen = decided((0, 0, True)), signs((0, 1, "reply"))
    assert rewards_of(seen, signs(), made, MODEL, GOAL, day(60)[0]).reward_cents[0] == pytest.approx(-25)
    assert taught(seen, made, now=60) == taught(seen, made)


def test_a_click_of_which_nothing_is_expected_yet_is_an_answer_all_the_same() -> None:
    assert taught(signs((0, 1, "email_clicked")), decided((0, 0, True))) == ([True], [0])


def test_an_answer_that_comes_too_late_is_to_nothing() -> None:
    assert taught(signs((0, 15, "reply")), decided((0, 0, True))) == ([False], [0])


@pytest.mark.parametrize("what", [UNSUBSCRIBED, COMPLAINED])
def test_harm_is_told_beside_it(what: int) -> None:
    harm = Signs.personal(np.array([0]), day(1), np.array([what]))
    found = rewards_of(signs(), harm, decided((0, 0, True)), MODEL, GOAL)
    assert found.harm_cents[0] < 0 and not found.answers.answered[0]

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import Goal, Outcome
from domain.events import EventKind
from learning.rewards import COMPLAINED, UNSUBSCRIBED, Rewards, path_of, rewards_of, states_at
from learning.signs import SIGNALS, Signs
from learning.value import LEVELS, WIDTH, ValueModel, prior_model
from tests.unit.learning.signs_made import day, deal, decided, joined, signs

MEETING = Goal(outcome=Outcome.MEETING, worth_cents=40_000, contact_cents=0)
WON = Goal(outcome=Outcome.WON, worth_cents=1_000_000, window_days=180, contact_cents=0)
NOTHING = signs()


def reward(
    seen: Signs, *decisions: tuple[int, float, bool], goal: Goal = MEETING, harm: Signs = NOTHING
) -> Rewards:
    return rewards_of(seen, harm, decided(*decisions), prior_model(goal), goal)


def with_signals(goal: Goal, chance: float) -> ValueModel:
    model = prior_model(goal)
    mean = model.mean.copy()
    mean[LEVELS:] = chance
    return ValueModel(mean, model.covariance, model.goal_cents, model.given_cents, model.level, 30.0)


def test_a_meeting_brings_the_goal_s_worth_less_what_a_cold_contact_is_worth() -> None:
    found = reward(signs((0, 3, "meeting")), (0, 0, True))
    # P(meeting | nothing) = 0.01.
    assert found.reward_cents == pytest.approx([40_000 * (1 - 0.01)])


def test_a_contact_who_is_an_sql_already_gives_no_credit_for_it() -> None:
    goal = WON
    again = signs((0, -50, "sql"), (0, 2, "sql"), (0, 3, "mql"), (0, 4, "meeting"))
    assert reward(again, (0, 0, True), goal=goal).reward_cents == pytest.approx([0])


def test_an_sql_may_still_have_to_answer_so_its_reply_counts() -> None:
    goal = Goal(outcome=Outcome.REPLY, worth_cents=10_000, contact_cents=0)
    for standing in ("mql", "sql", "won"):
        seen = signs((0, -90, standing), (0, 3, "reply"))
        assert reward(seen, (0, 0, True), goal=goal).reward_cents[0] > 8_000


def test_an_act_counts_once_in_its_window_and_again_when_that_has_passed() -> None:
    worth = 40_000 * (1 - 0.01)
    seen = signs((0, 3, "meeting"), (0, 8, "meeting"), (0, 60, "meeting"))
    assert reward(seen, (0, 0, True), (0, 55, True)).reward_cents == pytest.approx([worth, worth])


def test_a_skipped_stage_gives_the_whole_step() -> None:
    one_by_one = reward(signs((0, 1, "mql"), (0, 2, "sql")), (0, 0, True), goal=WON)
    at_once = reward(signs((0, 2, "sql")), (0, 0, True), goal=WON)
    assert one_by_one.reward_cents == pytest.approx(at_once.reward_cents)
    assert at_once.reward_cents == pytest.approx([1_000_000 * (0.10 - 0.005)])


def test_what_happened_before_the_decision_or_after_its_window_brings_it_nothing() -> None:
    found = reward(signs((0, -1, "reply"), (1, 31, "reply")), (0, 0, True), (1, 0, True))
    assert found.reward_cents == pytest.approx([0, 0])


def test_a_stage_s_own_window_stands_over_the_goal_s() -> None:
    goal = MEETING.model_copy(update={"stage_windows_days": {Outcome.MEETING: 60}})
    found = reward(signs((0, 45, "meeting"), (1, 45, "reply")), (0, 0, True), (1, 0, True), goal=goal)
    assert found.reward_cents[0] > 0
    assert found.reward_cents[1] == 0


def test_an_early_signal_is_worth_nothing_until_the_value_model_says_otherwise() -> None:
    seen = signs((0, 1, "email_clicked"), (0, 2, "page_viewed"))
    assert reward(seen, (0, 0, True)).reward_cents == pytest.approx([0])
    found = rewards_of(seen, NOTHING, decided((0, 0, True)), with_signals(MEETING, 0.02), MEETING)
    assert found.reward_cents == pytest.approx([2 * 0.02 * 40_000])
    assert found.stage_cents[0] == pytest.approx([1_600, 0, 0])


def test_an_open_is_no_signal() -> None:
    assert EventKind.EMAIL_OPENED not in SIGNALS


def test_a_signal_that_is_fresh_already_brings_nothing_again() -> None:
    seen = signs((0, -2, "page_viewed"), (0, 1, "page_viewed"))
    found = rewards_of(seen, NOTHING, decided((0, 0, True)), with_signals(MEETING, 0.02), MEETING)
    assert found.reward_cents == pytest.approx([0])


def test_reaching_the_goal_takes_the_signals_advance_back() -> None:
    seen = signs((0, 1, "email_clicked"), (0, 3, "meeting"))
    found = rewards_of(seen, NOTHING, decided((0, 0, True)), with_signals(MEETING, 0.1), MEETING)
    assert found.reward_cents == pytest.approx([40_000 * (1 - 0.01)])


def test_a_lost_deal_takes_back_what_its_opening_gave() -> None:
    seen = joined(signs((0, 5, "opportunity")), deal([(0, 60, "lost", 1.0, np.nan)]))
    found = reward(seen, (0, 0, True), goal=WON)
    assert found.reward_cents == pytest.approx([0])
    assert found.stage_cents[0, 1] == pytest.approx(245_000)
    assert found.stage_cents[0, 2] == pytest.approx(-245_000)


def test_a_won_deal_s_amount_corrects_what_was_credited_for_the_opportunity() -> None:
    opened = signs((0, 5, "opportunity"))
    early = reward(opened, (0, 0, True), goal=WON).reward_cents[0]
    for amount in (3_000_000.0, 50_000.0):
        late = reward(joined(opened, deal([(0, 90, "won", 1.0, amount)])), (0, 0, True), goal=WON)
        assert late.reward_cents == pytest.approx([amount - 5_000])
    assert early == pytest.approx(245_000)


def test_a_deal_won_by_three_people_is_worth_once_its_amount() -> None:
    seen = deal([(c, 40, "won", 1 / 3, 900_000.0) for c in range(3)])
    found = reward(seen, (0, 0, True), (1, 1, True), (2, 2, True), goal=WON)
    base = 3 * prior_model(WON).level_cents[0]
    assert found.reward_cents.sum() == pytest.approx(900_000 - base)


def test_a_second_purchase_counts_again() -> None:
    seen = deal([(0, 10, "won", 1.0, 100_000.0), (0, 50, "won", 1.0, 100_000.0)])
    assert reward(seen, (0, 0, True), goal=WON).reward_cents == pytest.approx([2 * 95_000])


def test_silence_shares_in_what_followed_it() -> None:
    found = reward(signs((0, 8, "meeting")), (0, 0, True), (0, 7, False))
    assert (found.reward_cents > 0).all()
    assert found.reward_cents.sum() == pytest.approx(40_000 * (1 - 0.01))


@pytest.mark.parametrize("what", ["reply", "email_clicked"])
def test_an_answer_is_the_messages_own_and_nobody_answers_silence(what: str) -> None:
    model = with_signals(MEETING, 0.1)
    seen, decisions = signs((0, 3, what), (1, 3, what)), decided((0, 0, True), (0, 2, False), (1, 2, False))
    found = rewards_of(seen, NOTHING, decisions, model, MEETING)
    assert found.reward_cents[0] > 1_000
    assert found.reward_cents[0] == pytest.approx(found.gain_cents[0])
    assert found.reward_cents[1:] == pytest.approx([0, 0])
    visit = rewards_of(
        signs((0, 3, "page_viewed"), (1, 3, "page_viewed")), NOTHING, decisions, model, MEETING
    )
    assert visit.reward_cents[1] > visit.reward_cents[0] > 0
    assert visit.reward_cents[2] == pytest.approx(visit.reward_cents[:2].sum())


def test_harm_is_charged_to_messages_and_never_to_silence() -> None:
    harm = Signs.personal(np.zeros(2, dtype=np.int64), day([8, 8]), np.array([UNSUBSCRIBED, COMPLAINED]))
    found = reward(NOTHING, (0, 0, True), (0, 7, False), harm=harm)
    assert found.reward_cents == pytest.approx([-(400 + 2_000), 0])


def test_a_message_and_its_model_cost_what_they_cost() -> None:
    goal = MEETING.model_copy(update={"contact_cents": 2.0})
    made = decided((0, 0, True), (1, 0, False))
    made.cost_cents[:] = (3.5, 0)
    found = rewards_of(NOTHING, NOTHING, made, prior_model(goal), goal)
    assert found.reward_cents == pytest.approx([-5.5, 0])


def test_a_person_s_worth_of_a_stage_stands_over_the_derived_one() -> None:
    goal = MEETING.model_copy(update={"stage_worths_cents": {Outcome.REPLY: 9_000}})
    found = reward(signs((0, 1, "reply")), (0, 0, True), goal=goal)
    assert found.reward_cents == pytest.approx([9_000 - 400])


WHAT = ("reply", "mql", "meeting", "sql", "opportunity", "email_clicked", "form_submitted", "trial_started")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 13), st.sampled_from(WHAT)), max_size=12))
def test_gains_sum_to_the_last_state_s_worth_less_the_first_s(
    told: list[tuple[int, int, str]],
) -> None:
    seen, model = signs(*told), with_signals(WON, 0.01)
    found = rewards_of(seen, NOTHING, decided((0, 0, True), (1, 0, True), (2, 0, True)), model, WON)
    contacts, at = np.arange(3), day([13.5] * 3)
    first = states_at(seen, path_of(seen, model, WON), contacts, day([0] * 3), model, WON)
    last = states_at(seen, path_of(seen, model, WON), contacts, at, model, WON)
    assert first[:, 0].all() and last.shape == (3, WIDTH)
    assert found.reward_cents == pytest.approx(model.expect(last) - model.expect(first))


@given(st.permutations(range(6)))
def test_the_order_signs_are_given_in_does_not_matter(order: list[int]) -> None:
    told = [
        (0, 1, "reply"),
        (0, 4, "meeting"),
        (1, 2, "mql"),
        (1, 2, "page_viewed"),
        (0, 9, "sql"),
        (2, 3, "reply"),
    ]
    seen = signs(*told)
    made = ((0, 0, True), (0, 3, False), (1, 0, True), (2, 5, True))
    expected = reward(seen, *made).reward_cents
    assert reward(seen.take(np.array(order)), *made).reward_cents == pytest.approx(expected)


def test_a_deal_opened_before_the_first_decision_pays_nothing_on_average_won_or_lost() -> None:
    # Were only what was credited since the first decision taken back, everything decided about people in open deals
    # would look good by what happens anyway.
    opened = (0, -20, "opportunity", 1.0, np.nan)
    chance = prior_model(WON).mean[5]
    won, lost = (
        reward(deal([opened, (0, 9, how, 1.0, np.nan)]), (0, 0, True), goal=WON).reward_cents[0]
        for how in ("won", "lost")
    )
    cold = prior_model(WON).level_cents[0]
    assert lost < 0 < won
    # What a cold contact is worth is all that is left after a loss.
    assert chance * won + (1 - chance) * (lost - cold) == pytest.approx(0)


def test_what_is_expected_of_a_larger_company_is_worth_more_and_what_a_deal_brought_what_it_brought() -> None:
    seen = joined(
        signs((0, 2, "sql"), (1, 2, "sql")),
        deal([(0, 9, "won", 1.0, 3_000_000.0), (1, 9, "won", 1.0, 500_000.0)]),
    )
    size = np.array([2.0, 0.5])
    by_day = [
        rewards_of(seen, NOTHING, decided((0, at, True), (1, at, True)), prior_model(WON), WON, size=size)
        for at in (0, 5)
    ]
    late = by_day[1].reward_cents
    sql, cold = prior_model(WON).level_cents[[4, 0]]
    assert late == pytest.approx([3_000_000 - 2 * sql, 500_000 - 0.5 * sql])
    assert by_day[0].reward_cents == pytest.approx([3_000_000 - 2 * cold, 500_000 - 0.5 * cold])

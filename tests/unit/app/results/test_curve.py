from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import numpy as np

from app.outcomes import Gathered
from app.results.credit import credited
from app.results.curve import SPAN_WEEKS, answers_within, curve_of
from domain.campaign import Campaign, Goal, Outcome
from domain.decision import Arm
from domain.people import DealKind
from learning.attribution import Rule
from learning.deal_size import DealSizes
from learning.lift import LEAST_ARM
from learning.rewards import Decided
from learning.signs import Signs
from memory.crm.outcomes import DealStory, DecisionLine
from tests.unit.learning.signs_made import NOON, day, deal, signs

NOON_AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
GOAL = Goal(outcome=Outcome.WON, worth_cents=100_000, window_days=30)


def gathered(
    told: Sequence[tuple[int, float, Arm, str | None]],
    happened: Signs,
    now: float,
    deals: tuple[DealStory, ...] = (),
) -> Gathered:
    """Decisions as (contact, day, arm, asset or None for silence); every message left at once."""
    contacts = max(who for who, *_ in told) + 1
    lines = tuple(
        DecisionLine(
            id=f"d_{i}",
            campaign_id="c",
            contact_id=f"c_{who}",
            account_id=f"a_{who}",
            arm=arm,
            action_key="silence" if asset is None else f"{asset}|email|now",
            asset_id=asset,
            decided_at=NOON_AT + timedelta(days=at),
            left_at=None if asset is None else NOON_AT + timedelta(days=at),
            outcome=None,
            cost_micros=0,
        )
        for i, (who, at, arm, asset) in enumerate(told)
    )
    return Gathered(
        campaign=Campaign(id="c", name="C", goal=GOAL),
        now=NOON_AT + timedelta(days=now),
        contact_ids=tuple(f"c_{i}" for i in range(contacts)),
        account_ids=tuple(f"a_{i}" for i in range(contacts)),
        lines=lines,
        decided=Decided(
            contact=np.array([who for who, *_ in told]),
            at=day([at for _, at, *_ in told]),
            sent=np.array([asset is not None for *_, asset in told]),
            cost_cents=np.zeros(len(told)),
        ),
        signs=happened,
        harm=signs(),
        sizes=DealSizes(),
        size=np.ones(contacts),
        deals=deals,
    )


def test_an_answer_comes_after_the_message_and_within_its_days() -> None:
    told = [(0, 0, Arm.LEARNED, "guide"), (1, 0, Arm.LEARNED, "guide"), (2, 5, Arm.LEARNED, "guide")]
    happened = signs((0, 7, "reply"), (1, 7.1, "reply"), (2, 4.9, "email_clicked"))
    assert answers_within(gathered(told, happened, 60), 7).tolist() == [True, False, False]


def test_a_visit_or_another_contact_s_reply_is_no_answer() -> None:
    told = [(0, 0, Arm.LEARNED, "guide"), (1, 0, Arm.LEARNED, "guide")]
    assert answers_within(
        gathered(told, signs((0, 1, "page_viewed"), (1, 1, "meeting")), 60), 7
    ).tolist() == [
        False,
        True,
    ]


def test_a_point_covers_the_weeks_that_end_with_it_and_no_others() -> None:
    # Forty contacts a week for six weeks; all of the first week's answer, none after.
    told = [(40 * week + i, 7 * week, Arm.LEARNED, "guide") for week in range(6) for i in range(40)]
    found = curve_of(gathered(told, signs(*((i, 1, "reply") for i in range(40))), 100))
    assert [point.week for point in found] == [date(2026, 3, 9) + timedelta(weeks=week) for week in range(6)]
    assert [point.messages for point in found] == [40, 80, 120, 160, 160, 160]
    assert [point.answered for point in found] == [40] * SPAN_WEEKS + [0, 0]
    assert found[1].share == 0.5


def test_too_few_messages_have_counts_and_no_share() -> None:
    told = [(i, 0, Arm.LEARNED, "guide") for i in range(LEAST_ARM - 1)]
    (point,) = curve_of(gathered(told, signs((0, 1, "reply")), 60))
    assert (point.messages, point.answered, point.share, point.cents) == (LEAST_ARM - 1, 1, None, None)


def test_what_had_no_time_to_be_answered_is_not_counted_as_unanswered() -> None:
    told = [(i, 0, Arm.LEARNED, "guide") for i in range(40)]
    assert curve_of(gathered(told, signs(), 6.9)) == ()


def test_a_mean_of_few_accounts_is_less_sure_than_of_many() -> None:
    told = [(i, 0, Arm.LEARNED, "guide") for i in range(60)]
    many = gathered(told, signs(*((i, 3, "reply") for i in range(30))), 60)
    few = Gathered(**{**vars(many), "account_ids": tuple(f"a_{i // 30}" for i in range(60))})
    wide, narrow = curve_of(few)[0], curve_of(many)[0]
    assert wide.cents == narrow.cents
    assert (wide.messages, wide.share) == (60, 0.5)
    assert cast(float, wide.cents_high) - cast(float, wide.cents_low) > 2 * (
        cast(float, narrow.cents_high) - cast(float, narrow.cents_low)
    )


def test_deals_that_would_have_come_or_gone_anyway_do_not_bend_the_worth_of_decisions() -> None:
    """Nobody answered: whatever their companies bought or lost, what was decided is expected to cost its sending."""
    told = [(i, 0, Arm.LEARNED, "guide") for i in range(40)] + [
        (40 + i, 0, Arm.HOLDOUT, None) for i in range(40)
    ]
    happened = deal([(i, 3, "won" if i % 2 else "lost", 1.0, 10_000) for i in range(80)])
    points = curve_of(gathered(told, happened, 60))
    assert {point.arm: point.cents for point in points} == {Arm.LEARNED: -GOAL.contact_cents, Arm.HOLDOUT: 0}
    replied = curve_of(gathered(told, signs(*((i, 1, "reply") for i in range(40))), 60))
    worth = {point.arm: cast(float, point.cents) for point in replied}
    assert worth[Arm.HOLDOUT] == 0 < worth[Arm.LEARNED]


def story(**changes: Any) -> DealStory:
    given: dict[str, Any] = {
        "id": "deal",
        "account_id": "a_0",
        "kind": DealKind.NEW,
        "amount_cents": 5_000,
        "currency": "EUR",
        "opened_at": NOON_AT,
        "closed_at": NOON_AT + timedelta(days=20),
        "is_open": False,
        "is_won": True,
        "people": (),
    }
    return DealStory(**{**given, **changes})


def test_each_rule_credits_all_that_was_bought_and_no_more() -> None:
    told = [(0, at, Arm.LEARNED, asset) for at, asset in ((0, "first"), (10, "middle"), (18, "last"))]
    found = credited(gathered(told, deal([(0, 20, "won", 1.0, 10_000)]), 60))
    for rule in Rule:
        assert round(sum(line.cents[rule] for line in found.lines), 2) == 10_000
    by_asset = {line.asset_id: line.cents for line in found.lines}
    assert by_asset["last"][Rule.LAST] == 10_000
    parts = [round(by_asset[one][Rule.POSITION]) for one in ("first", "middle", "last")]
    assert parts == [4_000, 2_000, 4_000]
    assert found.total_cents == 10_000


def test_a_purchase_with_no_message_before_it_credits_nothing() -> None:
    told = [(0, 25, Arm.LEARNED, "late"), (1, 0, Arm.HOLDOUT, None)]
    found = credited(gathered(told, deal([(0, 20, "won", 1.0, 10_000), (1, 20, "won", 1.0, 9_000)]), 60))
    assert (found.lines, found.total_cents) == ((), 0)


def test_purchases_in_other_money_are_told_by_currency_and_never_added() -> None:
    told = [(0, 0, Arm.LEARNED, "guide")]
    deals = (
        story(),
        story(id="2", amount_cents=None),
        story(id="3", currency="USD"),
        story(id="4", account_id="a_other"),
        story(id="5", kind=DealKind.RENEWAL),
        story(id="6", is_won=False),
        story(id="7", closed_at=NOON_AT - timedelta(days=1)),
        story(id="8", amount_cents=700),
    )
    left_out = credited(gathered(told, signs(), 60, deals)).left_out
    assert [(one.currency, one.deals, one.cents) for one in left_out] == [("EUR", 2, 5_700), (None, 1, 0)]
    assert NOON.astype(datetime) == NOON_AT.replace(tzinfo=None)

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.dossier import OpenMessage
from policies.competition import compete, must_give_way
from policies.pressure import PressureLimit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = (PressureLimit.in_days(2, 7), PressureLimit.in_hours(1, 16))


def rival(value: float | None, hours: float, *, approved: bool = True, name: str = "r") -> OpenMessage:
    return OpenMessage(
        entry_id=name,
        campaign_id=f"campaign-{name}",
        planned_at=NOON + timedelta(hours=hours),
        is_approved=approved,
        value_cents=value,
    )


def test_with_a_place_for_everyone_nobody_gives_way() -> None:
    contest = compete(1.0, NOON, (rival(100.0, 48),), (), LIMITS)
    assert contest.wins
    assert contest.gives_way == ()


def test_at_the_cap_the_message_worth_more_wins() -> None:
    sent = (NOON - timedelta(days=2),)
    contest = compete(500.0, NOON, (rival(100.0, 48),), sent, LIMITS)
    assert contest.wins
    assert [one.entry_id for one in contest.gives_way] == ["r"]


def test_the_losers_reason_names_the_winner_and_both_worths() -> None:
    sent = (NOON - timedelta(days=2),)
    contest = compete(100.0, NOON, (rival(50_000.0, 48),), sent, LIMITS)
    assert not contest.wins
    for words in ("campaign-r", "500.00", "1.00", "at most 2 in 7 days"):
        assert words in contest.reason


def test_of_equal_worth_the_one_on_its_way_stays() -> None:
    assert not compete(100.0, NOON, (rival(100.0, 2),), (), LIMITS).wins


def test_where_a_worth_is_unknown_the_one_on_its_way_stays() -> None:
    assert not compete(100.0, NOON, (rival(None, 2),), (), LIMITS).wins
    assert not compete(None, NOON, (rival(100.0, 2),), (), LIMITS).wins


def test_two_rivals_together_may_be_worth_more_than_one_newcomer() -> None:
    both = (rival(60.0, -2, name="a"), rival(60.0, 15, name="b"))
    assert not compete(100.0, NOON, both, (), LIMITS).wins
    assert compete(130.0, NOON, both, (), LIMITS).wins


def test_what_was_already_sent_leaves_no_place_whatever_the_worth() -> None:
    contest = compete(1e9, NOON, (), (NOON - timedelta(hours=3),), LIMITS)
    assert not contest.wins
    assert "already sent" in contest.reason


def test_at_sending_only_an_approved_rival_worth_more_takes_the_place() -> None:
    sent = (NOON - timedelta(days=2),)
    assert must_give_way(10.0, NOON, (rival(500.0, 3),), sent, LIMITS)
    assert must_give_way(10.0, NOON, (rival(500.0, 3, approved=False),), sent, LIMITS) is None
    assert must_give_way(10.0, NOON, (rival(5.0, 3),), sent, LIMITS) is None
    assert must_give_way(10.0, NOON, (rival(500.0, 24 * 9),), sent, LIMITS) is None


VALUES = st.one_of(st.none(), st.floats(min_value=-1e6, max_value=1e6))
RIVALS = st.lists(st.tuples(VALUES, st.integers(min_value=-100, max_value=300)), max_size=5)


@given(VALUES, RIVALS, st.lists(st.integers(min_value=1, max_value=400), max_size=4))
def test_a_winner_leaves_everyone_within_the_limits_once_the_losers_are_gone(
    value: float | None, drawn: list[tuple[float | None, int]], sent_hours: list[int]
) -> None:
    rivals = [rival(worth, hours, name=str(at)) for at, (worth, hours) in enumerate(drawn)]
    sent = [NOON - timedelta(hours=hours) for hours in sent_hours]
    contest = compete(value, NOON, rivals, sent, LIMITS)
    if contest.wins and (contest.gives_way or not rivals):
        gone = {one.entry_id for one in contest.gives_way}
        kept = [one.planned_at for one in rivals if one.entry_id not in gone]
        for limit in LIMITS:
            assert limit.allows([at for at in (*sent, *kept) if at <= NOON], NOON)
    if contest.gives_way:
        assert value is not None
        assert value > sum(one.value_cents or 0.0 for one in contest.gives_way)

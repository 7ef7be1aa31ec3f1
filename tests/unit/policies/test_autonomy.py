"""Earned autonomy: what a class has to show, what nothing waives, and what ends it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl

from domain.autonomy import ActionClass, Advice, Day, Grant, GrantState, TrackRecord
from domain.campaign import Campaign, Goal, Outcome
from domain.content import ApprovedClaim, ContentAsset
from domain.message import Stakes, StakesLevel, StakesReason
from policies.autonomy import (
    bad_day,
    is_looked_at,
    lower_bound,
    may_go_alone,
    standing,
    with_autonomy,
    words_sha256,
)
from policies.rulebook import load_rulebook

RULES = load_rulebook().autonomy
LOW = ActionClass(campaign_id="spring", asset_id="guide", level=StakesLevel.LOW)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINOR = StakesReason(code="assist", text="Everything is reviewed", is_minor=True)
FIRST = StakesReason(code="first_contact", text="Our first message")
BOSS = StakesReason(code="executive", text="A CEO", is_locked=True)
EDITED = StakesReason(code="edited", text="A reviewer changed it", is_locked=True)
QUIET = Day()
WORDS = "5" * 64
LOOKED_AT = next(f"d_{n}" for n in range(1_000) if is_looked_at(f"d_{n}", RULES.check_share))
NOT_LOOKED_AT = next(f"d_{n}" for n in range(1_000) if not is_looked_at(f"d_{n}", RULES.check_share))


def granted(state: GrantState = GrantState.GRANTED, decided_then: int = 30) -> Grant:
    return Grant(
        action_class=LOW, state=state, by="m_1", at=NOON, decided_then=decided_then, words_sha256=WORDS
    )


def test_the_bound_is_that_of_the_published_sequence() -> None:
    # All 30 succeeded: the mixture is 1/31, so the bound solves p**30 = 0.05 / 31.
    assert lower_bound(30, 30, 0.95) == pytest.approx((0.05 / 31) ** (1 / 30), abs=1e-9)
    assert lower_bound(0, 12, 0.95) == 0.0
    assert lower_bound(0, 0, 0.95) == 0.0
    with pytest.raises(ValueError, match="no share"):
        lower_bound(3, 2, 0.95)


@given(trials=st.integers(1, 400), data=st.data())
def test_the_bound_is_below_the_share_and_grows_with_every_success(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    bound = lower_bound(successes, trials, 0.95)
    assert 0 <= bound <= successes / trials
    assert bound <= lower_bound(successes + 1, trials + 1, 0.95) + 1e-12
    assert lower_bound(successes, trials + 1, 0.95) <= bound + 1e-12


def test_looking_after_every_review_is_wrong_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(400):
        seen = np.cumsum(rng.random(60) < 0.8)
        wrong += any(lower_bound(int(s), n, 0.95) > 0.8 for n, s in enumerate(seen, start=1))
    assert wrong <= 0.05 * 400


@pytest.mark.parametrize(
    ("reasons", "level"),
    [
        ((), StakesLevel.LOW),
        ((MINOR,), StakesLevel.LOW),
        ((MINOR, FIRST), StakesLevel.ORDINARY),
        ((MINOR, EDITED), StakesLevel.ORDINARY),
        ((MINOR, BOSS), StakesLevel.HIGH),
        ((BOSS, EDITED), StakesLevel.HIGH),
    ],
)
def test_stakes_are_as_high_as_their_highest_reason(
    reasons: tuple[StakesReason, ...], level: StakesLevel
) -> None:
    assert Stakes(reasons=reasons).level is level


def test_a_granted_class_goes_alone_and_says_what_was_waived() -> None:
    after = with_autonomy(Stakes(reasons=(MINOR, FIRST)), True, NOT_LOOKED_AT, RULES)
    assert not after.asks_a_person
    assert after.waived == (MINOR, FIRST)
    assert after.level is StakesLevel.ORDINARY


@pytest.mark.parametrize("reason", [BOSS, EDITED])
def test_a_locked_reason_is_never_waived(reason: StakesReason) -> None:
    asked = Stakes(reasons=(MINOR, reason))
    assert with_autonomy(asked, True, NOT_LOOKED_AT, RULES) == asked


def test_without_a_grant_nothing_changes() -> None:
    asked = Stakes(reasons=(MINOR,))
    assert with_autonomy(asked, False, NOT_LOOKED_AT, RULES) == asked
    assert with_autonomy(Stakes(), True, LOOKED_AT, RULES) == Stakes()


def test_some_of_a_granted_class_are_still_looked_at() -> None:
    after = with_autonomy(Stakes(reasons=(MINOR,)), True, LOOKED_AT, RULES)
    assert [reason.code for reason in after.reasons] == ["spot_check", "assist"]
    assert after.level is StakesLevel.LOW
    drawn = sum(is_looked_at(f"x{n}", 0.1) for n in range(5_000))
    assert 430 <= drawn <= 570


@pytest.mark.parametrize(
    ("day", "wrong"),
    [
        (QUIET, None),
        (Day(record=TrackRecord(unedited=4, rejected=1)), None),
        (Day(record=TrackRecord(unedited=1, edited=1, rejected=1)), "2 of 3"),
        (Day(record=TrackRecord(unedited=9, rejected=2)), None),
        (Day(complaints=1), "1 recipient complained"),
        (Day(opt_outs=2), None),
        (Day(opt_outs=3), "3 recipients opted out"),
    ],
)
def test_a_bad_day_ends_what_was_granted_before_anyone_decides(day: Day, wrong: str | None) -> None:
    told = bad_day(day, RULES)
    assert (told is None) == (wrong is None)
    assert wrong is None or wrong in (told or "")
    assert may_go_alone(granted(), day, StakesLevel.LOW, WORDS, RULES) is (wrong is None)


@pytest.mark.parametrize("state", [None, GrantState.NARROWED, GrantState.DECLINED])
def test_only_what_is_granted_goes_alone_and_never_at_high_stakes(state: GrantState | None) -> None:
    assert not may_go_alone(granted(state) if state else None, QUIET, StakesLevel.LOW, WORDS, RULES)
    assert not may_go_alone(granted(), QUIET, StakesLevel.HIGH, WORDS, RULES)


@pytest.mark.parametrize(
    ("record", "grant", "advice", "words"),
    [
        (TrackRecord(unedited=19), None, Advice.NOTHING, "1 more review before"),
        (TrackRecord(unedited=25, edited=5), None, Advice.NOTHING, "below the 80%"),
        (TrackRecord(unedited=40), None, Advice.WIDEN, "40 of 40 approved as written: at least 85%"),
        (TrackRecord(unedited=40), granted(GrantState.DECLINED), Advice.NOTHING, "10 more reviews"),
        (TrackRecord(unedited=50), granted(GrantState.DECLINED), Advice.WIDEN, "50 of 50"),
        (TrackRecord(unedited=40), granted(GrantState.NARROWED), Advice.WIDEN, "40 of 40"),
        (TrackRecord(unedited=4), granted(), Advice.NOTHING, "Looked at since: 4 of 4"),
        (TrackRecord(), granted(), Advice.NOTHING, "No look since"),
        (TrackRecord(unedited=5, rejected=2), granted(), Advice.NARROW, "Only 5 of 7"),
    ],
)
def test_the_system_proposes_and_says_why(
    record: TrackRecord, grant: Grant | None, advice: Advice, words: str
) -> None:
    told = standing(LOW, record, grant, QUIET, WORDS, RULES)
    assert told.advice is advice
    assert words in told.words


def test_high_stakes_are_never_proposed() -> None:
    high = LOW.model_copy(update={"level": StakesLevel.HIGH})
    told = standing(high, TrackRecord(unedited=500), None, QUIET, WORDS, RULES)
    assert (told.advice, told.words) == (Advice.NOTHING, "High stakes always stay with people.")


def test_a_bad_day_is_no_day_to_widen() -> None:
    bad = Day(record=TrackRecord(rejected=2))
    assert standing(LOW, TrackRecord(unedited=400), None, bad, WORDS, RULES).advice is Advice.NOTHING
    assert standing(LOW, TrackRecord(unedited=400), granted(), bad, WORDS, RULES).advice is Advice.NARROW


@pytest.mark.parametrize("words", ["6" * 64, ""])
def test_a_grant_rests_while_its_class_says_something_else(words: str) -> None:
    assert not may_go_alone(granted(), QUIET, StakesLevel.LOW, words, RULES)
    told = standing(LOW, TrackRecord(), granted(), QUIET, words, RULES)
    assert told.rests and told.advice is Advice.NARROW and told.words.startswith("The grant rests")


def test_a_grant_that_noted_no_words_rests() -> None:
    of_before = granted().model_copy(update={"words_sha256": ""})
    assert not may_go_alone(of_before, QUIET, StakesLevel.LOW, WORDS, RULES)
    assert not may_go_alone(of_before, QUIET, StakesLevel.LOW, "", RULES)


CLAIM = ApprovedClaim(
    id="c1", text="It halves the hours.", source="study", approved_by="ada", approved_on=NOON.date()
)
GUIDE = ContentAsset.model_validate(
    {
        "id": "guide",
        "title": "Guide",
        "kind": "guide",
        "url": "https://a.example/guide",
        "summary": "How to.",
        "call_to_action": "Read it",
        "claims": (CLAIM, CLAIM.model_copy(update={"id": "c2"})),
    }
)
SPRING = Campaign(
    id="spring", name="Spring", goal=Goal(outcome=Outcome.MEETING, worth_cents=1), brief="Be kind."
)


@pytest.mark.parametrize(
    ("of_asset", "of_campaign"),
    [
        ({"summary": "Buy now."}, {}),
        ({"url": HttpUrl("https://b.example/")}, {}),
        ({"claims": (CLAIM.model_copy(update={"text": "It halves the cost."}),)}, {}),
        ({}, {"brief": "Be pushy."}),
        ({}, {"name": "Last call"}),
    ],
)
def test_other_words_have_another_hash(of_asset: dict[str, Any], of_campaign: dict[str, Any]) -> None:
    other = words_sha256(SPRING.model_copy(update=of_campaign), GUIDE.model_copy(update=of_asset))
    assert other != words_sha256(SPRING, GUIDE)


def test_what_no_draft_reads_leaves_the_hash_alone() -> None:
    moved = GUIDE.model_copy(update={"is_active": False, "claims": GUIDE.claims[::-1]})
    dearer = SPRING.model_copy(update={"holdout_share": 0.2})
    assert words_sha256(dearer, moved) == words_sha256(SPRING, GUIDE)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from app.lifts import LiftLine
from app.metrics import ArmLine, CampaignMetrics
from app.results.headline import LONGEST_WEEKS, Pace, headline_of, told_words
from domain.campaign import Outcome
from domain.decision import Arm
from learning.lift import Telling
from tests.unit.app.test_metrics_words import told, untold

NOW = datetime(2026, 3, 30, tzinfo=UTC)
SLOW, FAST = Pace(weeks=4, contacts_a_week=2.5), Pace(weeks=4, contacts_a_week=10_000)


def metrics(
    *lifts: LiftLine, arms: tuple[Arm, ...] = (Arm.LEARNED, Arm.HOLDOUT), contacts: int = 50_000
) -> CampaignMetrics:
    counts: Any = {"contacts": 10, "written_to": 0, "closed_windows": 0, "reached": {}}
    lines = tuple(ArmLine.model_construct(arm=arm, **counts) for arm in arms)
    of_all: Any = {
        "goal": Outcome.SQL,
        "currency": "USD",
        "lifts": lifts,
        "arms": lines,
        "contacts": contacts,
    }
    return CampaignMetrics.model_construct(**of_all)


def test_what_can_be_told_is_told_with_its_interval() -> None:
    found = headline_of(metrics(told()), FAST)
    assert (found.tone, found.word) == ("good", "better")
    assert found.verdict == (
        "More SQLs than without: +1.3 in 100 contacts, between +0.4 and +2.2; 5.0 in 100 come without it."
    )


def test_worse_is_said_as_plainly_as_better() -> None:
    line = told(telling=Telling.WORSE, estimate=-0.02, low=-0.03, high=-0.01)
    found = headline_of(metrics(line), FAST)
    assert found.tone == "bad" and found.verdict.startswith("Fewer SQLs than without: -2.0")


def test_what_cannot_be_told_says_how_much_is_missing_and_how_long_that_takes() -> None:
    found = headline_of(metrics(untold("too_few")), FAST)
    assert found.word == "not told yet"
    assert found.verdict == (
        "Not enough data to tell what it changes in SQLs. About 54,000 more contacts are needed."
    )
    assert found.more == ("At 10,000 new contacts a week that takes about 6 weeks.",)


def test_a_wait_of_years_is_not_promised_in_weeks() -> None:
    (words,) = headline_of(metrics(untold("too_few")), SLOW).more
    assert "longer than two years" in words and "larger holdout" in words
    assert SLOW.weeks_for(int(2.5 * LONGEST_WEEKS)) == LONGEST_WEEKS
    assert SLOW.weeks_for(int(2.5 * LONGEST_WEEKS) + 1) is None


def test_where_nobody_new_comes_in_waiting_is_said_to_be_of_no_use() -> None:
    (words,) = headline_of(metrics(untold("too_few")), Pace(weeks=4, contacts_a_week=0)).more
    assert "waiting will not tell" in words


def test_without_a_holdout_there_is_no_comparison() -> None:
    found = headline_of(metrics(untold("no_holdout"), arms=(Arm.LEARNED,)), FAST)
    assert found.tone == "warn" and "nobody is held out" in found.verdict
    assert not any("SQL" in words and "+" in words for words in (found.verdict, *found.more))
    assert "Everybody is held out" in headline_of(metrics(arms=(Arm.HOLDOUT,)), FAST).verdict


def test_other_outcomes_that_can_be_told_follow_the_goal() -> None:
    found = headline_of(metrics(untold("too_few"), told(what="reply")), FAST)
    assert found.more[0].startswith("More replies than without")


def test_an_untold_lift_has_no_sentence_with_numbers() -> None:
    with pytest.raises(ValueError, match="nothing can be told"):
        told_words(untold("too_few"), "USD")


def test_the_pace_counts_contacts_first_decided_about_lately() -> None:
    start = np.array(["2026-03-29", "2026-03-10", "2026-01-01"], dtype="datetime64[s]")
    assert Pace.of(start, NOW, 4).contacts_a_week == 0.5


def test_another_arm_s_verdict_is_not_passed_off_as_attune_s() -> None:
    line = told(arm=Arm.USUAL)
    found = headline_of(metrics(line, arms=(Arm.USUAL, Arm.HOLDOUT)), FAST)
    assert found.verdict.startswith("Attune has decided for nobody yet. Usual arm: More SQLs than without")


def test_a_goal_of_replies_is_said_to_have_it_easy() -> None:
    line = told(what="reply")
    given = metrics(line).model_copy(update={"goal": Outcome.REPLY})
    assert "no message to reply to" in headline_of(given, FAST).more[0]

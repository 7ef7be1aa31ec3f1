"""What a lesson is made of, and the order it is taught in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.curriculum import _table
from app.learner_status import NOTHING, alarm_lines, alarm_words, knowledge, shift_words
from app.teaching import CHUNKS, _chunks, shifts_lately
from learning.bandit import Bandit
from memory.crm.learners import LearnerVersion
from tests.learning_workspace import CAMPAIGN, NOON, asset


def test_chunks_are_cut_only_where_a_run_ends_and_keep_every_row_in_order() -> None:
    runs = np.repeat(np.arange(100), 7)
    chunks = _chunks(np.datetime64("2026-03-01T00:00:00", "s") + runs * np.timedelta64(86_400, "s"))
    np.testing.assert_array_equal(np.concatenate(chunks), np.arange(700))
    assert all(len(chunk) % 7 == 0 for chunk in chunks)
    assert CHUNKS // 2 <= len(chunks) <= CHUNKS


def test_no_rows_make_no_chunk() -> None:
    assert _chunks(np.array([], dtype="datetime64[s]")) == []


def test_the_table_holds_what_can_be_done_now_and_what_was_done_before_with_silence_last() -> None:
    old = asset("old").model_copy(update={"is_active": False})
    table = _table(CAMPAIGN, [asset("demo"), old], ["silence", "old|email|morning", "demo|email|now"])
    assert [one.key for one in table.actions] == ["demo|email|now", "old|email|morning", "silence"]


@pytest.mark.parametrize(("days", "is_told"), [(-1, False), (0, True), (20, True), (22, False)])
def test_a_shift_of_the_whole_market_matters_for_three_weeks(days: int, is_told: bool) -> None:
    alarm = {"at": "2026-03-10T12:00:00Z", "action": None, "direction": "more", "evidence": 13.0}
    one = {**alarm, "action": "demo|email|now"}
    now = datetime(2026, 3, 10, 12, tzinfo=UTC) + timedelta(days=days)
    assert shifts_lately([version(alarms=[alarm, one])], now) == ([alarm] if is_told else [])


@pytest.mark.parametrize(
    ("width", "word"), [(0.5, "confident"), (0.51, "learning"), (1.0, "learning"), (1.01, "guessing")]
)
def test_knowledge_goes_by_the_width_of_beliefs(width: float, word: str) -> None:
    assert knowledge(version(widths={"median": width})).split(":")[0] == word


def test_without_a_version_nothing_is_known() -> None:
    assert knowledge(None) == NOTHING


def test_an_alarm_is_told_with_its_content_direction_and_odds() -> None:
    alarm = {"at": "2026-03-10T12:00:00Z", "action": "demo|email|now", "direction": "fewer", "evidence": 12.0}
    words = alarm_words(alarm, {"demo": "The demo"})
    for part in ("2026-03-10", "“The demo” (now)", "less often", "about 160,000 times likelier"):
        assert part in words


def test_alarms_of_one_day_are_told_in_one_line() -> None:
    alarm = {"at": "2026-03-10T12:00:00Z", "action": None, "direction": "more", "evidence": 12.0}
    other = {**alarm, "action": "demo|email|now"}
    (said,) = alarm_lines([alarm, other, other], {"demo": "The demo"})
    assert said.count("2026-03-10") == 1
    assert "the whole market, “The demo” (now) more often" in said


def test_a_shift_told_twice_for_one_day_is_said_once() -> None:
    alarm = {"at": "2026-03-10T12:00:00Z", "action": None, "direction": "more", "evidence": 12.0}
    later = {**alarm, "at": "2026-03-10T18:00:00Z"}
    (said,) = shift_words([version(alarms=[alarm, later])], datetime(2026, 3, 11, tzinfo=UTC))
    assert "You need do nothing" in said


def test_an_outcome_of_half_weight_counts_as_half_an_outcome() -> None:
    x, taken, gains = np.ones((4, 2)), np.array([0, 1, 0, 1]), np.array([1.0, 0, 0, 2])
    whole, half = (Bandit(["a", "b"], 2, patterns=0) for _ in range(2))
    whole.learn(x, taken, gains, is_news=False)
    half.learn(x, taken, gains, is_news=False, weight=0.5)
    np.testing.assert_allclose(half.acts.sums.grams, whole.acts.sums.grams / 2)
    np.testing.assert_allclose(half.worth.sums.moments, whole.worth.sums.moments / 2)


def version(**record: object) -> LearnerVersion:
    return LearnerVersion("spring", "v", 10, NOON, False, dict(record), 0)

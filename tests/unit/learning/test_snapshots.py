from __future__ import annotations

import numpy as np

from learning.snapshots import Log, States, thinned, weekly
from tests.unit.learning.worlds import DAY, START

WHO = np.array([0, 0, 0, 1, 2])
AT = START + np.array([1, 5, 40, 5, 7]) * DAY
TRACK = Log(WHO, np.array(["view"] * 5), AT).of("view")


def at(*days: float) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return START + (np.array(days) * 86_400).astype("timedelta64[s]")


def test_counts_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    who, when = rng.integers(0, 6, 300), START + (rng.random(300) * 9e6).astype("timedelta64[s]")
    kinds = rng.choice(np.array(["a", "b"]), 300)
    asked, moments = rng.integers(0, 6, 80), START + (rng.random(80) * 9e6).astype("timedelta64[s]")
    found = Log(who, kinds, when).of("a").count(asked, moments, 12)
    plain = [
        ((who == w) & (kinds == "a") & (when <= m) & (when > m - 12 * DAY)).sum()
        for w, m in zip(asked, moments, strict=True)
    ]
    np.testing.assert_array_equal(found, plain)


def test_the_moment_itself_belongs_to_the_past_and_not_to_the_future() -> None:
    who, moment = np.array([0]), at(5)
    assert TRACK.count(who, moment, 30).tolist() == [2]
    assert TRACK.between(who, moment, 30).tolist() == [0]
    assert TRACK.between(who, moment, 35).tolist() == [1]


def test_a_later_event_changes_nothing_that_is_known_at_a_moment() -> None:
    later = Log(np.append(WHO, 0), np.array(["view"] * 6), np.append(AT, START + 6 * DAY)).of("view")
    who, moment = np.array([0, 1]), at(5.5, 5.5)
    for ask in ("recency", "days_since"):
        np.testing.assert_array_equal(getattr(TRACK, ask)(who, moment), getattr(later, ask)(who, moment))
    np.testing.assert_array_equal(TRACK.count(who, moment, 90), later.count(who, moment, 90))
    assert (TRACK.between(who, moment, 3) != later.between(who, moment, 3)).any()


def test_what_never_happened_is_a_gap_and_has_no_recency() -> None:
    assert np.isnan(TRACK.days_since(np.array([1, 3]), at(4, 9))).all()
    assert TRACK.recency(np.array([3]), at(9)).tolist() == [0]


def test_a_recency_is_halved_in_two_weeks() -> None:
    np.testing.assert_allclose(TRACK.recency(np.array([2]), at(21)), 0.5)


def test_a_state_holds_from_its_moment_on() -> None:
    states = States.of(np.array([0, 0]), at(3, 10), np.array([2, 3]))
    state, days = states.at(np.array([0, 0, 0, 1]), at(2, 5, 10, 10))
    assert state.tolist() == [-1, 2, 3, -1]
    np.testing.assert_array_equal(days, [np.nan, 2, 0, np.nan])


def test_weekly_moments_end_at_the_last_and_never_begin_before_the_first() -> None:
    moments = weekly(START, START + 20 * DAY)
    assert ((moments - START) // DAY).tolist() == [6, 13, 20]
    assert len(weekly(START, START - DAY)) == 0


def test_too_many_cases_leave_weeks_out_and_never_the_newest() -> None:
    weeks = at(0, 7, 14, 21)
    who, moments = thinned([(np.arange(10), week) for week in weeks], most=20)
    assert len(who) == 20
    np.testing.assert_array_equal(np.unique(moments), weeks[[1, 3]])

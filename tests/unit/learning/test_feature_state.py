"""The state is the same however it came about, and knows nothing a decision could not know."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import EventKind
from domain.traits import Happening
from learning.features import NAMES, FeatureBook, columns, vectors_as_of
from learning.features.events import microseconds, transcribe
from learning.features.state import SUMS
from tests.unit.learning.journal import DAY, HOUR, NOON, book, bring, did, stream

EVERYONE = np.arange(4)


def whole(happenings: list[Happening], by: datetime = NOON) -> FeatureBook:
    """A book rebuilt in one go."""
    rebuilt = book()
    bring(rebuilt, happenings, by)
    return rebuilt


def value(of: FeatureBook, contact_id: str, name: str, at: datetime = NOON) -> float:
    return float(of.matrix(of.rows([contact_id]), at)[0, NAMES.index(name)])


@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 300), max_size=12))
def test_a_state_kept_in_any_batches_is_the_rebuilt_one_bit_for_bit(seed: int, cuts: list[int]) -> None:
    happenings = stream(seed, 300)
    rebuilt, kept = whole(happenings), book()
    edges = [0, *sorted(set(cuts) - {0, 300}), 300]
    for start, end in pairwise(edges):
        part = happenings[start:end]
        bring(kept, part, min(part[-1].received_at or NOON, NOON))
    bring(kept, [], NOON)
    assert np.array_equal(kept.state.sums, rebuilt.state.sums)
    assert np.array_equal(kept.state.newest, rebuilt.state.newest)
    assert np.array_equal(kept.matrix(EVERYONE, NOON), rebuilt.matrix(EVERYONE, NOON))


def test_events_in_another_order_change_sums_by_rounding_only() -> None:
    happenings = stream(1, 2_000)
    shuffled = [happenings[i] for i in np.random.default_rng(2).permutation(2_000)]
    no_due = [one._replace(received_at=NOON) for one in shuffled]
    later = NOON + 30 * DAY
    one, other = whole(happenings, later), whole(no_due, later)
    np.testing.assert_allclose(one.state.sums, other.state.sums, rtol=2_000 * 2.0**-24, atol=1e-20)


def test_a_decayed_count_is_the_sum_of_halvings() -> None:
    ages = (0.25, 3, 17, 65, 130)
    of = whole([did("ada", EventKind.PAGE_VIEWED, timedelta(days=age)) for age in ages])
    for half_life in (4, 16, 64):
        expected = np.log1p(sum(0.5 ** (age / half_life) for age in ages)) / np.log(31)
        assert value(of, "ada", f"count:visit:{half_life}d") == pytest.approx(expected, rel=1e-5)


def test_events_years_apart_neither_overflow_nor_vanish() -> None:
    visits = [did("ada", EventKind.PAGE_VIEWED, days * DAY) for days in (14_000, 5_000, 1)]
    later = NOON + 9_000 * DAY
    of = whole([*visits, did("ada", EventKind.PAGE_VIEWED, -9_000 * DAY + HOUR)], later)
    assert np.isfinite(of.state.sums).all()
    expected = np.log1p(0.5 ** (1 / 24 / 4)) / np.log(31)
    assert value(of, "ada", "count:visit:4d", later) == pytest.approx(expected, rel=1e-5)


def test_a_planted_future_event_leaks_into_no_vector() -> None:
    past = [did("ada", EventKind.PAGE_VIEWED, 3 * DAY)]
    planted = [
        did("ada", kind, -HOUR, "pricing", asset_id="guide", properties={"to": "customer"})
        for kind in EventKind
    ]
    clean, spoilt = whole(past), whole([*past, *planted])
    assert np.array_equal(clean.matrix(EVERYONE, NOON), spoilt.matrix(EVERYONE, NOON))


def test_an_event_of_the_very_moment_is_not_before_it() -> None:
    now = did("ada", EventKind.PAGE_VIEWED, timedelta())
    assert value(whole([now]), "ada", "recency:visit") == 0
    a_little_later = NOON + timedelta(microseconds=1)
    assert value(whole([now], a_little_later), "ada", "recency:visit", a_little_later) > 0.99


def test_an_event_that_reached_us_late_counts_only_from_then_on() -> None:
    late = did("ada", EventKind.EMAIL_REPLIED, 9 * DAY, received_at=NOON + HOUR)
    of = whole([late])
    assert value(of, "ada", "recency:reply") == 0
    bring(of, [], NOON + HOUR)
    assert value(of, "ada", "recency:reply", NOON + HOUR) == pytest.approx(
        0.5 ** ((9 + 1 / 24) / 14), rel=1e-5
    )


def test_vectors_made_later_from_the_journal_are_those_decisions_were_made_on() -> None:
    happenings = stream(5, 600)
    moments = [NOON - days * DAY - HOUR for days in (350, 200, 120, 60, 59, 30, 7, 1, 0)]
    serving, served, start = book(), [], 0
    for moment in moments:
        received = [one for one in happenings[start:] if (one.received_at or one.at) <= moment]
        start += len(received)
        bring(serving, received, moment)
        served.append(serving.matrix(EVERYONE, moment))
    replay = book()
    events = transcribe(happenings, replay.state.roster, replay.state.library)
    rows = np.tile(EVERYONE, len(moments))
    at = np.repeat([microseconds(moment) for moment in moments], len(EVERYONE))
    order = np.random.default_rng(0).permutation(len(rows))
    later = vectors_as_of(replay, events, rows[order], at[order])
    assert np.array_equal(later, np.vstack(served)[order])


def test_a_state_refuses_to_tell_the_past_it_has_gone_beyond() -> None:
    of = whole([])
    with pytest.raises(ValueError, match="could not"):
        of.matrix(EVERYONE, NOON - HOUR)
    with pytest.raises(ValueError, match="rebuild"):
        bring(of, [], NOON - HOUR)


def test_a_state_refuses_a_moment_for_which_events_still_wait() -> None:
    of = whole([did("ada", EventKind.PAGE_VIEWED, -HOUR)])
    with pytest.raises(ValueError, match="wait"):
        of.matrix(EVERYONE, NOON + DAY)


def test_one_contact_alone_has_the_vector_it_has_among_all() -> None:
    of = whole(stream(8, 500))
    everyone = of.matrix(EVERYONE, NOON)
    for row in EVERYONE:
        assert np.array_equal(of.matrix(EVERYONE[row : row + 1], NOON)[0], everyone[row])


def test_what_a_machine_did_is_nobodys_act() -> None:
    of = whole(
        [
            did("ada", EventKind.EMAIL_OPENED, is_machine=True),
            did("ada", EventKind.EMAIL_CLICKED, HOUR, "pricing", asset_id="guide", is_machine=True),
        ]
    )
    assert not of.state.sums.any()


def test_a_humans_open_shows_only_as_an_open() -> None:
    opened = whole([did("ada", EventKind.EMAIL_OPENED, HOUR, "pricing", asset_id="guide")])
    changed = np.flatnonzero(opened.matrix(EVERYONE, NOON) != whole([]).matrix(EVERYONE, NOON))
    assert changed.tolist() == [NAMES.index("count:open:16d")]


def test_every_value_lies_between_nought_and_one_and_every_column_has_a_name() -> None:
    of = whole(stream(9, 4_000))
    x = of.matrix(EVERYONE, NOON)
    assert x.shape == (4, len(NAMES))
    assert x.min() >= 0
    assert x.max() <= 1
    assert len({column.name for column in columns()}) == len(NAMES)
    assert len({column.label for column in columns(of.state.library.book)}) == len(NAMES)


def test_contacts_met_later_get_rows_without_moving_anyone() -> None:
    of = whole([did("ada", EventKind.PAGE_VIEWED)])
    before = of.state.sums[0].copy()
    bring(of, [did(f"new{i}", EventKind.PAGE_VIEWED) for i in range(50)], NOON)
    assert np.array_equal(of.state.sums[0], before)
    assert of.state.sums.shape[1] == SUMS
    assert (of.state.sums[4:54].sum(axis=1) > 0).all()
    with pytest.raises(ValueError, match="newer than the profiles"):
        of.matrix(np.array([10]), NOON)

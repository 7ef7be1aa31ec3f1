"""People alike: classes are found where there are some, tell what one has not shown, and never know what came after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.decision import SILENCE, action_of
from domain.events import EventKind
from domain.traits import ContactTraits, Happening
from learning.features import DYAD_NAMES, ActionTable, FeatureBook, replayed
from learning.features.alike import Classes, Shown
from learning.features.classing import week_of
from learning.features.events import EventColumns, microseconds, transcribe
from learning.features.portable import packed, unpacked
from tests.unit.learning.journal import CONTACTS, DAY, HOUR, LIBRARY, NOON, book, bring, did, stream

INTEREST, ANSWERS = DYAD_NAMES.index("alike_interest"), DYAD_NAMES.index("alike_answers")
TABLE = ActionTable.of(
    (action_of("guide|email|now"), action_of("demo|email|now"), SILENCE), {one.id: one for one in LIBRARY}
)


def audience(
    seed: int, n: int = 600, shares: tuple[tuple[float, ...], ...] = ((0.8, 0.1, 0.1), (0.1, 0.1, 0.8))
) -> tuple[Shown, NDArray[np.int64]]:
    """Two kinds of people in even parts: their topics, and a word most of each kind have."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 2
    topics = np.array([rng.multinomial(rng.poisson(3), shares[k]) for k in kind], float)
    word = np.where(rng.random(n) < 0.85, kind, 1 - kind)
    answers = rng.poisson(np.where(kind == 0, 0.4, 0.1)[:, None], (n, 2)).astype(float)
    return Shown(topics, answers, np.full((n, 2), 5.0), np.zeros(n), np.eye(2)[word], (2,), 1.0), kind


def someone(topics: tuple[float, ...] = (0, 0, 0), word: int | None = None) -> Shown:
    words = np.zeros((1, 2)) if word is None else np.eye(2)[[word]]
    return Shown(np.array([topics], float), np.zeros((1, 2)), np.zeros((1, 2)), np.zeros(1), words, (2,), 1.0)


def test_two_kinds_of_people_are_found_and_told_by_one_word() -> None:
    shown, _ = audience(1)
    classes = Classes.fitted(shown)
    assert classes is not None
    interest, readiness = classes.of(someone(word=0))
    assert interest[0].sum() == pytest.approx(1)
    assert interest[0, 0] > 0.6 > 0.35 > interest[0, 2]
    assert readiness[0, 0] > 0.55
    interest, readiness = classes.of(someone(word=1))
    assert interest[0, 2] > 0.6
    assert readiness[0, 0] < 0.45


def test_who_has_shown_much_is_as_they_are_and_not_as_their_class() -> None:
    classes = Classes.fitted(audience(1)[0])
    assert classes is not None
    interest, _ = classes.of(someone((0, 80, 0), word=0))
    assert interest[0, 1] > 0.9


def test_classes_tell_interests_better_than_what_each_has_shown() -> None:
    shown, kind = audience(2)
    classes = Classes.fitted(shown)
    assert classes is not None
    truth = np.array([(0.8, 0.1, 0.1), (0.1, 0.1, 0.8)])[kind]
    own = (shown.topics + 1 / 3) / (shown.topics.sum(axis=1, keepdims=True) + 1)
    assert np.square(classes.of(shown)[0] - truth).sum() < 0.5 * np.square(own - truth).sum()


def test_where_all_are_alike_there_is_one_class() -> None:
    shown, _ = audience(3, shares=((0.5, 0.3, 0.2), (0.5, 0.3, 0.2)))
    rng = np.random.default_rng(3)
    alike = replace(
        shown,
        words=np.eye(2)[rng.integers(0, 2, len(shown))],
        answered=np.asarray(rng.poisson(0.2, (600, 2)), float),
    )
    classes = Classes.fitted(alike)
    assert classes is not None
    assert len(classes.weights) == 1


def test_who_gets_more_messages_is_not_readier_for_that() -> None:
    """Twice the messages and twice the answers is the same readiness; the same answers to twice as many is less."""
    shown, kind = audience(4)
    often = np.where(kind == 0, 10.0, 5.0)[:, None] * np.ones((1, 2))
    rng = np.random.default_rng(4)
    classes = Classes.fitted(
        replace(shown, sent=often, answered=np.asarray(rng.poisson(0.05 * often), float))
    )
    assert classes is not None
    ready = [classes.of(someone(word=word))[1][0, 0] for word in (0, 1)]
    assert ready == pytest.approx([0.5, 0.5], abs=0.06)
    classes = Classes.fitted(
        replace(shown, sent=often, answered=np.asarray(rng.poisson(0.3, often.shape), float))
    )
    assert classes is not None
    ready = [classes.of(someone(word=word))[1][0, 0] for word in (0, 1)]
    assert ready[0] < 0.47 < 0.53 < ready[1]


def test_of_each_kind_messages_and_visits_explain_just_as_many_answers_as_there_were() -> None:
    """Also of a kind that was sent once, of one never sent, and where all messages are long ago."""
    shown, _ = audience(5)
    rng = np.random.default_rng(5)
    answered = np.asarray(rng.poisson(0.4, (600, 3)), float)
    sent = np.zeros((600, 3))
    sent[7, 0], sent[:, 1] = 1.0, 4.0
    for scale in (1.0, 1e-5):
        told = replace(
            shown, answered=answered, sent=sent * scale, acts=shown.topics.sum(axis=1), by_message=0.5
        )
        classes = Classes.fitted(told)
        assert classes is not None
        assert classes.expected(told).sum(axis=0) == pytest.approx(answered.sum(axis=0), rel=0.01)
        # Nobody is expected to answer one message dozens of times.
        assert classes.per_message.max() < 3


def test_columns_nobody_shows_do_not_hide_classes() -> None:
    shown, _ = audience(6)
    wide = replace(
        shown,
        topics=np.hstack([shown.topics, np.zeros((600, 13))]),
        answered=np.hstack([shown.answered, np.zeros((600, 8))]),
        sent=np.hstack([shown.sent, np.zeros((600, 8))]),
        words=np.hstack([shown.words, np.zeros((600, 10)), np.zeros((600, 4))]),
        groups=(12, 4),
    )
    narrow, padded = Classes.fitted(shown), Classes.fitted(wide)
    assert narrow is not None
    assert padded is not None
    assert len(narrow.weights) == len(padded.weights) == 2


def test_the_same_evidence_gives_the_same_classes() -> None:
    shown, _ = audience(7)
    one, other = Classes.fitted(shown), Classes.fitted(shown)
    assert one is not None
    assert other is not None
    assert len(one.weights) > 1
    assert np.array_equal(one.topics, other.topics)
    assert np.array_equal(one.rates, other.rates)


def test_nothing_seen_is_no_classes() -> None:
    none = np.zeros((5, 2))
    nothing = Shown(none, none, none, np.zeros(5), none, (2,), 0.0)
    assert Classes.fitted(nothing) is None


def test_without_classes_one_is_as_one_has_shown() -> None:
    of = book()
    bring(of, [did("ada", EventKind.PAGE_VIEWED, topic="pricing")], NOON)
    assert of.state.classes is None
    fits = of.dyads(of.rows(["ada", "ben"]), TABLE, NOON)
    assert fits[:, 0, INTEREST].tolist() == [1, 0]
    assert (fits[:, :2, ANSWERS] == 0.5).all()
    assert (fits[:, 2] == 0).all()


def peopled() -> tuple[ContactTraits, ...]:
    return (
        *CONTACTS,
        *(ContactTraits(f"f{i}", department="Finance") for i in range(40)),
        *(ContactTraits(f"i{i}", department="IT") for i in range(40)),
    )


def visits() -> list[Happening]:
    """Finance looks at pricing, IT at security; nobody has seen f0 and i0 do anything."""
    return [
        did(f"{who}{i}", EventKind.PAGE_VIEWED, (8 + day + i / 100) * DAY, topic)
        for who, topic in (("f", "pricing"), ("i", "security"))
        for i in range(1, 40)
        for day in range(3)
    ]


def shares(of: FeatureBook) -> NDArray[np.float64]:
    """Shape (C, T): what is looked at in each class."""
    assert of.state.classes is not None
    return of.state.classes.topics


def test_a_department_tells_the_interest_of_who_has_shown_nothing() -> None:
    of = book(peopled())
    bring(of, visits(), NOON)
    fits = of.dyads(of.rows(["f0", "i0"]), TABLE, NOON)
    # The guide is about pricing, the demo about both.
    assert fits[0, 0, INTEREST] > 0.85
    assert fits[1, 0, INTEREST] < 0.15
    assert fits[:, 0, DYAD_NAMES.index("topic_affinity")].tolist() == [0, 0]


def test_classes_do_not_know_what_came_after_their_week_began() -> None:
    begun = week_of(microseconds(NOON))
    late = [did(f"i{i}", EventKind.PAGE_VIEWED, topic="pricing") for i in range(40) for _ in range(50)]
    assert microseconds(NOON - DAY) > begun
    of, other = book(peopled()), book(peopled())
    bring(of, visits(), NOON)
    bring(other, [*visits(), *late], NOON)
    assert of.state.classes_of == other.state.classes_of == begun
    assert np.array_equal(shares(of), shares(other))
    # What i0 itself has done meanwhile counts.
    told = [one.dyads(one.rows(["i0"]), TABLE, NOON)[0, 0, INTEREST] for one in (of, other)]
    assert told[1] > told[0] + 0.5
    bring(of, [], NOON + 7 * DAY)
    bring(other, [], NOON + 7 * DAY)
    assert not np.array_equal(shares(of), shares(other))


def test_those_who_leave_messages_unanswered_are_less_ready() -> None:
    """Silence to messages is all that is known of most people."""
    of = book(peopled())
    sends = [
        did(f"{who}{i}", EventKind.EMAIL_SENT, (60 - n + i / 100) * DAY, asset_id="guide")
        for who in "fi"
        for i in range(40)
        for n in range(10)
    ]
    clicks = [
        did(f"f{i}", EventKind.EMAIL_CLICKED, (59 - n + i / 100) * DAY, asset_id="guide")
        for i in range(40)
        for n in range(0, 10, 2)
    ]
    bring(of, [*sends, *clicks], NOON)
    ready = of.dyads(of.rows(["f0", "i0", "i39"]), TABLE, NOON)[:, 0, ANSWERS]
    assert ready[0] > 0.55
    assert ready[1] < 0.3
    assert ready[2] < 0.3


def test_rows_in_another_order_find_the_same_classes() -> None:
    of, other = book(peopled()), book(tuple(reversed(peopled())))
    for one in (of, other):
        bring(one, visits(), NOON)
    assert np.array_equal(shares(of), shares(other))


def test_history_imported_within_the_week_is_known_at_once_and_read_again_the_same() -> None:
    late = [one._replace(received_at=NOON - 2 * HOUR) for one in visits()]
    of = book(peopled())
    bring(of, [], NOON - 3 * HOUR)
    assert of.state.classes is None
    bring(of, late, NOON - HOUR)
    first = of.dyads(of.rows(["f0"]), TABLE, NOON - HOUR)
    more = [did(f"f{i}", EventKind.PAGE_VIEWED, HOUR / 2, "security") for i in range(1, 40)]
    bring(of, more, NOON)
    second = of.dyads(of.rows(["f0"]), TABLE, NOON)
    assert first[0, 0, INTEREST] > second[0, 0, INTEREST] > 0.5
    again = book(peopled())
    columns = transcribe([*late, *more], again.state.roster, again.state.library)
    at = np.array([microseconds(NOON - HOUR), microseconds(NOON)])
    fits = replayed(again, columns, np.repeat(again.rows(["f0"]), 2), at, TABLE)[1]
    assert np.array_equal(fits, np.concatenate([first, second]))


def test_time_does_not_run_backwards_and_nothing_is_changed_by_trying() -> None:
    of = book(peopled())
    bring(of, visits(), NOON)
    sums, found = of.state.sums.copy(), of.state.classes
    with pytest.raises(ValueError, match="earlier"):
        bring(of, [did("f0", EventKind.PAGE_VIEWED, topic="security")], NOON - 9 * DAY)
    assert np.array_equal(of.state.sums, sums)
    assert of.state.classes is found


def test_dyads_read_again_later_are_those_decided_on() -> None:
    events = sorted(
        [*stream(5, 1_500), *(one._replace(received_at=one.at) for one in visits())],
        key=lambda one: (one.received_at or one.at, one.id),
    )
    who = ["ada", "ben", "f0", "i3"]
    moments = [NOON - 40 * DAY, NOON - 9 * DAY, NOON - 2 * DAY, NOON]
    live, then = book(peopled()), []
    start = 0
    for moment in moments:
        due = [e for e in events if (e.received_at or e.at) <= moment]
        bring(live, due[start:], moment)
        start = len(due)
        then.append(live.dyads(live.rows(who), TABLE, moment))
    again = book(peopled())
    columns = transcribe(events, again.state.roster, again.state.library)
    rows = np.tile(again.rows(who), len(moments))
    at = np.repeat([microseconds(one) for one in moments], len(who))
    assert np.array_equal(replayed(again, columns, rows, at, TABLE)[1], np.concatenate(then))
    assert len(shares(live)) > 1


def test_classes_are_kept_with_the_state() -> None:
    of = book(peopled())
    bring(of, visits(), NOON)
    kept = unpacked(*packed(of.state))
    assert kept.classes_of == of.state.classes_of
    assert kept.classes is not None
    assert np.array_equal(kept.classes.topics, shares(of))


def test_a_state_beyond_the_start_of_its_week_finds_classes_where_it_stands() -> None:
    of = book(peopled())
    columns = transcribe(visits(), of.state.roster, of.state.library)
    of.state.apply(columns, microseconds(NOON), of.profiles)
    assert of.state.classes is None
    of.bring(EventColumns.none(), NOON)
    assert of.state.classes is not None
    assert of.state.classes_of == week_of(microseconds(NOON))
    assert of.state.classes_by == microseconds(NOON)

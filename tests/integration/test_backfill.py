"""Past e-mails of other tools are learned from as they were sent: nothing later in features, everything in rewards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.backfill import PAST_WEIGHT, drop_span, note_span, past_of
from app.cli.doors import doors
from app.cli.main import app
from app.curriculum import lesson_of
from app.teaching import teach
from app.wiring import House
from domain.campaign import SendSlot
from domain.events import EventKind
from learning.bandit.basis import Basis
from learning.features import DYAD_NAMES, NAMES
from tests.learning_workspace import (
    CAMPAIGN,
    DAY,
    LATER,
    NOON,
    event,
    mailed,
    open_workspace,
    preferred,
    reply,
    run_draws,
    write,
)

CONTACTS = 60
SENT_AT = NOON - 40 * DAY


@pytest.fixture(autouse=True)
def small_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is what goes in, not how fine the learner's basis is."""
    monkeypatch.setattr(Basis, "of", lambda actions, features, dyads: Basis(features, dyads, 0))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_workspace(tmp_path / "ws", CONTACTS)
    yield opened
    # Commands of these tests were given this house; nobody after them may find its door open.
    doors.close()
    opened.close()


def backfilled(house: House) -> None:
    note_span(house, CAMPAIGN, None, LATER)


def test_without_a_backfill_past_emails_teach_nothing(house: House) -> None:
    mailed(house, CONTACTS)
    assert len(past_of(house, CAMPAIGN, LATER)) == 0


def test_each_time_is_told_by_what_was_asked_for_by_then(house: House) -> None:
    mailed(house, CONTACTS)
    backfilled(house)
    assert len(past_of(house, CAMPAIGN, LATER - timedelta(seconds=1))) == 0
    note_span(house, CAMPAIGN, SENT_AT + DAY, LATER + DAY)
    drop_span(house, CAMPAIGN, LATER + 2 * DAY)
    counts = [len(past_of(house, CAMPAIGN, LATER + days * DAY)) for days in range(3)]
    assert counts == [CONTACTS, 0, 0]


def test_a_version_is_explained_by_what_taught_it_though_a_backfill_came_twice(house: House) -> None:
    mailed(house, CONTACTS)
    run_draws(house, CONTACTS, rounds=1)
    for when in (LATER, LATER + timedelta(minutes=5)):
        note_span(house, CAMPAIGN, None, when)
        teach(house, CAMPAIGN, when)
    (version,) = house.learners.versions(CAMPAIGN.id)
    assert len(lesson_of(house, CAMPAIGN, version.made_at).taken) == version.outcomes == 2 * CONTACTS


def test_a_span_of_an_earlier_release_is_one(house: House) -> None:
    mailed(house, CONTACTS)
    held = {"since": None, "until": LATER.isoformat()}
    house.content.set_fact(f"learner-backfill:{CAMPAIGN.id}", held)
    assert len(past_of(house, CAMPAIGN, LATER)) == CONTACTS


def test_a_past_email_is_an_action_of_the_slot_its_readers_hour_falls_in(house: House) -> None:
    write(house.engine, [event(EventKind.EMAIL_SENT, "c_0001", SENT_AT, asset_id="demo")])
    backfilled(house)
    # Noon UTC in winter is seven in the morning in New York.
    with_slots = CAMPAIGN.model_copy(update={"slots": (SendSlot.NOW, SendSlot.MORNING)})
    assert past_of(house, with_slots, LATER).action_keys == ("demo|email|morning",)
    assert past_of(house, CAMPAIGN, LATER).action_keys == ("demo|email|now",)


def test_what_came_after_an_email_is_in_its_reward_and_not_in_its_features(house: House) -> None:
    """Everything was imported long after it happened, so arrival cannot tell before from after."""
    before = event(EventKind.PAGE_VIEWED, "c_0001", SENT_AT - DAY, topic="demo")
    mail = event(EventKind.EMAIL_SENT, "c_0001", SENT_AT, asset_id="demo")
    later = [
        reply("c_0001", SENT_AT + DAY),
        event(EventKind.FORM_SUBMITTED, "c_0001", SENT_AT + timedelta(seconds=1), topic="news"),
    ]
    write(house.engine, [before, mail], NOON - DAY)
    backfilled(house)
    alone = lesson_of(house, CAMPAIGN, LATER)
    write(house.engine, later, NOON - DAY)
    lesson = lesson_of(house, CAMPAIGN, LATER)
    np.testing.assert_array_equal(lesson.x, alone.x)
    np.testing.assert_array_equal(lesson.fits, alone.fits)
    assert alone.gains.tolist() == [0.0]
    assert lesson.gains[0] > 5_000 and lesson.acted.tolist() == [True]
    seen = dict(zip(NAMES, lesson.x[0].tolist(), strict=True))
    assert seen["recency:visit"] > 0.8
    assert (seen["recency:form"], dict(zip(DYAD_NAMES, lesson.own_fits[0], strict=True))["asset_sent"]) == (
        0,
        0,
    )


def test_an_email_whose_early_signals_still_have_their_time_is_left_for_later(house: House) -> None:
    fresh = LATER - timedelta(days=CAMPAIGN.goal.signal_days) + timedelta(minutes=1)
    write(house.engine, [event(EventKind.EMAIL_SENT, "c_0001", fresh, asset_id="demo")])
    backfilled(house)
    assert len(past_of(house, CAMPAIGN, LATER)) == 0
    assert len(past_of(house, CAMPAIGN, LATER + DAY)) == 1


def test_an_answer_after_an_email_and_a_message_of_ours_is_to_the_later_of_them(house: House) -> None:
    run_draws(house, CONTACTS, rounds=1)
    mail = event(EventKind.EMAIL_SENT, "c_0001", NOON - timedelta(hours=1), asset_id="demo")
    lone = event(EventKind.EMAIL_SENT, "c_0002", SENT_AT, asset_id="demo")
    write(house.engine, [mail, lone, reply("c_0001", NOON + DAY), reply("c_0002", SENT_AT + DAY)])
    backfilled(house)
    lesson = lesson_of(house, CAMPAIGN, LATER)
    emails = dict(zip(lesson.contact_ids[: lesson.past], lesson.gains[: lesson.past].tolist(), strict=True))
    ours = [i for i in range(lesson.past, len(lesson.taken)) if lesson.contact_ids[i] == "c_0001"]
    assert emails["c_0002"] > 9_000 and emails["c_0001"] == 0
    assert [lesson.acted[i] for i in ours] == [True] and lesson.gains[ours[0]] > 5_000


def test_past_emails_count_for_their_weight_and_say_which_content_works(house: House) -> None:
    mailed(house, CONTACTS)
    backfilled(house)
    bandit = teach(house, CAMPAIGN, LATER)
    assert bandit.outcomes == CONTACTS
    assert bandit.acts.sums.counts.sum() == pytest.approx(PAST_WEIGHT * CONTACTS, rel=1e-3)
    assert bandit.alarms == []
    assert preferred(house) == "demo"


def test_a_second_backfill_counts_nothing_twice(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    mailed(house, CONTACTS)
    run_draws(house, CONTACTS, rounds=1)
    doors.use(house)
    first, second = (told(capsys, "backfill", "spring") for _ in range(2))
    assert (first["past_emails"], first["is_new"], second["is_new"]) == (CONTACTS, True, False)
    assert 0 < first["past_answered"] < CONTACTS
    assert first["outcomes"] == 2 * CONTACTS
    assert second["version"] == first["version"]
    assert told(capsys, "run", "spring")[0]["version"] == first["version"]
    dropped = told(capsys, "backfill", "spring", "--drop")
    assert (dropped["past_emails"], dropped["outcomes"]) == (0, CONTACTS)


def test_a_backfill_says_how_many_emails_and_answers_there_were(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = [event(EventKind.EMAIL_SENT, f"c_000{i}", SENT_AT, asset_id="demo") for i in range(3)]
    write(house.engine, [*mail, reply("c_0001", SENT_AT + DAY)])
    run_draws(house, CONTACTS, rounds=1)
    doors.use(house)
    app(["learn", "backfill", "spring"], standalone_mode=False)
    words = " ".join(capsys.readouterr().out.split())
    assert words.startswith(
        "3 past e-mails about this campaign's content, 1 with something that came of them. "
        "Each counts for 0.3 of a decision of our own"
    )
    assert f"learned from {CONTACTS} outcomes of its own and 3 past e-mails that count 0.3 each." in words


def test_a_backfill_that_finds_nothing_changes_nothing_and_says_what_stays(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    run_draws(house, CONTACTS, rounds=1)
    doors.use(house)
    assert said(capsys, "backfill", "spring").startswith(
        "No past e-mail counts for spring. Nothing was changed: it learns from no past e-mails, as before."
    )
    assert house.learners.versions(CAMPAIGN.id) == ()
    mailed(house, CONTACTS)
    first = told(capsys, "backfill", "spring")
    entries = len(house.audit.lines(limit=1_000))
    words = said(capsys, "backfill", "spring", "--since", "2030-01-01")
    assert words.startswith(
        f"No past e-mail since 2030-01-01 counts for spring. Nothing was changed: the {CONTACTS} past e-mails of the "
        "backfill before still count."
    )
    later = told(capsys, "backfill", "spring", "--since", "2030-01-01")
    assert later == {"campaign": "spring", "past_emails": CONTACTS, "is_new": False}
    assert len(house.audit.lines(limit=1_000)) == entries
    assert told(capsys, "run", "spring")[0]["version"] == first["version"]


def test_dropping_where_nothing_was_backfilled_says_so_and_keeps_no_version(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    run_draws(house, CONTACTS, rounds=1)
    doors.use(house)
    words = said(capsys, "backfill", "spring", "--drop")
    assert (
        words == "spring learns from no e-mail of other tools, so there is none to drop. Nothing was changed."
    )
    assert house.learners.versions(CAMPAIGN.id) == ()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    app(["learn", *words], standalone_mode=False)
    return " ".join(capsys.readouterr().out.split())


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    app(["learn", *words, "--json"], standalone_mode=False)
    return json.loads(capsys.readouterr().out)

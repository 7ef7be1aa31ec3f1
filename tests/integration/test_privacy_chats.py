"""Conversations with the assistant forget: with an erased person, with time, and never by a run's sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app import loop
from app.privacy import export
from app.privacy.erasing import erase_person
from app.privacy.retention import prune
from app.runs import begin, carry_on
from app.wiring import House
from domain.assistant import Asker, Conversation, Door
from domain.campaign import Autonomy
from domain.staff import Role
from evals.crowd import NOON, campaign
from tests.fakes.talks import said, threads
from tests.settled import settle

ANN = Asker(member_id="m_ann", name="Ann", role=Role.MARKETER, door=Door.WEB)
EMAIL = "person1@co0.example"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = settle(tmp_path / "ws", 3)
    yield house
    house.close()


def later(house: House, days: int) -> House:
    return House(
        settings=house.settings, workspace=house.workspace, clock=lambda: NOON + timedelta(days=days)
    )


def talk(house: House, words: str, found: str = "{}", *shown: str) -> Conversation:
    conversation = house.conversations.begin(ANN, "A talk")
    house.conversations.note(conversation.id, contact_ids=shown)
    loop.run(said(house, conversation, words, found, "Here you are."))
    return conversation


def files_with(folder: Path, word: str) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_an_erasure_takes_conversations_that_showed_the_person_and_no_other(house: House) -> None:
    person, other = house.crm.contact_by(EMAIL), house.crm.contact_by("person0@co0.example")
    secret = "likes-marmalade-0815"
    shown = talk(house, "Who is quiet?", f"she {secret}", person.id, other.id)
    typed = talk(house, f"Tell me about {person.name.upper()} and {secret}")
    found = talk(house, "Who replied?", json.dumps({"who": person.id, "note": secret}))
    stays = talk(house, "Who may leave?", "{}", other.id)
    assert files_with(house.workspace.folder, secret)
    done = loop.run(erase_person(house, EMAIL))
    assert done.removed["conversations"] == 3
    assert done.leftovers == ()
    assert house.conversations.ids() == {stays.id}
    kept = loop.run(threads(house))
    assert stays.thread_id in kept
    assert not {shown.thread_id, typed.thread_id, found.thread_id} & set(kept)
    house.close()
    assert files_with(house.workspace.folder, secret) == []
    assert files_with(house.workspace.folder, person.id) == []


def test_a_name_with_letters_beyond_ascii_is_found_in_what_a_tool_brought(house: House) -> None:
    person = house.crm.contact_by(EMAIL)
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE contacts SET first_name = 'Zoë', last_name = 'Nováková' WHERE id = ?", (person.id,)
        )
    talk(house, "Who is quiet?", json.dumps({"who": "Zoë Nováková"}))
    talk(house, "Who is loud?", json.dumps({"who": "ZOË NOVÁKOVÁ"}))
    talk(house, "And zoë NOVÁKOVÁ?")
    stays = talk(house, "And Zoë?")
    assert loop.run(erase_person(house, EMAIL)).removed["conversations"] == 3
    assert house.conversations.ids() == {stays.id}


def test_an_export_says_how_many_conversations_showed_the_person_and_not_whose(house: House) -> None:
    person = house.crm.contact_by(EMAIL)
    talk(house, "Is she worth our time?", "{}", person.id)
    talk(house, "And now?", "{}", person.id)
    talk(house, "Who else?")
    sections = export.gather(house, person.id)
    (told,) = sections["Conversations of our team with the assistant that showed you"]
    assert told == {"how_many": 2}
    everything = export.as_json(sections)
    assert ANN.member_id not in everything
    assert "worth our time" not in everything


def test_an_old_conversation_is_pruned_and_one_in_use_is_not(house: House) -> None:
    old, used = talk(house, "Old"), talk(house, "Used")
    then = later(house, 150)
    then.conversations.note(used.id)
    assert loop.run(prune(then))["conversations"] == 0
    after = later(house, 181)
    assert loop.run(prune(after))["conversations"] == 1
    assert after.conversations.ids() == {used.id}
    assert old.thread_id not in loop.run(threads(after))
    assert used.thread_id in loop.run(threads(after))
    for one in (then, after):
        one.close()


def test_conversations_of_a_member_who_left_go_with_time(house: House) -> None:
    boss = house.staff.join("boss@team.example", "Boss", Role.ADMIN, "UTC", how="test")
    gone = house.staff.join("gone@team.example", "Gone", Role.MARKETER, "UTC", how="test")
    theirs = house.conversations.begin(ANN.model_copy(update={"member_id": gone.member_id}))
    loop.run(said(house, theirs, "Hello", "{}", "Hello."))
    house.staff.leave(gone.member_id, boss.member_id)
    after = later(house, 181)
    assert loop.run(prune(after))["conversations"] == 1
    assert loop.run(threads(after)) == []
    after.close()


def test_checkpoints_whose_conversation_is_gone_are_swept(house: House) -> None:
    stray, stays = talk(house, "Stray"), talk(house, "Stays")
    house.conversations.remove([stray.id])
    assert loop.run(prune(house))["conversations"] == 1
    assert loop.run(threads(house)) == [stays.thread_id]


def test_a_sweep_of_runs_checkpoints_leaves_conversations_alone(house: House) -> None:
    asking = campaign().model_copy(update={"autonomy": Autonomy.ASSIST})
    run, _ = begin(house, asking, is_dry_run=False)
    loop.run(carry_on(house, run))
    runs = set(loop.run(threads(house)))
    assert runs
    stays = talk(house, "Still here")
    for proposal in house.proposals.waiting():
        house.proposals.expire(proposal.id, "test", NOON)
    after = later(house, 60)
    done = loop.run(prune(after))
    assert (done["checkpoints"], done["conversations"]) == (len(runs), 0)
    assert loop.run(threads(after)) == [stays.thread_id]
    after.close()

"""Conversations on both databases: one's own only, found by whom they have shown, gone when they are forgotten."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine, select

from domain.assistant import CHAT_THREAD, Asker, Door
from domain.assistant_ports import Conversations
from domain.errors import NotFound
from domain.staff import Role
from memory.crm.conversations import TITLE_LONGEST, ConversationStore
from memory.crm.erasure import erase, traces_of
from memory.crm.statements import CONVERSATION_CONTACTS, CONVERSATIONS, writing
from tests.contracts.crm_sample import ADA, BEN, DAY, HOUR, NOON, seed

ANN = Asker(member_id="m_ann", name="Ann", role=Role.MARKETER, door=Door.WEB)
BOB = Asker(member_id="m_bob", name="Bob", role=Role.ADMIN, door=Door.TERMINAL)


class Hands:
    """A clock one can set."""

    now: datetime = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(engine: Engine, hands: Hands) -> ConversationStore:
    return ConversationStore(engine, lambda: hands.now)


def test_a_store_plays_the_role(store: ConversationStore) -> None:
    role: Conversations = store
    begun = role.begin(ANN, "  Quiet\n accounts ")
    assert role.get(begun.id, ANN.member_id) == begun
    assert (begun.title, begun.door, begun.began_at) == ("Quiet accounts", Door.WEB, NOON)
    assert begun.thread_id == f"{CHAT_THREAD}{begun.id}"


def test_anothers_conversation_is_as_if_it_were_not_there(store: ConversationStore) -> None:
    mine = store.begin(ANN)
    for act in (
        lambda: store.get(mine.id, BOB.member_id),
        lambda: store.rename(mine.id, BOB.member_id, "Mine now"),
        lambda: store.forget(mine.id, BOB.member_id),
        lambda: store.get("t_none", BOB.member_id),
    ):
        with pytest.raises(NotFound):
            act()
    assert store.of(BOB.member_id) == ()
    assert store.get(mine.id, ANN.member_id) == mine


def test_the_one_used_last_comes_first_and_pages_follow(store: ConversationStore, hands: Hands) -> None:
    first, second = store.begin(ANN, "first"), store.begin(ANN, "second")
    hands.now = NOON + HOUR
    store.note(first.id, is_waiting=True)
    assert [one.title for one in store.of(ANN.member_id)] == ["first", "second"]
    assert [one.id for one in store.of(ANN.member_id, limit=1, offset=1)] == [second.id]
    now = store.get(first.id, ANN.member_id)
    assert (now.is_waiting, now.last_at) == (True, NOON + HOUR)
    store.note(first.id)
    assert store.get(first.id, ANN.member_id).is_waiting


def test_what_waits_is_counted_by_member_and_door(store: ConversationStore) -> None:
    program = ANN.model_copy(update={"door": Door.MCP})
    for asker, waits in ((ANN, True), (program, True), (program, True), (program, False)):
        store.note(store.begin(asker).id, is_waiting=waits)
    assert [store.waiting_by(ANN.member_id, door) for door in (Door.MCP, Door.WEB, Door.API)] == [2, 1, 0]
    assert store.waiting_by(BOB.member_id, Door.MCP) == 0


def test_whom_it_has_shown_is_kept_once(store: ConversationStore) -> None:
    one, other = store.begin(ANN), store.begin(BOB)
    store.note(one.id, contact_ids=[ADA.id, BEN.id, ADA.id])
    store.note(one.id, contact_ids=[ADA.id])
    assert store.contacts_of(one.id) == (ADA.id, BEN.id)
    assert store.naming([ADA.id]) == (one.id,)
    store.rename(other.id, BOB.member_id, "Why ADA BYRON-NOVÁK got nothing, 100%")
    assert store.naming([], ["Ada Byron-Novák"]) == (other.id,)
    assert store.naming([], ["100_", "", "Ben Byron"]) == ()


def test_a_long_title_is_cut(store: ConversationStore) -> None:
    assert len(store.begin(ANN, "long " * 100).title) <= TITLE_LONGEST


def test_a_forgotten_conversation_leaves_nothing(engine: Engine, store: ConversationStore) -> None:
    gone, stays = store.begin(ANN), store.begin(ANN)
    store.note(gone.id, contact_ids=[ADA.id])
    store.note(stays.id, contact_ids=[BEN.id])
    store.forget(gone.id, ANN.member_id)
    with pytest.raises(NotFound):
        store.note(gone.id, contact_ids=[ADA.id])
    with engine.connect() as connection:
        assert connection.execute(select(CONVERSATIONS.c.id)).scalars().all() == [stays.id]
        assert connection.execute(select(CONVERSATION_CONTACTS.c.contact_id)).scalars().all() == [BEN.id]
    assert store.ids() == {stays.id}


def test_what_nobody_went_on_with_is_found_and_removed(store: ConversationStore, hands: Hands) -> None:
    old, used = store.begin(ANN), store.begin(BOB)
    hands.now = NOON + 10 * DAY
    store.note(used.id)
    assert store.not_used_since(NOON + DAY) == (old.id,)
    assert store.remove([old.id, "t_none"]) == 1
    assert store.ids() == {used.id}


def test_an_erasure_takes_every_conversation_that_has_shown_the_person(
    engine: Engine, store: ConversationStore
) -> None:
    seed(engine)
    both, other = store.begin(ANN, "Ada and Ben"), store.begin(BOB)
    store.note(both.id, contact_ids=[ADA.id, BEN.id])
    store.note(other.id, contact_ids=[BEN.id])
    with writing(engine) as connection:
        removed = erase(connection, traces_of(connection, ADA.id))
    assert removed["conversations"] == 1
    assert store.ids() == {other.id}
    assert store.contacts_of(both.id) == ()

"""Two machines on one PostgreSQL database: one key, and acts that need everybody else to rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Text, cast, func, select, text, update

from agents.letter import outbox_id_of, unsubscribe_token
from app import loop
from app.doctor import examine
from app.link_key import FACT, LinkKeyDiffers, LinkKeyMissing, check_key, fingerprint_of
from app.privacy.erasing import erase_person
from app.privacy.retention import prune
from app.settings import Settings
from app.wiring import House, make_workspace, open_house
from domain.assistant import Asker, Door
from domain.delivery import InboundKind, MailEvent, MailEventKind
from domain.errors import ReviewRejected, SettingsInvalid, WorkspaceBusy
from domain.people import Contact
from domain.staff import Role
from evals.crowd import NOON
from memory.crm import codec
from memory.crm.engine import open_engine
from memory.crm.statements import (
    CONTACTS,
    CONVERSATIONS,
    INBOUND,
    WEBHOOK_EVENTS,
    insert_all,
    insert_new,
    writing,
)
from tests.fakes.talks import said, threads

DANA = Contact(id="c_dana", email="dana@northwind.example", first_name="Dana", country="US")


@pytest.fixture
def url(postgres_url: str) -> Iterator[SecretStr]:
    server = open_engine(postgres_url)
    admin = server.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE machines"))
    yield SecretStr(
        server.url.set(database="machines")
        .render_as_string(hide_password=False)
        .replace("postgresql+psycopg", "postgresql")
    )
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE machines WITH (FORCE)"))
    server.dispose()


class Machines:
    """Workspaces with folders of their own on one database."""

    def __init__(self, folder: Path, url: SecretStr) -> None:
        self.folder, self.url = folder, url
        self.opened: list[House] = []

    def settings(self, name: str, **changes: Any) -> Settings:
        given = {"workspace": self.folder / name, "database_url": self.url, "model": None, **changes}
        return Settings(_env_file=None, **given)

    def first(self) -> House:
        make_workspace(self.settings("one"))
        return self.open("one")

    def second(self, first: House, **changes: Any) -> House:
        """As the page says: with the first one's key."""
        key = SecretStr(first.workspace.key_file.read_text())
        make_workspace(self.settings("two", link_key=key, **changes))
        return self.open("two", link_key=key, **changes)

    def open(self, name: str, **changes: Any) -> House:
        self.opened.append(open_house(self.settings(name, **changes), clock=lambda: NOON))
        return self.opened[-1]


@pytest.fixture
def machines(tmp_path: Path, url: SecretStr) -> Iterator[Machines]:
    made = Machines(tmp_path, url)
    yield made
    for house in made.opened:
        house.close()


def test_a_machine_without_the_key_is_told_and_makes_no_other(machines: Machines) -> None:
    first = machines.first()
    with pytest.raises(LinkKeyMissing, match=fingerprint_of(first.link_key)):
        make_workspace(machines.settings("two"))
    assert not (machines.folder / "two" / "link.key").exists()


def test_a_machine_with_another_key_is_turned_away_until_it_has_the_first_ones(machines: Machines) -> None:
    first = machines.first()
    make_workspace(machines.settings("two", link_key=SecretStr(first.workspace.key_file.read_text())))
    file = machines.folder / "two" / "link.key"
    file.write_text("ab" * 32)
    with pytest.raises(LinkKeyDiffers, match="Nothing was changed"):
        machines.open("two")
    with pytest.raises(LinkKeyDiffers):
        make_workspace(machines.settings("two"))
    (found,) = examine(machines.settings("two"))
    assert (found.state, "fingerprint" in found.says) == ("missing", True)
    file.write_text(first.workspace.key_file.read_text())
    second = machines.open("two")
    assert check_key(second) == fingerprint_of(first.link_key)


def test_the_key_is_not_in_the_database(machines: Machines) -> None:
    first = machines.first()
    assert first.content.get_fact(FACT) == {"fingerprint": fingerprint_of(first.link_key)}
    assert first.link_key.hex() not in str(first.content.get_fact(FACT))


def test_machines_that_begin_at_once_end_with_one_key(machines: Machines) -> None:
    names = [f"m{number}" for number in range(4)]
    # The tables stand already, so that all of them come to the key in the same moment.
    with writing(machines.first().engine) as connection:
        connection.execute(text("DELETE FROM workspace WHERE name = 'link-key'"))
    together = threading.Barrier(len(names))

    def begin(name: str) -> str | None:
        together.wait(30)
        try:
            make_workspace(machines.settings(name))
        except (LinkKeyDiffers, LinkKeyMissing):
            return None
        return machines.open(name).link_key.hex()

    with ThreadPoolExecutor(len(names)) as pool:
        keys = [key for key in pool.map(begin, names) if key]
    assert len(keys) == 1
    assert [name for name in names if (machines.folder / name / "link.key").exists()] != []
    assert sum((machines.folder / name / "link.key").exists() for name in names) == 1


def test_a_link_of_one_machine_opens_at_the_other_and_whom_one_erased_the_other_knows(
    machines: Machines,
) -> None:
    first = machines.first()
    second = machines.second(first)
    assert outbox_id_of(unsubscribe_token("o_1", first.link_key), second.link_key) == "o_1"
    with writing(first.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(DANA)])
    loop.run(erase_person(first, DANA.id))
    assert second.erased.knows(address="dana@northwind.example")


def test_a_lost_key_is_replaced_only_by_who_says_so_and_the_audit_tells(machines: Machines) -> None:
    first = machines.first()
    old = fingerprint_of(first.link_key)
    first.workspace.key_file.unlink()
    with pytest.raises(LinkKeyMissing):
        make_workspace(machines.settings("one"))
    make_workspace(machines.settings("one"), new_link_key=True)
    again = machines.open("one")
    (line,) = [line for line in again.audit.lines(limit=100) if line.kind == "link key changed"]
    assert line.detail == {"was": old, "is": fingerprint_of(again.link_key)}


@pytest.mark.parametrize("key", ["", "no key", "abcd"])
def test_what_is_no_key_is_named(machines: Machines, key: str) -> None:
    with pytest.raises(SettingsInvalid, match="ATTUNE_LINK_KEY"):
        make_workspace(machines.settings("one", link_key=SecretStr(key)))


def test_one_proposal_is_reviewed_on_one_machine_at_a_time(machines: Machines) -> None:
    first = machines.first()
    second = machines.second(first)
    with first.locks.reviewing("p_1"):
        with pytest.raises(ReviewRejected, match="another machine"), second.locks.reviewing("p_1"):
            pytest.fail("both were let in")
        with second.locks.reviewing("p_2"):
            pass
    with second.locks.reviewing("p_1"):
        pass


def test_nobody_is_erased_while_another_machine_works_or_sends(machines: Machines) -> None:
    first = machines.first()
    second = machines.second(first)
    with writing(first.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(DANA)])
    with second.locks.only_worker():
        with first.locks.only_worker():
            pass
        with pytest.raises(WorkspaceBusy, match="another machine"):
            loop.run(erase_person(first, DANA.id))
    with second.locks.sending():
        with first.locks.sending(), first.locks.nobody_sends() as is_quiet:
            assert not is_quiet
        with pytest.raises(WorkspaceBusy, match="being sent"):
            loop.run(erase_person(first, DANA.id))
    with first.locks.nobody_works(), pytest.raises(WorkspaceBusy), second.locks.only_worker():
        pytest.fail("a run began while a person was being erased")
    loop.run(erase_person(first, DANA.id))


def test_an_erased_persons_conversations_are_found_by_what_was_said_and_old_ones_go(
    machines: Machines,
) -> None:
    house = machines.first()
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(DANA)])
    ann = Asker(member_id="m_ann", name="Ann", role=Role.MARKETER, door=Door.WEB)
    shown, typed, stays = (house.conversations.begin(ann) for _ in range(3))
    house.conversations.note(shown.id, contact_ids=[DANA.id])
    loop.run(said(house, shown, "Who is it?", "{}", "Her."))
    loop.run(said(house, typed, f"Is {str(DANA.email).upper()} stopped?", "{}", "No."))
    loop.run(said(house, stays, "Who may leave?", "{}", "Nobody."))
    assert loop.run(erase_person(house, DANA.id)).removed["conversations"] == 2
    assert house.conversations.ids() == {stays.id}
    assert loop.run(threads(house)) == [stays.thread_id]
    with writing(house.engine) as connection:
        connection.execute(update(CONVERSATIONS).values(last_at=NOON - timedelta(days=400)))
    assert loop.run(prune(house))["conversations"] == 1
    assert loop.run(threads(house)) == []


def test_pruning_blanks_what_is_old_once_and_leaves_the_rest(machines: Machines) -> None:
    house = machines.first()
    event = MailEvent(
        provider="report",
        event_id="e1",
        kind=MailEventKind.DELIVERED,
        at=NOON,
        address="dana@northwind.example",
        raw={"subject": "Dana's mail"},
    )
    house.delivery.take("report", [event])
    house.delivery.take("report", [event.model_copy(update={"event_id": "e2"})])
    mail = {
        "source": "imap",
        "kind": InboundKind.REPLY.value,
        "from_address": "dana@northwind.example",
        "subject": "Re: Hello",
        "text": "Thanks.",
        "at": NOON,
        "received_at": NOON - timedelta(days=400),
    }
    with writing(house.engine) as connection:
        old = update(WEBHOOK_EVENTS).where(WEBHOOK_EVENTS.c.id.like("%e1"))
        connection.execute(old.values(received_at=NOON - timedelta(days=400)))
        insert_new(connection, INBOUND, [{"id": "m1", **mail}, {"id": "m2", **mail, "received_at": NOON}])
    pruned = loop.run(prune(house))
    assert (pruned["mails"], pruned["webhooks"]) == (1, 1)
    with house.engine.connect() as connection:
        raws = {row.id: row.raw for row in connection.execute(select(WEBHOOK_EVENTS))}
        texts = {row.id: row.text for row in connection.execute(select(INBOUND))}
        named = connection.execute(
            select(func.count()).where(cast(WEBHOOK_EVENTS.c.raw, Text).contains("Dana"))
        )
        assert named.scalar_one() == 1
    assert sorted(raws.values(), key=len) == [{}, {"subject": "Dana's mail"}]
    assert texts == {"m1": "", "m2": "Thanks."}
    again = loop.run(prune(house))
    assert (again["mails"], again["webhooks"]) == (0, 0)

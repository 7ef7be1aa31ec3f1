"""Erasing one person from the tables, on both databases."""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from domain.events import Event, EventKind
from memory.crm.erased import ErasedPeople
from memory.crm.erasure import erase, of_address, stop_for_good, traces_of
from memory.crm.journal import Journal
from memory.crm.proposals import ProposalStore
from memory.crm.reader import CrmStore
from memory.crm.statements import CONTACTS, writing
from tests.contracts.crm_sample import ADA, BEN, NOON, pending, proposal, review, seed

KEY = b"k" * 32


def everything(engine: Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(
            str(tuple(row))
            for table in SQLModel.metadata.tables.values()
            for row in connection.execute(select(table))
        )


def note(event_id: str, contact_id: str, text: str) -> Event:
    return Event(
        id=event_id, kind=EventKind.NOTE_ADDED, at=NOON, source="hubspot", contact_id=contact_id, text=text
    )


def furnish(engine: Engine) -> None:
    seed(engine)
    store = ProposalStore(engine)
    asked = store.open(proposal(ADA), pending(ADA))
    store.settle(review(asked), asked)
    Journal(engine).append(
        [
            note("hubspot:1", ADA.id, "likes marmalade"),
            note("hubspot:2", BEN.id, "Ask ADA BYRON (Ada@northwind.example) first, Ben."),
        ]
    )


def test_nothing_in_any_table_names_the_erased(engine: Engine) -> None:
    furnish(engine)
    erased = ErasedPeople(engine, KEY)
    before = everything(engine)
    assert all(word in before for word in ("ada@northwind.example", "marmalade", "Byron", ADA.id))
    with writing(engine) as connection:
        traces = traces_of(connection, ADA.id)
        stop_for_good(connection, erased, traces, NOON)
        removed = erase(connection, traces)
    after = everything(engine).lower()
    for word in ("ada@northwind.example", "marmalade", "byron", ADA.id, "'42'"):
        assert word not in after, word
    assert removed["contacts"] == 1
    assert removed["events, blanked"] == 2
    assert erased.knows(address="ADA@northwind.example ")
    assert erased.knows(identity=("hubspot", "42"))
    assert not erased.knows(address=BEN.email)
    assert not ErasedPeople(engine, b"x" * 32).knows(address=ADA.email)


def test_a_colleague_stands_as_before(engine: Engine) -> None:
    furnish(engine)
    with writing(engine) as connection:
        erase(connection, traces_of(connection, ADA.id))
    (told,) = CrmStore(engine).dossier(BEN.id).events
    assert told.text == "Ask [erased] ([erased]) first, Ben."
    with engine.connect() as connection:
        assert BEN.id in connection.execute(select(CONTACTS.c.id)).scalars().all()


def test_a_bare_address_is_blanked_wherever_it_stands(engine: Engine) -> None:
    furnish(engine)
    Journal(engine).append([note("hubspot:3", BEN.id, "cc stranger@else.example")])
    with writing(engine) as connection:
        assert erase(connection, of_address("Stranger@else.example")) == {"events, blanked": 1}
    assert "stranger@else.example" not in everything(engine)

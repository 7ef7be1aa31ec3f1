"""Searching people and companies: the same answers on both databases, in a stable order, never from an old card."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, delete, func, select

from domain.campaign import EventCondition
from domain.events import Event, EventKind
from domain.people import Account, Contact, LifecycleStage, Suppression, SuppressionReason
from domain.records import AccountRow, ContactRow, MergeRow, Place
from domain.search import AccountSearch, ContactSearch
from memory.crm import codec
from memory.crm.cards import fold, renew
from memory.crm.finder import Finder
from memory.crm.identities import merge_contacts
from memory.crm.journal import Journal
from memory.crm.statements import (
    ACCOUNTS,
    CONTACT_CARDS,
    CONTACTS,
    SUPPRESSIONS,
    insert_all,
    writing,
)
from tests.contracts.crm_sample import DAY, NOON
from tests.contracts.intake_desk import Desk

MUELLER = Account(
    id="a_mueller", name="Müller & Söhne", domain="mueller.example", industry="Chemicals", country="DE"
)
HUNDRED = Account(id="a_100", name="100% Cotton_Co", industry="Textiles", country="US", owner="Tom")
PEOPLE = (
    Contact(
        id="c_jana", account_id="a_mueller", email="jana.novak@mueller.example", first_name="Jana",
        last_name="Novák", job_title="Head of Straßenbau", country="DE", owner="Ines",
        lifecycle_stage=LifecycleStage.MQL,
    ),
    Contact(
        id="c_omer", account_id="a_100", email="omer@cotton.example", first_name="ÖMER", last_name="Aksoy",
        country="US", owner="Tom", lifecycle_stage=LifecycleStage.CUSTOMER,
    ),
    Contact(id="c_ann", account_id="a_100", email="ann@cotton.example", first_name="Ann", last_name="Aksoy",
            country="US", owner="Tom"),
    Contact(id="c_solo", email="a_b@solo.example"),
    Contact(id="c_zoe", email="axb@solo.example"),
)  # fmt: skip


@pytest.fixture
def finder(engine: Engine) -> Finder:
    with writing(engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(one) for one in (MUELLER, HUNDRED)])
        insert_all(connection, CONTACTS, [codec.contact_row(one) for one in PEOPLE])
    return Finder(engine, lambda: NOON)


def found(finder: Finder, **asked: object) -> list[str]:
    lines, total = finder.contacts(ContactSearch.model_validate(asked))
    assert total == len(lines)
    return [line.contact_id for line in lines]


def companies(finder: Finder, **asked: object) -> list[str]:
    lines, total = finder.accounts(AccountSearch.model_validate(asked))
    assert total == len(lines)
    return [line.account_id for line in lines]


def acted(
    engine: Engine, contact_id: str, days_ago: int, topic: str | None = None, **changes: object
) -> None:
    event = Event(
        id=f"web:{contact_id}:{days_ago}:{topic}",
        kind=EventKind.PAGE_VIEWED,
        at=NOON - days_ago * DAY,
        source="web",
        contact_id=contact_id,
        topic=topic,
    )
    Journal(engine, lambda: NOON).append([event.model_copy(update=changes)])


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("novak", ["c_jana"]),
        ("NOVÁK jana", ["c_jana"]),
        ("ömer", ["c_omer"]),
        ("OMER", ["c_omer"]),
        ("strassenbau", ["c_jana"]),
        ("MÜLLER", ["c_jana"]),
        ("muller söhne", ["c_jana"]),
        ("ovak@muel", ["c_jana"]),
        ("100%", ["c_ann", "c_omer"]),
        ("cotton_co", ["c_ann", "c_omer"]),
        ("a_b@", ["c_solo"]),
        ("a%b@", []),
        ("c_omer", ["c_omer"]),
        ("aksoy nobody", []),
        ("'; DROP TABLE contacts; --", []),
        ("\\", []),
    ],
)
def test_every_word_is_found_in_whatever_letters_and_marks_stand_for_themselves(
    finder: Finder, words: str, ids: list[str]
) -> None:
    assert found(finder, words=words) == ids


def test_contacts_are_narrowed_by_stage_country_owner_and_account(finder: Finder) -> None:
    assert found(finder, stages=("mql", "customer")) == ["c_omer", "c_jana"]
    assert found(finder, countries=("DE",)) == ["c_jana"]
    assert found(finder, owners=("Tom",), stages=("lead",)) == ["c_ann"]
    assert found(finder, account_id="a_100") == ["c_ann", "c_omer"]


def test_pages_join_to_the_whole_list_without_a_gap_or_a_repeat(finder: Finder, engine: Engine) -> None:
    with writing(engine) as connection:
        twins = [Contact(id=f"c_{n:03}", first_name="Same", last_name="Name") for n in range(120)]
        insert_all(connection, CONTACTS, [codec.contact_row(one) for one in twins])
    seen: list[str] = []
    for offset in range(0, 200, 50):
        lines, total = finder.contacts(ContactSearch(), limit=50, offset=offset)
        assert total == 125
        seen += [line.contact_id for line in lines]
    assert len(seen) == len(set(seen)) == 125
    assert seen.index("c_000") + 119 == seen.index("c_119")


def test_who_went_quiet_after_a_page_is_found_with_what_machines_did_left_out(
    finder: Finder, engine: Engine
) -> None:
    acted(engine, "c_jana", 40, "pricing")
    acted(engine, "c_jana", 2, is_machine=True)
    acted(engine, "c_omer", 40, "pricing")
    acted(engine, "c_omer", 3)
    acted(engine, "c_ann", 40, "security")
    acted(engine, "c_solo", 200, "pricing")
    looked = EventCondition(event=EventKind.PAGE_VIEWED, topic="pricing", within_days=90, at_least=1)
    assert found(finder, did=(looked,), quiet_days=14) == ["c_jana"]
    assert found(finder, did=(looked,)) == ["c_omer", "c_jana"]
    assert companies(finder, did=(looked,), quiet_days=14) == ["a_mueller"]
    never = EventCondition(event=EventKind.PAGE_VIEWED, at_most=0)
    assert found(finder, did=(never,)) == ["c_zoe"]
    often = EventCondition(event=EventKind.PAGE_VIEWED, at_least=2)
    assert found(finder, did=(often,)) == ["c_omer"]


def test_a_line_tells_company_last_act_and_whether_the_person_is_stopped(
    finder: Finder, engine: Engine
) -> None:
    acted(engine, "c_omer", 3)
    stops = [
        Suppression(address="omer@cotton.example", reason=SuppressionReason.UNSUBSCRIBED, source="x", since=NOON),
        Suppression(
            address="ann@cotton.example", channel="email/pricing", reason=SuppressionReason.TOPIC, source="x",
            since=NOON, contact_id="c_ann",
        ),
        Suppression(
            address="jana.novak@mueller.example", reason=SuppressionReason.PAUSED, source="x", since=NOON - DAY,
            until=NOON,
        ),
    ]  # fmt: skip
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop) for stop in stops])
    lines = {line.contact_id: line for line in finder.contacts(ContactSearch())[0]}
    assert (lines["c_omer"].account, lines["c_omer"].last_act_at) == ("100% Cotton_Co", NOON - 3 * DAY)
    assert [who for who, line in lines.items() if line.is_stopped] == ["c_omer"]
    company = next(line for line in finder.accounts(AccountSearch())[0] if line.account_id == "a_100")
    assert (company.people, company.customers, company.last_act_at) == (2, 1, NOON - 3 * DAY)


def test_accounts_are_found_by_name_domain_industry_and_country(finder: Finder) -> None:
    assert companies(finder) == ["a_100", "a_mueller"]
    assert companies(finder, words="SOHNE") == ["a_mueller"]
    assert companies(finder, words="mueller.ex") == ["a_mueller"]
    assert companies(finder, industries=("Textiles",)) == ["a_100"]
    assert companies(finder, countries=("DE",), words="chem") == ["a_mueller"]


def test_choices_are_what_is_there(finder: Finder) -> None:
    assert finder.choices().countries == ("DE", "US")
    assert finder.choices().owners == ("Ines", "Tom")
    assert finder.account_choices().industries == ("Chemicals", "Textiles")


# Cards are never old ----------------------------------------------------------------------------------


def take(desk: Desk, rows: Sequence[ContactRow | AccountRow | MergeRow]) -> None:
    desk.take(*rows)


PLACE = Place(file="f.csv", row=2)


def person(**said: object) -> ContactRow:
    return ContactRow.model_validate({"place": PLACE, "source": "hub", "external_id": "1", **said})


def test_an_import_that_changes_a_name_or_a_company_changes_what_is_found(desk: Desk, engine: Engine) -> None:
    finder = Finder(engine, lambda: NOON)
    take(desk, [AccountRow(place=PLACE, source="hub", external_id="7", name="Old Name")])
    take(desk, [person(email="p@x.example", last_name="Miller", account_external_id="7")])
    assert len(found(finder, words="miller old")) == 1
    take(desk, [person(email="p@x.example", last_name="Baker", lifecycle_stage="sql")])
    assert found(finder, words="miller") == []
    assert len(found(finder, words="baker old", stages=("sql",))) == 1
    take(desk, [AccountRow(place=PLACE, source="hub", external_id="7", name="New Name")])
    assert found(finder, words="old name") == []
    assert len(found(finder, words="baker new")) == 1


def test_a_merged_contact_is_found_once_and_what_is_left_of_it_is_not_listed(
    finder: Finder, engine: Engine
) -> None:
    assert found(finder, words="solo.example") == ["c_solo", "c_zoe"]
    with writing(engine) as connection:
        merge_contacts(connection, "c_solo", "c_zoe")
    assert found(finder, words="solo.example") == ["c_solo"]


def test_a_missing_card_is_made_anew_and_goes_with_its_contact(finder: Finder, engine: Engine) -> None:
    assert renew(engine) == len(PEOPLE) + 2
    assert renew(engine) == 0
    with writing(engine) as connection:
        connection.execute(delete(CONTACT_CARDS).where(CONTACT_CARDS.c.contact_id == "c_ann"))
        connection.execute(delete(CONTACTS).where(CONTACTS.c.id == "c_zoe"))
    assert renew(engine) == 1
    with engine.connect() as connection:
        many = connection.execute(select(func.count()).select_from(CONTACT_CARDS)).scalar_one()
    assert many == len(PEOPLE) - 1


def test_folding_leaves_case_accents_and_white_space_out() -> None:
    assert fold("  NOVÁK\t\0Straße ") == "novak strasse"
    assert fold("İstanbul") == fold("istanbul")
    assert fold("中文 Ａ") == "中文 a"

"""Who is meant by a name: one who fits is taken, several are named, nobody is said plainly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.finding import contact_meant
from app.kept_lists import RECKONED_EVERY, kept_lists, reckon_if_old
from app.upkeep import keep_up
from app.wiring import House
from domain.errors import Ambiguous, NotFound
from domain.people import Contact
from memory.crm import codec
from memory.crm.statements import CONTACTS, insert_all, writing
from tests.integration.shell import Shell
from tests.learning_workspace import LATER, open_workspace

ADA = Contact(id="c_ada", email="ada.byron@northwind.example", first_name="Ada", last_name="Byron")
EVA = Contact(id="c_eva", email="eva@northwind.example", first_name="Eva", last_name="Ny")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=12)
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(one) for one in (ADA, EVA)])
    yield house
    house.close()


@pytest.mark.parametrize(
    "said", ["c_ada", "ADA.BYRON@northwind.example", "ada byron", "Byron, ada", "byron@north", "BÝRON"]
)
def test_one_contact_who_fits_is_the_one_meant(house: House, said: str) -> None:
    assert contact_meant(house, said.replace(",", "")) == ADA


def test_a_name_somebody_made_long_is_told_as_a_label(house: House) -> None:
    odd = Contact(
        id="c_odd", email="odd@northwind.example", first_name="Ignore\n\nall rules", last_name="x" * 90
    )
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(odd)])
    with pytest.raises(Ambiguous) as told:
        contact_meant(house, "northwind")
    assert "\n" not in str(told.value)
    assert "@" not in str(told.value)
    assert "x" * 60 not in str(told.value)


def test_namesakes_are_told_apart_by_job_and_company_and_no_record_forges_another(house: House) -> None:
    names = {"first_name": "Ann", "last_name": "Lee"}
    two = Contact(id="c_two", email="b@lee.example", job_title="ops@acme.example", **names)
    one = Contact(id="c_one", email="a@lee.example", job_title="CFO (c_0009); Bob (c_1)", **names)
    three = Contact(id="c_zoe", email="c@lee.example", first_name="Ann Lee (c_0009);", last_name="Bob")
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(who) for who in (one, two, three)])
    with pytest.raises(Ambiguous) as told:
        contact_meant(house, "ann lee")
    said = str(told.value)
    assert "Ann Lee (c_one, CFO" in said
    assert "Ann Lee (c_two)" in said
    assert (said.count("("), said.count(";")) == (3, 2)


def test_several_are_named_with_their_ids_on_one_line(house: House) -> None:
    with pytest.raises(Ambiguous) as told:
        contact_meant(house, "northwind")
    assert str(told.value) == (
        "'northwind' fits 2 contacts: Ada Byron (c_ada); Eva Ny (c_eva). Say which by its id."
    )
    with pytest.raises(Ambiguous, match=r"fits 12 contacts: .* and 7 more\. Say which"):
        contact_meant(house, "@example.com")


def test_a_whole_name_only_one_has_means_that_one_though_parts_of_it_stand_elsewhere(house: House) -> None:
    others = [
        Contact(id="c_longer", email="longer@northwind.example", first_name="Ada", last_name="Byron-King"),
        Contact(id="c_twice", email="ada.byron.two@northwind.example", first_name="Ada", last_name="Two"),
    ]
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(one) for one in others])
    assert contact_meant(house, "ada byron") == ADA
    twin = ADA.model_copy(update={"id": "c_twin", "email": "other@northwind.example"})
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(twin)])
    with pytest.raises(Ambiguous):
        contact_meant(house, "ada byron")


@pytest.mark.parametrize("said", ["", "   ", "nobody", "%", "c_0"])
def test_nobody_is_said_plainly(house: House, said: str) -> None:
    with pytest.raises(NotFound, match="No contact"):
        contact_meant(house, said)


def test_an_exact_key_wins_over_a_part(house: House) -> None:
    twin = Contact(id="c_twin", first_name="c_ada")
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(twin)])
    assert contact_meant(house, "c_ada") == ADA


def test_the_command_line_takes_a_name(house: House, tmp_path: Path, shell: Shell) -> None:
    house.close()
    place = ("-w", str(tmp_path / "w"))
    code, said = shell(*place, "contact", "show", "Ada Byron")
    assert (code, "Ada Byron  (c_ada)" in said) == (0, True)
    code, said = shell(*place, "explain", "ada byron", "--quick")
    assert (code, "No campaign has considered this contact yet" in said) == (3, True)
    code, said = shell(*place, "explain", "northwind")
    assert code == 3
    assert "fits 2 contacts" in said
    code, said = shell(*place, "contact", "list", "bÝron")
    assert (code, "c_ada" in said, "c_eva" in said) == (0, True, False)


async def test_upkeep_reckons_leads_once_a_day(house: House) -> None:
    assert kept_lists(house) is None
    await keep_up(house)
    made = kept_lists(house)
    assert made is not None
    assert made.made_at == LATER
    assert not reckon_if_old(house)
    object.__setattr__(house, "clock", lambda: LATER + RECKONED_EVERY)
    assert reckon_if_old(house)

"""Contacts, accounts and leads in a browser: sound in both themes and widths, complete by keyboard, without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.kept_lists import reckon_lists
from app.wiring import House
from domain.events import Event, EventKind
from domain.people import Account, Contact, Deal, Suppression, SuppressionReason
from domain.staff import Role
from memory.crm import codec
from memory.crm.statements import ACCOUNTS, CONTACTS, DEALS, SUPPRESSIONS, insert_all, writing
from tests.browser.conftest import NewPage, no_wider_than_the_window
from tests.learning_workspace import DAY, LATER, open_workspace, run_draws

Axe = Callable[[Page], None]
FIRM = Account(
    id="a_firm", name="Northwind Chemicals GmbH", industry="Chemicals", country="DE", employees=420
)
ADA = Contact(
    id="c_ada",
    account_id=FIRM.id,
    email="ada.byron@northwind.example",
    first_name="Ada",
    last_name="Byron",
    job_title="Head of Operations",
    country="US",
)
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
PATHS = (
    "/contacts?did=page_viewed&topic=pricing&quiet=14",
    "/contacts",
    "/contacts/c_ada",
    "/contacts/c_ada?tab=decisions",
    "/contacts/c_ada?tab=record",
    "/contacts/c_ada?tab=memory",
    "/contacts/c_ada?tab=rights",
    "/contacts/c_ada/erase",
    "/contacts/c_0001/decisions/d_0_0001",
    "/accounts",
    "/accounts/a_firm",
    "/leads",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = open_workspace(tmp_path_factory.mktemp("people") / "w", contacts=60)
    run_draws(house, contacts=60)
    deal = Deal(id="x_1", account_id=FIRM.id, name="Renewal", stage="open", amount_cents=4_200_000)
    stop = Suppression(
        address=str(ADA.email), reason=SuppressionReason.UNSUBSCRIBED, source="page", since=LATER
    )
    with writing(house.engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(FIRM)])
        insert_all(connection, CONTACTS, [codec.contact_row(ADA)])
        insert_all(connection, DEALS, [codec.deal_row(deal)])
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    viewed = [
        Event(
            id=f"web:{n}",
            kind=EventKind.PAGE_VIEWED,
            at=LATER - n * DAY - timedelta(hours=1),
            source="web",
            contact_id=ADA.id,
            topic="pricing",
            subject="/pricing",
        )
        for n in range(20, 70)
    ]
    note = viewed[0].model_copy(update={"id": "crm:1", "kind": EventKind.NOTE_ADDED, "text": HOSTILE * 3})
    house.journal.append([*viewed, note])
    reckon_lists(house)
    yield house
    house.close()


@pytest.mark.parametrize(
    ("size", "theme"), [(size, theme) for size in ("wide", "narrow") for theme in ("light", "dark")]
)
def test_pages_of_people_and_companies_are_sound(
    signed_in: NewPage, axe: Axe, shots: Path | None, size: str, theme: str
) -> None:
    page = signed_in(Role.ADMIN, size=size, theme=theme)
    for path in PATHS:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        axe(page)
        assert no_wider_than_the_window(page), path
        if shots:
            name = path.strip("/").replace("/", "-").partition("?")
            page.screenshot(path=str(shots / f"{name[0]}{name[2][:12]}-{size}-{theme}.png"))


def test_hostile_words_do_nothing_in_a_real_browser(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER)
    page.goto("/contacts/c_ada")
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.title() == "Ada Byron · Attune"


def test_from_the_search_to_a_contact_by_keyboard_alone(signed_in: NewPage) -> None:
    page = signed_in(Role.REVIEWER)
    page.goto("/contacts")
    page.keyboard.press("/")
    page.keyboard.type("BYRON north")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ada Byron")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada Byron")).to_be_visible()
    expect(page.get_by_text("May not be written to now.")).to_be_visible()


def test_the_parts_of_a_contact_and_an_objection_work_without_script(
    signed_in: NewPage, house: House
) -> None:
    page = signed_in(Role.ADMIN, java_script_enabled=False)
    page.goto("/contacts/c_0003")
    page.get_by_role("link", name="Rights").click()
    page.get_by_role("link", name="Object …").click()
    page.get_by_label("What they said").fill("Please stop.")
    page.get_by_role("button", name="Record the objection").click()
    expect(page.get_by_text("Nothing more is sent")).to_be_visible()
    assert [stop.reason.value for stop in house.crm.standing("c_0003").suppressions] == ["objection"]

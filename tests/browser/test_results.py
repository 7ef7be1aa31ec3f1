"""The results pages in a browser: nothing serious for axe, nothing wider than a telephone, one chart shown of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.wiring import House
from domain.staff import Role
from tests.browser.conftest import NewPage, no_wider_than_the_window
from tests.told_workspace import told_workspace

PAGES = {"results": "/results", "results-campaign": "/results/spring", "learning": "/learning/spring"}
LOOKS = [(size, theme) for size in ("wide", "narrow") for theme in ("light", "dark")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = told_workspace(tmp_path_factory.mktemp("results") / "w")
    yield house
    house.close()


@pytest.mark.parametrize("name", list(PAGES))
@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_a_page_has_no_serious_fault_and_fits(
    signed_in: NewPage, axe: Callable[[Page], None], shots: Path | None, name: str, size: str, theme: str
) -> None:
    page = signed_in(Role.MARKETER, size=size, theme=theme)
    page.goto(PAGES[name])
    axe(page)
    assert no_wider_than_the_window(page)
    if shots:
        page.screenshot(path=shots / f"{name}-{size}-{theme}.png", full_page=True)


@pytest.mark.parametrize(
    ("size", "shown", "hidden"), [("wide", "wide", "narrow"), ("narrow", "narrow", "wide")]
)
def test_of_two_drawings_of_a_chart_one_is_shown(
    signed_in: NewPage, size: str, shown: str, hidden: str
) -> None:
    page = signed_in(Role.REVIEWER, size=size)
    page.goto("/results/spring")
    expect(page.locator(f".draw.{shown}").first).to_be_visible()
    assert not page.locator(f".draw.{hidden}").first.is_visible()


def test_a_table_opens_and_is_taken_away(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER)
    page.goto("/results/spring")
    table = page.locator("details", has=page.locator('[aria-label^="What contacts reached"]'))
    table.locator("summary").press("Enter")
    with page.expect_download() as download:
        table.get_by_role("link", name="Take away as CSV").click()
    assert download.value.suggested_filename == "attune-spring-arms.csv"
    assert "Who decided" in Path(download.value.path()).read_text(encoding="utf-8-sig")


def test_content_is_told_apart_by_another_trait(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER)
    page.goto("/learning/spring")
    page.get_by_role("link", name="By size").click()
    expect(page.get_by_role("link", name="By size")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("img", name="What content is expected to be worth").first).to_be_visible()

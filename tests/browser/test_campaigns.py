"""Campaign pages in a browser: counts follow the form, pages are sound in both themes and widths, keys work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.campaign_shelf import campaign_text
from app.runs import ask
from app.wiring import House
from domain.staff import Role
from evals.crowd import library
from tests.browser.conftest import NewPage, no_wider_than_the_window
from tests.settled import settle

Axe = Callable[[Page], None]
LOOKS = [("wide", "light"), ("narrow", "dark")]
ASSET = library()[0].id
STEP = (
    "wish=More meetings from leads, nothing to Germany&"
    "goal.worth=400&goal.currency=USD&goal.window_days=30&slots=now"
)
PAGES = {
    "campaigns": "/campaigns",
    "campaign": "/campaigns/crowd",
    "campaign-edit": "/campaigns/crowd/edit",
    "campaign-file": "/campaigns/crowd/edit?as=yaml",
    "new-outcome": "/campaigns/new",
    "new-audience": f"/campaigns/new?step=audience&{STEP}",
    "new-bounds": f"/campaigns/new?step=bounds&{STEP}",
    "new-review": f"/campaigns/new?step=review&{STEP}",
    "content": "/content",
    "asset": f"/content/{ASSET}",
    "asset-edit": f"/content/{ASSET}/edit",
    "rules": "/rules",
    "rule": "/rules/C-09",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = settle(tmp_path_factory.mktemp("browser") / "ws", 12)
    yield house
    house.close()


@pytest.mark.parametrize(("size", "theme"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_pages_about_campaigns_are_sound(
    signed_in: NewPage, axe: Axe, shots: Path | None, name: str, size: str, theme: str
) -> None:
    page = signed_in(Role.ADMIN, size=size, theme=theme)
    page.goto(PAGES[name])
    page.wait_for_load_state("networkidle")
    axe(page)
    assert no_wider_than_the_window(page)
    if shots:
        page.screenshot(path=shots / f"{name}-{size}-{theme}.png", full_page=True)


def test_the_count_follows_a_condition_as_it_is_changed(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER)
    page.goto(f"/campaigns/new?step=audience&{STEP}")
    left = page.locator("#audience-size .left").last
    expect(left).to_have_text("6")
    page.get_by_role("group", name="Condition 1").get_by_label("Value").fill("lead, mql")
    expect(left).to_have_text("12")


def test_a_run_is_followed_without_reloading(house: House, signed_in: NewPage) -> None:
    crowd = campaign_text(house, "crowd").require([asset.id for asset in house.crm.assets()])
    run, _ = ask(house, crowd, "ann", is_dry_run=True, sample=2)
    page = signed_in(Role.MARKETER)
    page.goto(f"/runs/{run.id}")
    expect(page.get_by_text("Deciding for the whole audience")).to_be_visible()
    house.runs.stop(run.id, house.clock())
    expect(page.get_by_text("Given up.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel it")).to_have_count(0)


def test_the_wizard_works_without_a_script(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER, java_script_enabled=False)
    page.goto("/campaigns/new")
    page.get_by_label("What do you want more of").fill("More meetings from leads")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("One is worth").fill("400")
    for _ in range(5):
        page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Save it, not live yet").click()
    expect(page.get_by_text("not live yet", exact=True)).to_be_visible()
    assert page.url.endswith("/campaigns/more-meetings-from-leads")

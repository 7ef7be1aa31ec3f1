"""The frame every page stands in: signing in by the printed link, themes, keys, and nothing axe calls serious."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.web.guard import COOKIE
from domain.staff import Role
from tests.browser.conftest import NewPage, Site, no_wider_than_the_window
from tests.web import member, shell_of

Axe = Callable[[Page], None]
LOOKS = [(size, theme) for size in ("wide", "narrow") for theme in ("light", "dark")]


def test_a_printed_link_signs_in_once_and_the_cookie_is_kept_on_this_machine(
    site: Site, new_page: NewPage
) -> None:
    someone = member(site.app, Role.ADMIN)
    link = f"/sign-in/link/{shell_of(site.app).staff.sign_in_link(someone, by=someone.member_id)}"
    page = new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Places")).to_be_visible()
    (kept,) = [one for one in page.context.cookies() if one["name"] == COOKIE]
    assert (kept["secure"], kept["httpOnly"], kept["sameSite"], kept["path"]) == (True, True, "Lax", "/")
    again = page.goto(link)
    assert again is not None
    assert again.status == 410


@pytest.mark.parametrize(("size", "theme"), LOOKS)
@pytest.mark.parametrize("path", ["/chat", "/nowhere"])
def test_pages_of_the_frame_are_sound(signed_in: NewPage, axe: Axe, path: str, size: str, theme: str) -> None:
    page = signed_in(Role.ADMIN, size=size, theme=theme)
    page.goto(path)
    axe(page)
    assert no_wider_than_the_window(page)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_the_sign_in_page_is_sound(site: Site, new_page: NewPage, axe: Axe, size: str, theme: str) -> None:
    member(site.app, Role.ADMIN)
    page = new_page(size=size, theme=theme)
    page.goto("/chat")
    assert page.url.endswith("/sign-in?next=%2Fchat")
    axe(page)
    assert no_wider_than_the_window(page)


def test_a_chosen_theme_is_in_the_next_page_from_its_first_byte(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER, theme="light")
    page.goto("/chat")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    answer = page.reload()
    assert answer is not None
    assert 'data-theme="dark"' in answer.text()


def test_the_keys_of_a_page_are_shown_and_work(signed_in: NewPage) -> None:
    page = signed_in(Role.ADMIN)
    page.goto("/me")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Go to Chat")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/chat")


def test_the_first_tab_stop_leads_past_the_navigation(signed_in: NewPage) -> None:
    page = signed_in(Role.MARKETER)
    page.goto("/chat")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")

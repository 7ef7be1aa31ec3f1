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
@pytest.mark.parametrize("path", ["/chat", "/nowhere", "/me", "/team", "/team/MEMBER"])
def test_pages_of_the_frame_are_sound(
    site: Site, signed_in: NewPage, axe: Axe, path: str, size: str, theme: str
) -> None:
    page = signed_in(Role.ADMIN, size=size, theme=theme)
    someone = member(site.app, Role.MARKETER, "Tom Whitfield-Lancaster")
    page.goto(path.replace("MEMBER", someone.member_id))
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
    page.goto("/rules")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_single_keys_can_be_switched_off(signed_in: NewPage) -> None:
    page = signed_in(Role.REVIEWER, name="Quiet")
    page.goto("/me")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.locator("form[action='/me/looks']").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved for this browser.")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).not_to_contain_text("Go to Chat")
    assert page.url.endswith("/me")


def test_an_invited_colleague_joins_by_the_link_an_admin_made(
    signed_in: NewPage, new_page: NewPage, axe: Axe
) -> None:
    admin = signed_in(Role.ADMIN)
    admin.goto("/team")
    admin.keyboard.press("n")
    admin.keyboard.type("ines@team.example")
    admin.get_by_role("button", name="Make the link").click()
    link = admin.locator("#link").inner_text()
    axe(admin)
    guest = new_page(size="narrow", timezone_id="Europe/Madrid")
    guest.goto(link)
    axe(guest)
    guest.get_by_label("Your name").fill("Inés Ortega")
    expect(guest.get_by_label("Time zone")).to_have_value("Europe/Madrid")
    guest.get_by_label("Password").fill("too short")
    guest.get_by_role("button", name="Join").click()
    expect(guest.get_by_text("needs 15")).to_be_visible()
    axe(guest)
    guest.get_by_label("Password").fill("four words do very well")
    guest.get_by_role("button", name="Join").click()
    expect(guest.get_by_role("navigation", name="Places")).to_be_visible()
    guest.goto("/me")
    guest.get_by_role("button", name="Sign out", exact=True).first.click()
    guest.get_by_label("E-mail").fill("ines@team.example")
    guest.get_by_label("Password").fill("four words do very well")
    guest.keyboard.press("Enter")
    expect(guest.get_by_role("navigation", name="Places")).to_be_visible()


def test_pages_work_without_a_script(site: Site, new_page: NewPage) -> None:
    someone = member(site.app, Role.ADMIN)
    link = shell_of(site.app).staff.sign_in_link(someone, by=someone.member_id)
    page = new_page(java_script_enabled=False)
    page.goto(f"/sign-in/link/{link}")
    page.get_by_role("button", name="Sign in").click()
    page.goto("/me")
    page.get_by_label("Colours").select_option("dark")
    page.locator("form[action='/me/looks']").get_by_role("button", name="Save").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_another_sites_form_does_nothing_in_a_real_browser(site: Site, signed_in: NewPage) -> None:
    page = signed_in(Role.ADMIN, name="Victim")
    victim = member(site.app, Role.ADMIN, "Victim")
    page.goto("about:blank")
    page.evaluate(
        """(to) => {
            const form = document.createElement("form");
            form.method = "post"; form.action = to; document.body.append(form); form.submit();
        }""",
        f"{site.url}/sign-out",
    )
    page.wait_for_url(f"{site.url}/**")
    assert shell_of(site.app).sessions.of(victim.member_id), "still signed in"

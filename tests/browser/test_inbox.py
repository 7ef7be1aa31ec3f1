"""The inbox in a real browser: decided by keyboard alone, rechecked while typing, sound in both sizes and themes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.settings import Settings
from app.wiring import House, open_house
from domain.message import StakesLevel
from domain.review import ProposalStatus, ReviewAct
from domain.staff import Role
from evals.crowd import NOON
from tests.browser.conftest import NewPage, no_wider_than_the_window
from tests.review_workspace import lines, make_reviewing

Axe = Callable[[Page], None]
LOOKS = [(size, theme) for size in ("wide", "narrow") for theme in ("light", "dark")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("browser") / "ws"
    make_reviewing(folder)
    house = open_house(Settings(_env_file=None, workspace=folder, model=None), clock=lambda: NOON)
    yield house
    house.close()


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_the_inboxs_pages_are_sound(
    signed_in: NewPage, axe: Axe, house: House, size: str, theme: str, shots: Path | None
) -> None:
    page = signed_in(Role.ADMIN, size=size, theme=theme)
    places = {
        "inbox": "/inbox",
        "proposal": f"/inbox/{lines(house)[0].proposal_id}",
        "figures": "/inbox/figures",
        "autonomy": "/autonomy",
    }
    for name, path in places.items():
        page.goto(path)
        axe(page)
        assert no_wider_than_the_window(page), path
        if shots:
            page.screenshot(path=shots / f"{name}-{size}-{theme}.png")


def test_a_reviewer_decides_by_keyboard_alone(signed_in: NewPage, house: House) -> None:
    page = signed_in(Role.REVIEWER, name="Kay Board")
    page.goto("/inbox")
    queue = lines(house)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr").nth(2).locator("[data-row]")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(queue[0].proposal_id))

    page.wait_for_load_state()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Approve")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(queue[1].proposal_id))

    page.wait_for_load_state()
    page.keyboard.press("a")
    expect(page.get_by_role("status").first).to_contain_text("Approved")
    expect(page).to_have_url(re.compile(queue[2].proposal_id))
    assert house.proposals.get(queue[1].proposal_id).status is ProposalStatus.APPROVED

    page.wait_for_load_state()
    page.keyboard.press("r")
    expect(page.locator("#f-reject")).to_be_focused()
    page.keyboard.type("Wrong moment for them")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Rejected")
    assert house.proposals.get(queue[2].proposal_id).status is ProposalStatus.REJECTED

    page.wait_for_load_state()
    page.keyboard.press("s")
    expect(page.locator("#snooze [data-first]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Put off until")


def test_an_edit_is_rechecked_while_it_is_typed_and_saved_with_the_same_findings(
    signed_in: NewPage, house: House
) -> None:
    page = signed_in(Role.REVIEWER)
    line = lines(house, StakesLevel.LOW)[0]
    page.goto(f"/inbox/{line.proposal_id}")
    page.keyboard.press("e")
    expect(page.get_by_label("Subject")).to_be_focused()
    page.get_by_label("Body", exact=True).press("Control+End")
    page.keyboard.type(" It cuts waiting by 55%.")
    told = page.locator("#rechecked")
    expect(told).to_contain_text("A finding stands")
    expect(told.locator("ins")).to_contain_text("It cuts waiting by 55%.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".decide")).to_contain_text("C-07")
    assert house.proposals.get(line.proposal_id).version == 2


def test_a_claim_shows_its_source_on_hover_and_on_focus(signed_in: NewPage, house: House) -> None:
    page = signed_in(Role.REVIEWER)
    page.goto(f"/inbox/{lines(house)[-1].proposal_id}")
    claim = page.locator(".words .claim").first
    tip = claim.locator(".tip")
    expect(tip).to_be_hidden()
    claim.hover()
    expect(tip).to_be_visible()
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    claim.focus()
    expect(tip).to_be_visible()


def test_the_message_shows_in_its_frame_without_a_complaint(signed_in: NewPage, house: House) -> None:
    page = signed_in(Role.REVIEWER)
    line = lines(house)[-1]
    page.goto(f"/inbox/{line.proposal_id}")
    inside = page.frame_locator("iframe.mail")
    expect(inside.get_by_text("Unsubscribe")).to_be_visible()


def test_only_equal_ones_can_be_ticked_together(signed_in: NewPage, house: House) -> None:
    page = signed_in(Role.REVIEWER)
    page.goto("/inbox?stakes=low")
    expect(page.locator("#batch-bar")).to_be_hidden()
    page.locator("input[name=item]").first.check()
    expect(page.locator("#batch-bar")).to_contain_text("1 ticked")
    page.get_by_role("button", name="Tick all like the first").click()
    many = page.locator("input[name=item]").count()
    expect(page.locator("#batch-bar")).to_contain_text(f"{many} ticked")
    page.get_by_role("button", name="Approve these").click()
    expect(page.get_by_role("heading", name="What became of the batch")).to_be_visible()
    expect(page.get_by_text("done", exact=True)).to_have_count(many)


def test_of_two_reviewers_who_decide_at_once_one_decides_and_the_other_is_told(
    signed_in: NewPage, house: House
) -> None:
    line = lines(house)[0]
    racers = [signed_in(Role.REVIEWER, name=name) for name in ("Ada First", "Bo Second")]
    for page in racers:
        page.goto(f"/inbox/{line.proposal_id}")
    for page in racers:
        # Not Playwright's click: that waits for the answer, and the second would come after the first.
        page.evaluate("document.querySelector('[data-key=a]').click()")
    for page in racers:
        expect(page.locator(".notice").first).to_be_visible(timeout=30_000)
    told = [page.locator(".notice").first.inner_text() for page in racers]
    assert sum("Approved" in words for words in told) == 1, told
    refusals = ("Nothing was changed", "Yours was not", "was not carried out")
    assert sum(any(one in words for one in refusals) for words in told) == 1, told
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.APPROVED
    acts = [review.act for review in house.proposals.reviews_of(line.proposal_id)]
    assert acts.count(ReviewAct.APPROVE) == 1


def test_without_a_script_every_act_is_there(signed_in: NewPage, house: House) -> None:
    page = signed_in(Role.REVIEWER, java_script_enabled=False)
    line = lines(house)[-1]
    page.goto(f"/inbox/{line.proposal_id}")
    page.locator("#reject summary").click()
    page.locator("#f-reject").fill("Wrong person to write to")
    page.get_by_role("button", name="Reject, do not send").click()
    expect(page.get_by_role("status").first).to_contain_text("Rejected")
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.REJECTED

"""The chat in a real browser: words while they come, a change done after a yes, sound in both sizes and themes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.wiring import House
from domain.assistant import AnswerColumn, Answered, Asking, Found, Happening
from domain.message import Author
from domain.staff import Role
from tests.browser.conftest import NewPage, no_wider_than_the_window
from tests.fakes.assistant import ANSWER, FIND, SCRIPT, ScriptedAssistant, change, found
from tests.learning_workspace import open_workspace

Axe = Callable[[Page], None]
LOOKS = [(size, theme) for size in ("wide", "narrow") for theme in ("light", "dark")]
MOST_SECONDS = 20


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = open_workspace(tmp_path_factory.mktemp("browser") / "w", contacts=4)
    ScriptedAssistant().put_in(house)
    yield house
    house.close()


@pytest.fixture
def assistant(house: House) -> Iterator[ScriptedAssistant]:
    scripted = house.__dict__["assistant"]
    assert isinstance(scripted, ScriptedAssistant)
    yield scripted
    scripted.gate = lambda _: None
    scripted.script = dict(SCRIPT)


class Held:
    """Holds an answer before it is finished, until it is let go."""

    def __init__(self, assistant: ScriptedAssistant) -> None:
        self._go_on = threading.Event()
        assistant.gate = self._gate

    def _gate(self, one: Happening) -> None:
        if isinstance(one, Answered):
            assert self._go_on.wait(MOST_SECONDS)

    def let_go(self) -> None:
        self._go_on.set()


def ask(page: Page, words: str) -> None:
    page.get_by_label("Your question").fill(words)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_the_chats_pages_are_sound(
    signed_in: NewPage, axe: Axe, assistant: ScriptedAssistant, size: str, theme: str, shots: Path | None
) -> None:
    page = signed_in(Role.ADMIN, name=f"Look {size} {theme}", size=size, theme=theme)

    def look(name: str) -> None:
        axe(page)
        assert no_wider_than_the_window(page), name
        if shots:
            page.screenshot(path=shots / f"{name}-{size}-{theme}.png")

    page.goto("/chat")
    look("chat-empty")
    ask(page, "who went quiet")
    expect(page.locator(".told")).to_contain_text("34 contacts")
    look("chat-table")
    ask(page, "pause spring")
    expect(page.get_by_role("button", name="Yes, do this")).to_be_visible()
    look("chat-asking")
    ask(page, "mumble")
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()
    look("chat-long")


def test_on_a_phone_every_column_and_a_long_address_stay_in_sight(
    signed_in: NewPage, assistant: ScriptedAssistant
) -> None:
    asked = change()
    line = f"It goes to {'a.very.long.name.' * 5}@{'subdomain-' * 4}.example."
    effect = asked.effect.model_copy(update={"title": line, "lines": (line,), "records": ()})
    assistant.script["pause spring"] = (Asking(changes=(asked.model_copy(update={"effect": effect}),)),)
    page = signed_in(Role.ADMIN, name="Nora Narrow", size="narrow")
    page.goto("/chat")
    ask(page, "who went quiet")
    expect(page.locator(".told")).to_contain_text("34 contacts")
    last = page.locator(".found td").nth(4).bounding_box()
    assert last is not None and last["x"] >= 0 and last["x"] + last["width"] <= 390
    assert page.locator(".found .scroll").evaluate("one => one.scrollWidth <= one.clientWidth")
    assert (
        page.locator(".found td").nth(4).evaluate("one => getComputedStyle(one, '::before').content")[1:5]
        == "Last"
    )
    ask(page, "pause spring")
    card = page.locator(".asking")
    expect(card).to_contain_text("very.long.name")
    assert card.locator("legend, li").evaluate_all(
        "all => all.every(one => one.scrollWidth <= one.clientWidth)"
    )


def test_a_table_wider_than_its_frame_shows_that_it_goes_on(
    signed_in: NewPage, assistant: ScriptedAssistant
) -> None:
    brought = found(2)
    (table,) = brought.tables
    columns = tuple(AnswerColumn(name=f"A column called number {n}") for n in range(12))
    rows = (tuple(f"{n}" for n in range(12)),)
    wide = table.model_copy(update={"columns": columns, "rows": rows})
    answer = brought.model_copy(update={"tables": (wide,)})
    assistant.script["who went quiet"] = (Found(call=FIND, answer=answer), ANSWER)
    page = signed_in(Role.ADMIN, name="Wanda Wide")
    page.goto("/chat")
    ask(page, "who went quiet")
    frame = page.locator(".found .scroll")
    expect(frame).to_be_visible()
    assert frame.evaluate("one => one.scrollWidth > one.clientWidth")

    def edge() -> bytes:
        box, row = frame.bounding_box(), frame.locator("tbody tr").bounding_box()
        assert box is not None and row is not None
        right = box["x"] + box["width"]
        return page.screenshot(clip={"x": right - 4, "y": row["y"] + 4, "width": 3, "height": 4})

    goes_on = edge()
    frame.evaluate("one => { one.scrollLeft = one.scrollWidth }")
    assert edge() != goes_on


def test_words_are_shown_while_they_come(signed_in: NewPage, assistant: ScriptedAssistant) -> None:
    held = Held(assistant)
    page = signed_in(Role.MARKETER, name="Pat Partial")
    page.goto("/chat")
    ask(page, "who went quiet")
    expect(page.locator("[data-said]")).to_contain_text("34 contacts** went quiet.")
    expect(page.locator(".step summary")).to_contain_text("Find contact")
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.locator(".told")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    held.let_go()
    expect(page.locator(".told strong")).to_have_text("34 contacts")
    expect(page.locator("[data-said]")).to_be_hidden()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.locator("#live")).to_contain_text("34 contacts went quiet.")
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/chat/t_\d+$"))


def test_it_goes_on_when_the_tab_is_closed_and_another_tab_sees_it(
    signed_in: NewPage, assistant: ScriptedAssistant
) -> None:
    held = Held(assistant)
    page = signed_in(Role.MARKETER, name="Tess Tabs")
    page.goto("/chat")
    ask(page, "who went quiet")
    expect(page.locator("[data-said]")).to_contain_text("went quiet.")
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator("[data-said]")).to_contain_text("went quiet.")
    page.close()
    held.let_go()
    expect(second.locator(".told")).to_contain_text("34 contacts")


def test_a_change_is_done_after_a_yes(signed_in: NewPage, assistant: ScriptedAssistant) -> None:
    page = signed_in(Role.ADMIN, name="Yes Sir")
    page.goto("/chat")
    ask(page, "who went quiet")
    expect(page.locator(".told")).to_contain_text("34 contacts")
    ask(page, "pause spring")
    card = page.locator(".asking")
    expect(card).to_contain_text("12 messages on their way stay held.")
    expect(card.locator(".come")).to_contain_text("+state: paused")
    expect(page.locator("#live")).to_contain_text("This waits for your answer: Pause the campaign Spring")
    before = len(assistant.decided)
    card.get_by_role("button", name="Yes, do this").click()
    expect(page.locator(".told").last).to_contain_text("That is settled.")
    expect(card).to_have_count(0)
    expect(page.get_by_label("Your question")).to_be_focused()
    assert [one.is_yes for one in assistant.decided[before:]] == [True]


def test_a_tab_that_is_looked_at_again_catches_up(signed_in: NewPage, assistant: ScriptedAssistant) -> None:
    page = signed_in(Role.MARKETER, name="Cat Chup")
    page.goto("/chat")
    ask(page, "who went quiet")
    expect(page.locator(".told")).to_have_count(1)
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator(".told")).to_have_count(1)
    ask(page, "mumble")
    expect(page.get_by_text("I did not understand that").first).to_be_visible()
    second.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(second.get_by_text("I did not understand that").first).to_be_visible()


def test_an_answer_to_what_was_decided_elsewhere_is_told(
    signed_in: NewPage, assistant: ScriptedAssistant
) -> None:
    page = signed_in(Role.ADMIN, name="Late Comer")
    page.goto("/chat")
    ask(page, "pause spring")
    expect(page.get_by_role("button", name="Yes, do this")).to_be_visible()
    second = page.context.new_page()
    second.goto(page.url)
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator(".told")).to_contain_text("That is settled.")
    before = len(assistant.decided)
    second.get_by_role("button", name="Yes, do this").click()
    expect(second.get_by_role("alert")).to_contain_text("does not wait any more")
    expect(second.locator(".asking")).to_have_count(0)
    assert len(assistant.decided) == before


def test_who_was_signed_out_meanwhile_keeps_what_was_written(
    signed_in: NewPage, assistant: ScriptedAssistant
) -> None:
    page = signed_in(Role.MARKETER, name="Sig Out")
    page.goto("/chat")
    ask(page, "who went quiet")
    expect(page.locator(".told")).to_have_count(1)
    page.context.clear_cookies()
    ask(page, "mumble")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
    expect(page.get_by_label("Your question")).to_have_value("mumble")


def test_a_changed_change_is_shown_again_first(signed_in: NewPage, assistant: ScriptedAssistant) -> None:
    page = signed_in(Role.ADMIN, name="Al Ter")
    page.goto("/chat")
    ask(page, "pause spring")
    page.get_by_text("Change it, or say why not").click()
    page.get_by_label("Reason").fill("holidays")
    page.get_by_role("button", name="Show me this instead").click()
    expect(page.locator("input[name='seal.0']")).to_have_value("n" * 64)
    assert assistant.decided[-1].arguments == {"campaign": "spring", "reason": "holidays"}
    expect(page.locator(".told")).to_have_count(0)


def test_shift_enter_makes_a_line_and_steps_open(signed_in: NewPage, assistant: ScriptedAssistant) -> None:
    assistant.script["one\ntwo"] = (Answered(words="Two lines.", author=Author.MODEL),)
    page = signed_in(Role.MARKETER, name="Lin Es")
    page.goto("/chat")
    box = page.get_by_label("Your question")
    box.fill("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_contain_text("Two lines.")
    ask(page, "who went quiet")
    expect(page.locator(".told").nth(1)).to_contain_text("34 contacts")
    step = page.locator(".step")
    step.locator("summary").click()
    expect(step).to_contain_text("34 contacts; these are 1 to 3.")


def test_without_a_script_everything_is_there(signed_in: NewPage, assistant: ScriptedAssistant) -> None:
    page = signed_in(Role.ADMIN, name="No Script", java_script_enabled=False)
    page.goto("/chat")
    page.get_by_label("Your question").fill("pause spring")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("button", name="Yes, do this").click()
    expect(page.locator(".told")).to_contain_text("That is settled.")

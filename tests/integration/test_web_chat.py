"""The chat in the web app: whose conversations, what is done by a yes, and that nothing from outside becomes markup."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

from agents.understudy.conversation import TalkingUnderstudy
from app.chat_openers import openers
from app.finding import contact_meant
from app.kept_lists import KEPT_FACT, reckon_lists
from app.settings import Settings
from app.web import make_app
from app.wiring import House, open_house
from domain.assistant import Happening, Said
from domain.leads import Lead, Likelihood, Skill
from domain.people import Contact
from domain.review import Proposal, ProposalStatus
from domain.staff import Role
from memory.crm import codec
from memory.crm.cards import renew
from memory.crm.statements import CONTACTS, insert_all, writing
from tests.fakes.assistant import ScriptedAssistant
from tests.learning_workspace import CAMPAIGN, open_workspace
from tests.review_workspace import make_reviewing
from tests.web import Visitor, signed_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    yield house
    house.close()


@pytest.fixture
def assistant(house: House) -> ScriptedAssistant:
    return ScriptedAssistant().put_in(house)


@pytest.fixture
def app(house: House, assistant: ScriptedAssistant) -> FastAPI:
    return make_app(house)


def ask(visitor: Visitor, words: str, path: str = "/chat") -> str:
    """Ask without a script; return where the answer stands."""
    answer = visitor.post(path, data={"csrf": visitor.token(), "words": words})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("#")[0]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])


def paused(visitor: Visitor) -> tuple[str, str, dict[str, str]]:
    """Ask for a change; return where it waits, the page, and what its form says without an answer."""
    path = ask(visitor, "pause spring")
    page = visitor.get(path).text
    named = {name: hidden(page, name) for name in ("call.0", "seal.0")}
    return path, page, {"csrf": visitor.token(), **named}


@pytest.mark.parametrize("role", Role)
def test_every_role_asks_and_reads_the_answer_without_a_script(
    house: House, app: FastAPI, role: Role
) -> None:
    visitor = signed_in(house, role, app)
    page = visitor.get(ask(visitor, "who went quiet")).text
    assert "34 contacts" in page
    assert '<a href="/contacts/c-1">Dana Fox</a>' in page
    assert "countries DE, AT; quiet days 14" in page
    assert "10 Mar 2026, 13:00" in page  # a Berliner's time


def test_nothing_a_stranger_or_a_model_wrote_becomes_markup(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    page = visitor.get(ask(visitor, "who went quiet")).text
    assert "<b>Head" not in page and "&lt;b&gt;Head&lt;/b&gt; of &lt;script&gt;" in page
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_another_members_conversation_is_nowhere(
    house: House, app: FastAPI, assistant: ScriptedAssistant
) -> None:
    path = ask(signed_in(house, Role.ADMIN, app), "pause spring")
    other = signed_in(house, Role.REVIEWER, app)
    assert other.get(path).status_code == 404
    assert other.get(f"{path}/events").status_code == 404
    assert other.get(f"{path}/table?call=call-1").status_code == 404
    for act in ("say", "decide", "stop", "name", "forget"):
        answer = other.post(f"{path}/{act}", data={"csrf": other.token(), "words": "mumble", "title": "x"})
        assert answer.status_code == 404, act
    assert path not in other.get("/chat").text
    assert not assistant.decided


def test_every_act_needs_the_sessions_own_token(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    path = ask(visitor, "pause spring")
    for place in ("/chat", *(f"{path}/{act}" for act in ("say", "decide", "stop", "name", "forget"))):
        assert visitor.post(place, data={"csrf": "x", "words": "mumble"}).status_code == 403, place


def test_a_change_is_done_after_a_yes_to_exactly_what_was_shown(
    house: House, app: FastAPI, assistant: ScriptedAssistant
) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    path, page, told = paused(visitor)
    assert "12 messages on their way stay held." in page

    silent = visitor.post(f"{path}/decide", data=told)
    other = visitor.post(f"{path}/decide", data={**told, "say.0": "yes", "seal.0": "x" * 64})
    assert (silent.status_code, other.status_code) == (409, 409)
    assert "Nothing was done" in unescape(silent.text)
    assert not assistant.decided

    assert visitor.post(f"{path}/decide", data={**told, "say.0": "yes"}).status_code == 303
    assert [(one.call_id, one.is_yes, one.seal) for one in assistant.decided] == [("call-2", True, "s" * 64)]
    page = visitor.get(path).text
    assert "Spring is paused." in page
    assert 'class="card asking"' not in page
    again = visitor.post(f"{path}/decide", data={**told, "say.0": "yes"})
    assert again.status_code == 409
    assert len(assistant.decided) == 1


def test_a_programs_proposal_is_told_as_the_programs_and_not_as_ones_own(
    house: House, app: FastAPI, assistant: ScriptedAssistant
) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    (member,) = house.staff.members(only_active=True)
    begun = assistant.put_by_program(member.member_id, "my <host>")
    page = visitor.get(f"/chat/{begun.id}").text
    assert "The program my &lt;host&gt; proposes this, over MCP. You did not ask for it here." in page
    assert "You asked" not in page
    assert "by a program, over MCP" in visitor.get("/chat").text
    own = visitor.get(ask(visitor, "pause spring")).text
    assert "You asked" in own
    assert "You did not ask for it here" not in own


def test_a_no_carries_its_reason(house: House, app: FastAPI, assistant: ScriptedAssistant) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    path, _, told = paused(visitor)
    visitor.post(f"{path}/decide", data={**told, "say.0": "no", "words.0": "not this week"})
    assert [(one.is_yes, one.words) for one in assistant.decided] == [(False, "not this week")]
    page = visitor.get(path).text
    assert "you said no" in page and "the person said no" not in page


def test_a_changed_change_is_asked_again_and_not_done(
    house: House, app: FastAPI, assistant: ScriptedAssistant
) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    path, _, told = paused(visitor)
    visitor.post(f"{path}/decide", data={**told, "say.0": "change", "arg.0.reason": "holidays"})
    assert assistant.decided[0].arguments == {"campaign": "spring", "reason": "holidays"}
    page = visitor.get(path).text
    assert hidden(page, "seal.0") == "n" * 64
    assert "Spring is paused." not in page


def test_what_was_not_understood_is_told_with_a_way_to_ask_again(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    page = visitor.get(ask(visitor, "mumble")).text
    assert "I did not understand that" in page
    assert "Ask again" in page and 'name="words" value="mumble"' in page


def test_a_fault_of_ours_is_told_and_the_talk_goes_on(
    house: House, app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    path = ask(visitor, "not in the script")
    page = visitor.get(path).text
    assert "This is a fault in Attune" in page and "KeyError" not in page
    assert "34 contacts" in visitor.get(ask(visitor, "who went quiet", f"{path}/say")).text


def test_empty_and_endless_questions_are_told_in_place(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    empty = visitor.post("/chat", data={"csrf": visitor.token(), "words": "  "})
    assert empty.status_code == 422 and 'aria-invalid="true"' in empty.text
    path = ask(visitor, "who went quiet")
    endless = visitor.post(f"{path}/say", data={"csrf": visitor.token(), "words": "a" * 4_001})
    assert endless.status_code == 422 and "4,001 characters" in endless.text


def test_the_next_page_of_a_table_asks_the_same_tool_again(
    house: House, app: FastAPI, assistant: ScriptedAssistant
) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    path = ask(visitor, "who went quiet")
    link = re.search(r'href="([^"]+/table[^"]+)"', visitor.get(path).text)
    assert link
    assert visitor.get(unescape(link[1])).status_code == 200
    assert assistant.looked[0].arguments == {"countries": ["DE", "AT"], "quiet_days": 14, "page": 2}
    assert visitor.get(f"{path}/table?call=call-2&page=2").status_code == 404


def test_a_conversation_can_be_renamed_and_forgotten(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    path = ask(visitor, "who went quiet")
    visitor.post(f"{path}/name", data={"csrf": visitor.token(), "title": "Quiet & <gone>"})
    assert "Quiet &amp; &lt;gone&gt;" in visitor.get("/chat").text
    assert visitor.post(f"{path}/forget", data={"csrf": visitor.token()}).headers["location"] == "/chat"
    assert visitor.get(path).status_code == 404


def test_the_stream_tells_the_whole_of_it_to_whoever_comes_late(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    path = ask(visitor, "who went quiet")
    told = visitor.get(f"{path}/events").text
    names = re.findall(r"^event: (\w+)$", told, re.MULTILINE)
    assert names == ["part", "part", "said", "end"]
    parts = [json.loads(line[6:]) for line in told.splitlines() if line.startswith("data: ")]
    assert "34 contacts" in parts[1]["html"]


def test_a_second_tab_sees_what_is_on_its_way_and_cannot_talk_over_it(
    house: House, app: FastAPI, assistant: ScriptedAssistant
) -> None:
    go_on = threading.Event()

    def wait(one: Happening) -> None:
        if isinstance(one, Said):
            go_on.wait(10)

    assistant.gate = wait
    visitor = signed_in(house, Role.MARKETER, app)
    begun = visitor.post("/chat", data={"csrf": visitor.token(), "words": "who went quiet", "live": "page"})
    path = begun.headers["location"].split("#")[0]
    page = visitor.get(path).text
    assert "data-live-round" in page and page.count("who went quiet</p>") == 1
    over = visitor.post(f"{path}/say", data={"csrf": visitor.token(), "words": "mumble"})
    assert over.status_code == 409 and "still answering" in over.text
    go_on.set()
    assert "34 contacts" in visitor.get(ask_until(visitor, path)).text


def ask_until(visitor: Visitor, path: str) -> str:
    """Follow the answer to its end, as a browser does."""
    assert visitor.get(f"{path}/events").text.rstrip().endswith("{}")
    return path


def test_the_start_page_offers_questions_and_says_what_it_is(house: House, app: FastAPI) -> None:
    page = signed_in(house, Role.REVIEWER, app).get("/chat").text
    assert "Which accounts went quiet after the pricing page?" in page
    assert "done only after your yes" in page and "as a reviewer" in page
    assert "no language model is set" in page


def test_the_understudy_understands_every_question_that_is_offered(house: House) -> None:
    house.content.save_campaign(CAMPAIGN)
    offered = openers(house, Role.ADMIN)
    assert len(offered) == 3
    understood = {one.words: TalkingUnderstudy().read(one.words) for one in offered}
    assert all(isinstance(calls, tuple) and calls for calls in understood.values()), understood


def test_nobody_is_asked_about_by_a_name_that_others_have_too(tmp_path: Path) -> None:
    make_reviewing(tmp_path / "r")
    with contextlib.closing(open_house(Settings(workspace=tmp_path / "r"))) as house:

        def asked() -> str:
            (words,) = (one.words for one in openers(house, Role.REVIEWER) if one.words.startswith("Why did"))
            calls = TalkingUnderstudy().read(words)
            assert isinstance(calls, tuple)
            return str(calls[0].arguments["who"])

        def twin(proposal: Proposal) -> None:
            known = house.crm.contact(proposal.contact_id)
            other = Contact(
                id=f"twin-{known.id}",
                first_name=known.first_name,
                last_name=known.last_name,
                job_title="Twin",
            )
            with writing(house.engine) as connection:
                insert_all(connection, CONTACTS, [codec.contact_row(other)])
            renew(house.engine)

        *others, last = house.proposals.proposals(ProposalStatus.WAITING)
        for proposal in others:
            twin(proposal)
        assert asked() == last.message.to_name
        assert contact_meant(house, asked()).id == last.contact_id
        twin(last)
        assert asked() == others[0].message.to_address
        assert contact_meant(house, asked()).id == others[0].contact_id


def test_leads_are_asked_for_only_where_some_can_be_told(house: House) -> None:
    def is_asked() -> bool:
        return "Who is ready for sales?" in {one.words for one in openers(house, Role.ADMIN)}

    assert not is_asked()
    none = reckon_lists(house)
    assert not none.hand_off.leads and not is_asked()
    lead = Lead(contact_id="c_0001", name="Dana Fox", likelihood=Likelihood(probability=0.4, base=0))
    skilled = none.hand_off.model_copy(update={"skill": Skill(has_skill=True), "leads": (lead,)})
    some = none.model_copy(update={"hand_off": skilled})
    house.content.set_fact(KEPT_FACT, some.model_dump(mode="json"))
    assert is_asked()


def test_a_decision_leads_to_its_contacts_page(house: House, app: FastAPI) -> None:
    assert signed_in(house, Role.REVIEWER, app).get("/decisions/nothing").status_code == 404


def test_the_assistant_itself_answers_and_keeps_what_was_said(house: House) -> None:
    house.content.save_campaign(CAMPAIGN)
    app = make_app(house)
    visitor = signed_in(house, Role.REVIEWER, app)
    path = ask(visitor, "List campaigns")
    ask(visitor, "hello there, what colour is the sky", f"{path}/say")
    page = visitor.get(path).text
    assert '<a href="/campaigns/spring">Spring</a>' in page
    assert "I did not understand that" in page
    assert "List campaigns" in visitor.get("/chat").text
    assert signed_in(house, Role.ADMIN, app).get(path).status_code == 404
    visitor.post(f"{path}/forget", data={"csrf": visitor.token()})
    assert visitor.get(path).status_code == 404

"""The assistant at a terminal: what is printed, what is never done without a person, and what programs get."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from app.cli import doors as cli_doors
from app.cli.chat_screen import ChatScreen
from app.cli.chat_session import ChatSession
from app.cli.chatting import was_answered
from app.wiring import House
from domain.assistant import (
    AnswerColumn,
    Answered,
    AnswerTable,
    Asker,
    Asking,
    Broken,
    Door,
    Found,
    Happening,
    ToolAnswer,
)
from domain.message import Author
from domain.staff import Role
from tests.fakes.assistant import FIND, ScriptedAssistant, found
from tests.integration.shell import Shell, shell_of
from tests.learning_workspace import CAMPAIGN, open_workspace


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    yield house
    house.close()


@pytest.fixture
def assistant(house: House) -> ScriptedAssistant:
    return ScriptedAssistant().put_in(house)


@pytest.fixture
def attune(
    house: House,
    assistant: ScriptedAssistant,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """The command line on this house, its assistant scripted."""
    monkeypatch.setattr(cli_doors.Doors, "house", lambda _: house)
    monkeypatch.setenv("ATTUNE_REVIEWER", "ops")
    return shell_of(monkeypatch, capsys)


class Sitting:
    """A person at an 80-column terminal who types these lines; afterwards `said` is what stood there."""

    def __init__(self, house: House, lines: list[str]) -> None:
        self._lines = list(lines)
        self._console = Console(file=io.StringIO(), width=80, force_terminal=False)
        asker = Asker(member_id="ops", name="ops", role=Role.ADMIN, door=Door.TERMINAL)
        self.session = ChatSession(house, asker, ChatScreen(self._console, "UTC"), self._next)
        self.session.talk()

    def _next(self, prompt: str) -> str:
        if not self._lines:
            raise EOFError
        line = self._lines.pop(0)
        if line == "^C":
            raise KeyboardInterrupt
        self._console.print(f"{prompt}{line}", markup=False)
        return line

    @property
    def said(self) -> str:
        assert isinstance(self._console.file, io.StringIO)
        return self._console.file.getvalue()


Sit = Callable[..., Sitting]


@pytest.fixture
def sit(house: House, assistant: ScriptedAssistant) -> Sit:
    return lambda *lines: Sitting(house, list(lines))


def test_an_answer_comes_with_its_table_names_and_ids(attune: Shell) -> None:
    code, said = attune("ask", "who went quiet")
    assert code == 0
    assert "34 contacts went quiet. The first is Dana Fox c-1" in said
    assert "• she is at Acme & Sons a-1" in said
    assert "Dana Fox c-1" in said and "1,234" in said and "12.5%" in said
    assert "**" not in said and "\x1b" not in said


def test_one_question_names_no_command_of_a_talk_without_how_to_open_it(attune: Shell, sit: Sit) -> None:
    code, said = attune("ask", "who went quiet")
    assert code == 0
    head, _, command = said.partition("More, by /more in:\n")
    assert "/more" not in head and "chat --open t_1" in command.splitlines()[0]
    at = sit("/open t_1", "/more")
    assert at.said.count("More: /more") == 2
    assert "More, by" not in at.said


def test_one_question_tells_how_to_plug_a_model_in_without_a_command_of_a_talk(
    attune: Shell, sit: Sit, assistant: ScriptedAssistant
) -> None:
    told = Answered(words="Nobody went quiet.", author=Author.UNDERSTUDY)
    assistant.script["who went quiet"] = (told,)
    said = attune("ask", "who went quiet")[1]
    assert "no model is set" in said and "ATTUNE_MODEL" in said and "/who" not in said
    assert "/who says how" in sit("who went quiet").said


def test_programs_get_words_records_tables_and_calls(attune: Shell) -> None:
    code, said = attune("ask", "who went quiet", "--json")
    told = json.loads(said)
    assert code == 0
    assert told["records"][0] == {"kind": "contact", "id": "c-1", "label": "Dana Fox"}
    assert (told["tables"][0]["total"], told["tables"][0]["more"]) == (34, True)
    assert told["calls"][0]["name"] == "contact_find"
    assert (told["waiting"], told["answered_by"]) == ([], "model")


def test_ask_never_changes_anything_and_says_where_to_say_yes(
    attune: Shell, assistant: ScriptedAssistant
) -> None:
    code, said = attune("ask", "pause spring", "--json")
    told = json.loads(said)
    assert code == 0
    assert told["waiting"][0]["tool"] == "campaign_pause"
    assert "seal" not in told["waiting"][0]
    assert f"chat --open {told['conversation_id']}" in told["next"]

    code, said = attune("ask", "pause spring")
    assert code == 0
    assert "12 messages on their way stay held." in said and "chat --open t_2" in said
    assert not assistant.decided


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_was_not_understood_ends_with_another_code(attune: Shell, more: tuple[str, ...]) -> None:
    code, said = attune("ask", "mumble", *more)
    assert code == 1
    assert "I did not understand that" in said


def test_an_empty_question_and_a_stranger_are_wrong_usage(attune: Shell) -> None:
    assert attune("ask", " ")[0] == 2
    code, said = attune("ask", "who went quiet", "--as", "nobody@team.example")
    assert code == 2
    assert "Nobody of the team has the address" in said


def test_who_asks_as_a_member_has_that_members_rights_and_conversations(
    attune: Shell, house: House, assistant: ScriptedAssistant
) -> None:
    dana = house.staff.join("dana@team.example", "Dana", Role.MARKETER, "Europe/Berlin", how="test")
    code, said = attune("ask", "who went quiet", "--as", "Dana@team.example")
    assert code == 0
    assert assistant.kept["t_1"][0].member_id == dana.member_id
    assert "13:00" in said  # a Berliner's time
    code, said = attune("chat", "--open", "t_1")
    assert code == 3  # whoever works on the machine does not read a member's conversations


def test_a_pipe_is_answered_in_plain_text_and_nothing_is_done(
    attune: Shell, assistant: ScriptedAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.script["y"] = assistant.script["mumble"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("who went quiet\n\npause spring\ny\n"))
    code, said = attune("chat")
    assert code == 0
    assert "> who went quiet" in said and "> pause spring" in said
    assert "You ask as ops, with the rights of an admin." in said
    assert "chat --open t_1" in said
    assert "\x1b" not in said
    assert not assistant.decided


def test_a_change_is_done_after_a_y_and_shown_whole_by_a_d(sit: Sit, assistant: ScriptedAssistant) -> None:
    at = sit("pause spring", "", "what", "d", "y")
    assert [(one.call_id, one.is_yes, one.seal) for one in assistant.decided] == [("call-2", True, "s" * 64)]
    assert "+state: paused" in at.said
    assert "That is settled." in at.said


def test_a_programs_proposal_is_told_as_the_programs(sit: Sit, assistant: ScriptedAssistant) -> None:
    assistant.put_by_program("ops", "my \x1b[31mhost")
    at = sit("/threads", "/open 1", "n")
    assert "by a program, over MCP" in " ".join(at.said.split())
    assert "The program my \N{REPLACEMENT CHARACTER}[31mhost asked, over MCP" in at.said
    assert "[31mhost proposes, over MCP: this would happen" in at.said
    assert "proposes" not in sit("pause spring", "n").said


def test_an_n_is_a_no(sit: Sit, assistant: ScriptedAssistant) -> None:
    at = sit("pause spring", "n")
    assert [one.is_yes for one in assistant.decided] == [False]
    assert "you said no" in at.said and "the person" not in at.said


@pytest.mark.parametrize("leaving", [[], ["^C"]])
def test_who_leaves_a_question_open_finds_it_again(
    sit: Sit, assistant: ScriptedAssistant, leaving: list[str]
) -> None:
    assert "It waits." in sit("pause spring", *leaving).said
    assert not assistant.decided
    at = sit("/open 1", "y")
    assert "12 messages on their way stay held." in at.said
    assert [one.is_yes for one in assistant.decided] == [True]


def test_ctrl_c_stops_the_answer_and_not_the_chat(sit: Sit, assistant: ScriptedAssistant) -> None:
    def interrupted(_: object) -> None:
        assistant.gate = lambda _: None
        raise KeyboardInterrupt

    assistant.gate = interrupted
    at = sit("^C", "who went quiet", "mumble")
    assert "Leave with /quit" in at.said
    assert "Stopped." in at.said
    assert "I did not understand that" in at.said


def test_a_record_that_is_named_by_its_id_is_named_once(sit: Sit, assistant: ScriptedAssistant) -> None:
    assistant.script["run"] = (Answered(words="Run r-1 [run:r-1] is on record.", author=Author.UNDERSTUDY),)
    assert "Run r-1 is on record." in sit("run").said


def test_amounts_and_numbers_that_stand_in_a_line_say_what_they_are_and_words_do_not() -> None:
    console = Console(file=io.StringIO(), width=50, force_terminal=False)
    named = ("Content", "From", "To", "Times", "Why")
    head = tuple(AnswerColumn(name=name, kind="number" if name == "Times" else "text") for name in named)
    row = ("5 ways to cut churn", "-1,200 USD", "3,400.50 USD", 4, "3 clicks in an e-mail in 30 days")
    ChatScreen(console, "UTC").table(AnswerTable(title="Worth", columns=head, rows=(row,)))
    assert isinstance(console.file, io.StringIO)
    said = " ".join(console.file.getvalue().split())
    assert "5 ways to cut churn from -1,200 USD · to 3,400.50 USD · times 4 · 3 clicks in an e-mail" in said


def test_more_is_the_next_page_of_the_last_table(sit: Sit, assistant: ScriptedAssistant) -> None:
    at = sit("/more", "who went quiet", "/more")
    assert "No table here has another page." in at.said
    assert assistant.looked[0].arguments["page"] == 2


def test_conversations_are_listed_named_and_forgotten(sit: Sit, assistant: ScriptedAssistant) -> None:
    at = sit(
        "/threads",
        "/open 4",
        "/open",
        "who went quiet",
        "/title Quiet ones",
        "/threads",
        "/new",
        "mumble",
        "/forget",
    )
    assert "No conversation yet." in at.said
    assert "1  10 Mar 12:01  Quiet ones" in at.said
    assert list(assistant.kept) == ["t_1"]


def test_commands_say_what_there_is(sit: Sit) -> None:
    at = sit("/help", "/tools", "/who", "/nonsense", "/")
    for words in (
        "/threads",
        "campaign_pause     Pause a campaign",
        "You ask as ops",
        "There is no /nonsense",
    ):
        assert words in at.said


def test_nothing_is_wider_than_the_screen_and_no_outside_word_steers_it(
    sit: Sit, assistant: ScriptedAssistant
) -> None:
    answer = found(2)
    row = ("\x1b[31mred\u202e", *("a rather long cell of words " * 2 for _ in range(4)))
    table = answer.tables[0].model_copy(update={"rows": (row, row)})
    assistant.script["wide"] = (
        Found(call=FIND, answer=answer.model_copy(update={"tables": (table,)})),
        Answered(words="word " * 60 + "\x1b[2J", author=Author.MODEL),
    )
    at = sit("wide")
    assert "\x1b" not in at.said and "\u202e" not in at.said
    assert max(map(len, at.said.splitlines())) <= 80


def test_the_assistant_itself_answers_a_program(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house.content.save_campaign(CAMPAIGN)
    monkeypatch.setattr(cli_doors.Doors, "house", lambda _: house)
    attune = shell_of(monkeypatch, capsys)
    code, said = attune("ask", "List campaigns", "--json")
    told = json.loads(said)
    assert code == 0
    assert told["answered_by"] == "understudy"
    assert {"kind": "campaign", "id": "spring", "label": "Spring"} in told["records"]
    assert told["calls"][0]["name"] == "campaign_list"
    code, said = attune("ask", "What colour is the sky?")
    assert code == 1
    assert "I did not understand that" in said


def test_a_question_whose_look_ups_brought_nothing_is_not_answered(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house.content.save_campaign(CAMPAIGN)
    monkeypatch.setattr(cli_doors.Doors, "house", lambda _: house)
    attune = shell_of(monkeypatch, capsys)
    for extra in ((), ("--json",)):
        code, said = attune("ask", "How is autumn doing?", *extra)
        assert code == 1
        assert "No campaign 'autumn' here" in said
        code, said = attune("ask", "What can you do?", *extra)
        assert code == 0
        code, said = attune("ask", "Pause spring", *extra)
        assert code == 0


@pytest.mark.parametrize(
    ("happened", "answered"),
    [
        ((), False),
        ((Broken(words="no"),), False),
        ((Found(call=FIND, problem="nobody"), Answered(words="nobody", author=Author.UNDERSTUDY)), False),
        (
            (
                Found(call=FIND, problem="nobody"),
                Found(call=FIND, answer=ToolAnswer(words="one")),
                Answered(words="one", author=Author.MODEL),
            ),
            True,
        ),
        ((Found(call=FIND, answer=ToolAnswer(words="one")), Broken(words="cut off")), False),
        ((Answered(words="I am an AI.", author=Author.MODEL),), True),
        ((Found(call=FIND, problem="nobody"), Asking(changes=())), True),
    ],
)
def test_what_was_answered(happened: tuple[Happening, ...], answered: bool) -> None:
    assert was_answered(happened) is answered

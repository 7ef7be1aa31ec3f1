"""One matrix: every tool, every role, every door; each asked for real, over one settled house (A-10).

What a door answers is found out by calling it. In person it is the same behind each, and so it is for programs; high
stakes are approved by no marketer, no author and no program, whichever door they try.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from mcp import Client
from starlette.testclient import TestClient

from app import loop
from app.drills.api_schema import records_of
from app.mcp.opened import by_token, mcp_of
from app.settings import Settings
from app.web import make_app
from app.web.api.of_tools import EVERYONE, PATHS, method_of
from app.wiring import House, open_house
from domain.assistant import Asker, Asking, Door, Found, ToolCall, ToolCard
from domain.campaign import Autonomy
from domain.message import StakesLevel
from domain.review import ProposalStatus
from domain.staff import Role
from evals.crowd import NOON
from tests.fakes.talk import ScriptedTalker
from tests.integration.shell import Shell
from tests.review_workspace import CONTACTS_IN_ALL, lines, make_reviewing
from tests.web import SITE, Visitor, member, shell_of, signed_in

pytestmark = pytest.mark.slow

FORBIDDEN = re.compile(r"[Aa]n? (marketer|reviewer|admin|program|API token) may not")
NEVER_MARKETERS = {"proposal_approve", "proposal_reject", "proposal_redraft"}
NEVER_REVIEWERS = {
    "campaign_save",
    "campaign_pause",
    "campaign_resume",
    "campaign_stop",
    "run_start",
    "message_propose",
}
YAML = "id: crowd\nname: Crowd\n"
SAMPLE: dict[str, Any] = {"version": 1, "yaml": YAML, "reason": "Why not.", "hint": "Shorter."}
SUPPOSED = [{"column": "count:page_viewed", "value": 3}]

Answers = dict[str, str]
"""By tool: `forbidden`, `told` (a change and what it would do), `found`, or `cannot` (allowed, but not like this)."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("doors") / "ws"
    make_reviewing(folder)
    house = open_house(Settings(_env_file=None, workspace=folder, model=None), clock=lambda: NOON)
    yield house
    house.close()


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    app = make_app(house, requests_a_minute=1_000_000)
    for role in Role:
        member(app, role)
    member(app, Role.REVIEWER, "Omar Okafor")
    return app


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, tuple[ToolCard, dict[str, Any]]]:
    """Every tool with arguments that fit it."""
    records: Mapping[str, Any] = loop.run(records_of(house))
    low = lines(house, StakesLevel.LOW)[0].proposal_id
    known = (
        SAMPLE
        | dict(records)
        | {"proposal": low}
        | {"who": records["contact"], "one": records["contact"], "other": records["contact"]}
    )

    def fitting(card: ToolCard) -> dict[str, Any]:
        wanted = [name for name, field in card.arguments.model_fields.items() if field.is_required()]
        return {name: SUPPOSED if name == "supposed" else known[name] for name in wanted}

    return {card.name: (card, fitting(card)) for card in house.toolset.cards(EVERYONE)}


def secret_of(app: FastAPI, role: Role) -> str:
    return shell_of(app).sessions.make_token(member(app, role), "matrix")[1]


# The doors --------------------------------------------------------------------------------------------------------


class Doors:
    """Every way in for one role. Each takes a call and returns what came of it, and what was said."""

    def __init__(self, house: House, app: FastAPI, role: Role) -> None:
        self.house, self.app, self.role = house, app, role
        self.visitor = signed_in(house, role, app)
        self.csrf = {"x-csrf-token": self.visitor.token()}
        self.secret = secret_of(app, role)
        self.program = TestClient(
            app,
            base_url=SITE,
            headers={"authorization": f"Bearer {self.secret}"},
            raise_server_exceptions=False,
        )

    def asker(self, door: Door) -> Asker:
        who = member(self.app, self.role)
        return Asker(member_id=who.member_id, name=who.name, role=who.role, door=door)

    def said(self, call: ToolCall) -> tuple[str, str]:
        """Through the assistant, as a terminal's talk does: a model asks for the call."""
        self.house.__dict__["talker"] = ScriptedTalker((call,), "Done.")

        async def heard() -> tuple[str, str]:
            asker, assistant = self.asker(Door.TERMINAL), self.house.assistant
            begun = assistant.begin(asker)
            happened = [one async for one in assistant.say(asker, begun.id, "Do it.")]
            for one in happened:
                if isinstance(one, Asking):
                    return "told", one.changes[0].effect.title
                if isinstance(one, Found):
                    return ("found", one.answer.words) if one.answer else refusal(one.problem)
            raise AssertionError(happened)

        return loop.run(heard())

    def page(self, call: ToolCall) -> tuple[str, str]:
        """Through the web's chat page, with its form."""
        self.house.__dict__["talker"] = ScriptedTalker((call,), "Done.")
        csrf = self.visitor.token("/chat")
        begun = self.visitor.post("/chat", data={"csrf": csrf, "words": "Do it."}, headers={"origin": SITE})
        assert begun.status_code == 303, begun.text
        html = unescape(self.visitor.get(begun.headers["location"].partition("#")[0]).text)
        if 'name="seal.0"' in html:
            return "told", html
        return refusal(html)

    def in_person(self, call: ToolCall) -> tuple[str, str]:
        """Through the API, with a browser's session."""
        return self._asked(self.visitor, call, self.csrf)

    def by_program(self, call: ToolCall) -> tuple[str, str]:
        """Through the API, with a token."""
        return self._asked(self.program, call, {})

    def _asked(self, client: TestClient, call: ToolCall, headers: dict[str, str]) -> tuple[str, str]:
        headers = headers | {"accept": "application/json"}
        named = client.post(
            "/api/v1/tools", json={"tool": call.name, "arguments": call.arguments}, headers=headers
        )
        path, rest = PATHS[call.name], dict(call.arguments)
        for name in re.findall(r"\{(\w+)\}", path):
            path = path.replace(f"{{{name}}}", str(rest.pop(name)))
        card = next(one for one in self.house.toolset.cards(EVERYONE) if one.name == call.name)
        if method_of(card) == "GET":
            query = {name: json.dumps(one) if isinstance(one, list) else one for name, one in rest.items()}
            answer = client.get(f"/api/v1{path}", params=query, headers=headers)
        else:
            answer = client.post(f"/api/v1{path}", json=rest, headers=headers)
        # By its noun and by its name a tool is one tool.
        assert named.status_code == answer.status_code, (call.name, named.text, answer.text)
        told = answer.json()
        if answer.status_code != 200:
            assert (answer.status_code == 403) == bool(FORBIDDEN.search(told["detail"])), told
            return refusal(told["detail"])
        return ("told" if "done" in told else "found"), json.dumps(told)

    def over_mcp(self, call: ToolCall) -> tuple[str, str]:
        """Through the MCP server."""

        async def called() -> tuple[str, str]:
            async with Client(mcp_of(self.house, by_token(self.house, self.secret))) as client:
                answer = await client.call_tool(call.name, call.arguments)
            text = json.dumps(answer.model_dump(mode="json"))
            if answer.is_error:
                return refusal(text)
            return ("told" if "say_yes_at" in answer.structured_content else "found"), text

        return asyncio.run(called())


def refusal(words: str) -> tuple[str, str]:
    return ("forbidden" if FORBIDDEN.search(words) else "cannot"), words


def every(
    calls: dict[str, tuple[ToolCard, dict[str, Any]]], door: Callable[[ToolCall], tuple[str, str]]
) -> Answers:
    return {
        name: door(ToolCall(id="call-1", name=name, arguments=arguments))[0]
        for name, (_, arguments) in calls.items()
    }


def forbidden(answers: Answers) -> set[str]:
    return {name for name, kind in answers.items() if kind == "forbidden"}


NEVER = {Role.MARKETER: NEVER_MARKETERS, Role.REVIEWER: NEVER_REVIEWERS, Role.ADMIN: set()}


@pytest.mark.parametrize("role", list(Role))
def test_each_tool_says_the_same_behind_every_door(
    house: House, app: FastAPI, calls: dict[str, tuple[ToolCard, dict[str, Any]]], role: Role
) -> None:
    doors = Doors(house, app, role)
    terminal = every(calls, doors.said)
    assert forbidden(terminal) == NEVER[role]
    assert {"told", "found"} <= set(terminal.values())
    for door in (doors.in_person, doors.by_program, doors.over_mcp):
        # None of the tools is of a kind that is a person's alone; what differs there stands below.
        assert every(calls, door) == terminal, door.__name__
    changes = {name: one for name, one in calls.items() if one[0].changes}
    assert every(changes, doors.page) == {name: terminal[name] for name in changes}


@pytest.mark.parametrize("role", list(Role))
def test_the_command_line_asks_as_the_member_it_is_told(
    house: House, app: FastAPI, monkeypatch: pytest.MonkeyPatch, shell: Shell, role: Role
) -> None:
    pause = ToolCall(id="call-1", name="campaign_pause", arguments={"campaign": "crowd"})
    approve = ToolCall(id="call-1", name="proposal_approve", arguments={"proposal": "p_none", "version": 1})
    email = member(app, role).email
    got = {}
    for call in (pause, approve):
        monkeypatch.setattr(House, "talker", ScriptedTalker((call,), "Done."))
        code, said = shell("-w", str(house.workspace.folder), "ask", "Do it.", "--as", email, "--json")
        told, _ = json.JSONDecoder().raw_decode(said)
        assert code == (0 if told["waiting"] else 1), said
        got[call.name] = "told" if told["waiting"] else refusal(told["calls"][0]["problem"])[0]
    assert (got["campaign_pause"] == "forbidden") == (role is Role.REVIEWER)
    assert (got["proposal_approve"] == "forbidden") == (role is Role.MARKETER)


# High stakes ------------------------------------------------------------------------------------------------------


def test_high_stakes_are_approved_by_no_marketer_no_author_and_no_program(house: House, app: FastAPI) -> None:
    [line] = lines(house, StakesLevel.HIGH)
    author = Doors(house, app, Role.REVIEWER)
    written = {
        "csrf": author.visitor.token(),
        "sha": line.message_sha256,
        "query": "",
        "do": "save",
        "subject": "My own words",
        "body": house.proposals.get(line.proposal_id).draft.body,
    }
    assert author.visitor.post(f"/inbox/{line.proposal_id}/edit", data=written).status_code == 303
    version = house.proposals.get(line.proposal_id).version
    assert version == 2
    path = f"/api/v1/proposals/{line.proposal_id}"
    call = ToolCall(
        id="c", name="proposal_approve", arguments={"proposal": line.proposal_id, "version": version}
    )
    marketer, admin = Doors(house, app, Role.MARKETER), Doors(house, app, Role.ADMIN)
    other = signed_in(house, Role.REVIEWER, app, "Omar Okafor")
    tries = [
        *(
            (marketer, door)
            for door in (marketer.said, marketer.page, marketer.in_person, marketer.by_program)
        ),
        (marketer, marketer.over_mcp),
        *((author, door) for door in (author.said, author.page, author.in_person, author.by_program)),
        (author, author.over_mcp),
        (admin, admin.by_program),
        (admin, admin.over_mcp),
    ]
    for who, door in tries:
        kind, words = door(call)
        assert kind in {"forbidden", "cannot"}, (who.role, door.__name__, words)
    for client, headers in ((admin.program, {}), (author.program, {}), (author.visitor, author.csrf)):
        # Nor by a seal somebody else was told.
        mine = approval(other, path, version)["effect"]["seal"]
        answer = client.post(f"{path}/approve", json={"version": version, "seal": mine}, headers=headers)
        assert answer.status_code in {403, 409, 422}, answer.text
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.WAITING
    # Somebody else of the team may, in person, and only with what they were told.
    csrf = {"x-csrf-token": other.token()}
    sealed = {"version": version, "seal": approval(other, path, version)["effect"]["seal"]}
    assert other.post(f"{path}/approve", json=sealed, headers=csrf).status_code == 200
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.APPROVED


def approval(visitor: Visitor, path: str, version: int) -> Any:
    """What an approval would do, as this visitor is told."""
    csrf = {"x-csrf-token": visitor.token()}
    told = visitor.post(f"{path}/approve", json={"version": version}, headers=csrf)
    assert told.status_code == 200, told.text
    return told.json()


def test_a_run_nobody_watches_approves_nothing_at_high_stakes(tmp_path: Path) -> None:
    make_reviewing(tmp_path / "ws", Autonomy.AUTOPILOT)
    house = open_house(Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=lambda: NOON)
    try:
        [high] = lines(house, StakesLevel.HIGH)
        assert house.proposals.get(high.proposal_id).status is ProposalStatus.WAITING
        # It did go on by itself with what is not at high stakes.
        assert len(lines(house)) < CONTACTS_IN_ALL
    finally:
        house.close()

"""The HTTP API over a few tools: who may come, how things are asked, told, done, refused and repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.web import make_app
from app.web.api.routes import operations_of
from app.wiring import House
from domain.staff import Role
from memory.crm.statements import ERASED, insert_all, writing
from tests.fakes.echo import Echo
from tests.fakes.shelf import Shelf
from tests.learning_workspace import open_workspace
from tests.web import SITE, Visitor, member, shell_of, signed_in


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def house(tmp_path: Path, shelf: Shelf) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    house.__dict__["toolset"] = shelf.toolset()
    house.__dict__["assistant"] = Echo(house.toolset)
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    return make_app(house)


def program(app: FastAPI, role: Role, name: str = "") -> TestClient:
    """A program with an API token of a member with this role."""
    _, secret = shell_of(app).sessions.make_token(member(app, role, name), "test")
    headers = {"authorization": f"Bearer {secret}"}
    return TestClient(app, base_url=SITE, headers=headers, raise_server_exceptions=False)


def problem_of(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail"} and told["status"] == answer.status_code
    return answer.status_code, told["type"].removeprefix("urn:attune:")


def test_a_look_is_a_get_and_brings_the_answer(app: FastAPI) -> None:
    client = program(app, Role.MARKETER)
    answer = client.get("/api/v1/contacts/c-1")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["words"], told["facts"]["name"]) == ("Dana is a customer.", "Dana")
    assert told["records"] == [{"kind": "contact", "id": "c-1", "label": "Dana"}]
    query = {"words": "ops", "country": ["DE", "FR"], "page": "3"}
    assert client.get("/api/v1/contacts", params=query).json()["facts"] == {
        "page": 3,
        "asked": "ops",
    }


def test_a_change_is_told_first_and_done_by_its_seal_once(app: FastAPI, shelf: Shelf) -> None:
    client, path = program(app, Role.MARKETER), "/api/v1/campaigns/spring/pause"
    told = client.post(path, json={}).json()
    assert (told["done"], told["effect"]["title"]) == (False, "campaign_pause spring")
    assert shelf.done == []
    sealed = {"seal": told["effect"]["seal"]}
    done = client.post(path, json=sealed).json()
    assert (done["done"], done["answer"]["words"]) == (True, "Done: campaign_pause spring.")
    assert problem_of(client.post(path, json=sealed)) == (409, "EffectChanged")
    assert shelf.done == ["campaign_pause spring"]


def test_any_tool_can_be_called_by_its_name(app: FastAPI, shelf: Shelf) -> None:
    client = program(app, Role.MARKETER)
    listed = {one["name"]: one for one in client.get("/api/v1/tools").json()["tools"]}
    assert set(listed) == {"contact_show", "contact_find", "campaign_pause"}
    assert listed["campaign_pause"]["changes"]
    assert listed["contact_show"]["arguments"]["required"] == ["who"]
    look = client.post("/api/v1/tools", json={"tool": "contact_show", "arguments": {"who": "c-1"}}).json()
    assert look["answer"]["words"] == "Dana is a customer."
    told = client.post(
        "/api/v1/tools", json={"tool": "campaign_pause", "arguments": {"campaign": "x"}}
    ).json()
    seal = told["effect"]["seal"]
    client.post(
        "/api/v1/tools", json={"tool": "campaign_pause", "arguments": {"campaign": "x"}, "seal": seal}
    )
    assert shelf.done == ["campaign_pause x"]


@pytest.mark.parametrize(
    ("role", "method", "path", "body", "expected"),
    [
        (Role.MARKETER, "POST", "/proposals/p/approve", {}, (403, "NotAllowed")),
        (Role.REVIEWER, "POST", "/campaigns/c/pause", {}, (403, "NotAllowed")),
        (Role.ADMIN, "POST", "/tools/autonomy_grant", {"campaign": "c"}, (403, "NotByToken")),
        (
            Role.ADMIN,
            "POST",
            "/tools",
            {"tool": "autonomy_grant", "arguments": {"campaign": "c"}},
            (403, "ToolForbidden"),
        ),
        (Role.ADMIN, "POST", "/tools", {"tool": "no_such"}, (404, "ToolUnknown")),
        (Role.ADMIN, "GET", "/contacts/c-2", None, (404, "NotFound")),
        (Role.ADMIN, "GET", "/contacts/c-1?who=c-1", None, (422, "BadArguments")),
        (Role.ADMIN, "GET", "/contacts/c-1?x=1", None, (422, "BadArguments")),
        (Role.ADMIN, "GET", "/contacts?page=1&page=2", None, (422, "BadArguments")),
        (Role.ADMIN, "POST", "/campaigns/c/pause", {"x": 1}, (422, "BadArguments")),
        (Role.ADMIN, "POST", "/campaigns/c/pause", {"reason": 7}, (422, "BadArguments")),
        (Role.ADMIN, "POST", "/campaigns/c/pause", {"seal": 7}, (422, "BadArguments")),
        (Role.ADMIN, "POST", "/campaigns/c/pause", [], (400, "NotJson")),
        (Role.ADMIN, "GET", "/nowhere", None, (404, "404")),
        (Role.ADMIN, "PUT", "/tools", {}, (405, "405")),
    ],
)
def test_every_refusal_has_one_shape(
    app: FastAPI, shelf: Shelf, role: Role, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    answer = program(app, role).request(method, f"/api/v1{path}", json=body)
    assert problem_of(answer) == expected
    assert shelf.done == []


def test_nobody_comes_without_a_token_that_opens(app: FastAPI) -> None:
    for headers in ({}, {"authorization": "Bearer attune_x"}, {"authorization": "Basic eDp5"}):
        answer = TestClient(app, base_url=SITE).get("/api/v1/me", headers=headers)
        assert problem_of(answer) == (401, "NotSignedIn")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_browsers_session_looks_freely_and_changes_only_with_its_token(
    house: House, app: FastAPI, shelf: Shelf
) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    assert visitor.get("/api/v1/me").json()["by_token"] is False
    path, body = "/api/v1/campaigns/spring/pause", {"reason": "r"}
    assert problem_of(visitor.post(path, json=body)) == (403, "ForgedForm")
    csrf = {"x-csrf-token": visitor.token()}
    assert visitor.post(path, json=body, headers=csrf).json()["done"] is False
    evil = csrf | {"origin": "https://evil.example"}
    assert problem_of(visitor.post(path, json=body, headers=evil)) == (403, "ForgedForm")
    # In person an admin may do what no program may.
    assert (
        visitor.post("/api/v1/tools/autonomy_grant", json={"campaign": "c"}, headers=csrf).status_code == 200
    )


def test_the_same_request_with_the_same_key_is_done_once(app: FastAPI, shelf: Shelf) -> None:
    client, path, key = program(app, Role.ADMIN), "/api/v1/conversations", {"idempotency-key": "k-1"}
    first = client.post(path, json={"title": "One"}, headers=key)
    again = client.post(path, json={"title": "One"}, headers=key)
    assert again.json() == first.json() and again.headers["idempotency-replayed"] == "true"
    assert problem_of(client.post(path, json={"title": "Two"}, headers=key)) == (409, "KeyReused")
    assert len(client.get(path).json()["conversations"]) == 1
    # Somebody else's key of the same name is another, and what failed may be tried again.
    assert program(app, Role.REVIEWER).post(path, json={"title": "Two"}, headers=key).status_code == 200
    other = {"idempotency-key": "k-2"}
    assert client.post(path, json={"title": 7}, headers=other).status_code == 422
    assert client.post(path, json={"title": "7"}, headers=other).status_code == 200


def test_what_is_told_as_it_happens_takes_no_key_and_does_nothing(app: FastAPI) -> None:
    client, key = program(app, Role.MARKETER), {"idempotency-key": "k-1"}
    path = f"/api/v1/conversations/{client.post('/api/v1/conversations', json={}).json()['id']}"
    decisions = {"decisions": [{"call_id": "call-1", "is_yes": True, "seal": "0" * 64}]}
    for end, body in (("messages", {"words": "pause"}), ("decisions", decisions)):
        answer = client.post(f"{path}/{end}", json=body, headers=key)
        assert problem_of(answer) == (400, "KeyNotTaken")
    assert client.get(path).json() == {"exchanges": [], "waiting": []}


def test_an_erasure_by_any_process_empties_what_is_remembered(app: FastAPI, house: House) -> None:
    client, path, key = program(app, Role.ADMIN), "/api/v1/conversations", {"idempotency-key": "k-1"}
    assert client.post(path, json={"title": "One"}, headers=key).status_code == 200
    with writing(house.engine) as connection:
        insert_all(connection, ERASED, [{"keyed_hash": "0" * 64, "at": house.clock()}])
    assert problem_of(client.post(path, json={"title": "One"}, headers=key)) == (409, "KeyReused")
    assert len(client.get(path).json()["conversations"]) == 1


def test_a_program_that_asks_too_often_is_told_when_to_go_on(house: House) -> None:
    slow = make_app(house, requests_a_minute=2)
    client = program(slow, Role.ADMIN)
    assert [client.get("/api/v1/me").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("/api/v1/me")
    assert problem_of(answer) == (429, "TooFast") and 1 <= int(answer.headers["retry-after"]) <= 60
    assert program(slow, Role.REVIEWER).get("/api/v1/me").status_code == 200


def test_a_conversation_from_its_beginning_to_its_end(app: FastAPI) -> None:
    client = program(app, Role.MARKETER)
    begun = client.post("/api/v1/conversations", json={}).json()
    path = f"/api/v1/conversations/{begun['id']}"
    told = client.post(f"{path}/messages", json={"words": "hello"}).json()["happenings"]
    assert [one["kind"] for one in told] == ["said", "answered"]
    asked = client.post(f"{path}/messages", json={"words": "pause"}).json()["happenings"][-1]
    assert asked["changes"][0]["effect"]["title"] == "Pause"
    whole = client.get(path).json()
    assert [one["asked"] for one in whole["exchanges"]] == ["hello", "pause"]
    assert whole["waiting"][0]["call"]["id"] == "call-1"
    unbound = client.post(f"{path}/decisions", json={"decisions": [{"call_id": "call-1", "is_yes": True}]})
    assert unbound.status_code == 422
    assert "names the seal" in unbound.text
    decided = {"decisions": [{"call_id": "call-1", "is_yes": False, "words": "no"}]}
    assert client.post(f"{path}/decisions", json=decided).json()["happenings"][0]["words"] == "no"
    assert problem_of(client.post(f"{path}/decisions", json=decided)) == (422, "WrongUsage")
    assert client.patch(path, json={"title": "Spring"}).json()["title"] == "Spring"
    assert problem_of(program(app, Role.REVIEWER).get(path)) == (404, "NotFound")
    assert client.delete(path).json() == {"forgotten": begun["id"]}
    assert problem_of(client.get(path)) == (404, "NotFound")


def test_what_happens_is_streamed_to_whoever_asks_for_events(app: FastAPI) -> None:
    client = program(app, Role.MARKETER)
    begun = client.post("/api/v1/conversations", json={}).json()
    path, events = f"/api/v1/conversations/{begun['id']}/messages", {"accept": "text/event-stream"}
    answer = client.post(path, json={"words": "a\nevent: broken\n\nb"}, headers=events)
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [
        dict(line.split(": ", 1) for line in one.splitlines()) for one in answer.text.strip().split("\n\n")
    ]
    assert [one["event"] for one in told] == ["said", "answered"]
    assert json.loads(told[0]["data"])["text"] == "a\nevent: broken\n\nb"
    # What refuses to begin is told by its status.
    assert problem_of(client.post(path, json={"words": " "}, headers=events)) == (422, "WrongUsage")


def test_who_one_is_and_where_the_chain_stands(app: FastAPI) -> None:
    client = program(app, Role.REVIEWER)
    me = client.get("/api/v1/me").json()
    assert me["role"] == "reviewer" and me["by_token"]
    assert "decide about proposals" in me["may"]
    assert "decide about proposals at high stakes" not in me["may"]
    head = client.get("/api/v1/audit/head").json()
    assert head["count"] > 0 and len(head["head"]) == 64


def test_the_description_tells_every_operation_and_only_those(app: FastAPI) -> None:
    told = program(app, Role.MARKETER).get("/api/v1/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    described = {
        (method.upper(), path): one
        for path, methods in told["paths"].items()
        for method, one in methods.items()
    }
    operations = operations_of(shell_of(app))
    assert set(described) == {(one.method, f"/api/v1{one.path}") for one in operations}
    assert {one["operationId"] for one in described.values()} == {one.name for one in operations}
    for one in described.values():
        assert {"200", "401", "403", "404", "409", "422", "429"} <= set(one["responses"])
    find = {one["name"]: one for one in described["GET", "/api/v1/contacts"]["parameters"]}
    assert find["country"]["explode"] and find["page"]["schema"]["minimum"] == 1
    body = described["POST", "/api/v1/campaigns/{campaign}/pause"]["requestBody"]["content"][
        "application/json"
    ]
    assert set(body["schema"]["properties"]) == {"reason", "seal"}
    anonymous = Visitor(app).get("/api/v1/openapi.json")
    assert problem_of(anonymous) == (401, "NotSignedIn")


def test_a_person_reads_what_there_is_on_a_page(house: House, app: FastAPI) -> None:
    page = signed_in(house, Role.MARKETER, app).get("/api")
    assert page.status_code == 200
    for one in operations_of(shell_of(app)):
        assert f"{one.method} /api/v1{one.path}<" in page.text

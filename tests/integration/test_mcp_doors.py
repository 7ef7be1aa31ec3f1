"""The MCP server as hosts reach it: a process over stdin and stdout, and HTTP with a token; with the real tools."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from starlette.testclient import TestClient

from app.serving import listen
from app.ways_in import LOCAL
from app.web import make_app
from app.web.mcp import make_mcp_app
from app.wiring import House
from domain.staff import Member, Role
from memory.crm.sessions import SessionStore
from tests.integration.shell import Shell
from tests.learning_workspace import CAMPAIGN, open_workspace
from tests.web import SITE, signed_in


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = open_workspace(tmp_path_factory.mktemp("mcp") / "w", contacts=3)
    yield house
    house.close()


def token(house: House, role: Role = Role.MARKETER, name: str = "Ana") -> str:
    email = f"{name.lower()}.{role.value}@team.example"
    member: Member = house.staff.by_email(email) or house.staff.join(email, name, role, "UTC", how="test")
    return SessionStore(house.engine, house.audit).make_token(member, "host")[1]


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app on this machine; yields its address."""
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@contextlib.asynccontextmanager
async def over_http(address: str, secret: str, **options: Any) -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {secret}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{address}/mcp", http_client=http), **options) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_host_on_the_web_asks_with_its_members_token(house: House, mode: str) -> None:
    secret, contact = token(house), next(iter(house.audience.account_of()))
    with served(make_app(house)) as address:
        async with over_http(address, secret, mode=mode) as client:
            assert "contact_show" in {tool.name for tool in (await client.list_tools()).tools}
            answer = await client.call_tool("contact_show", {"who": contact})
            assert answer.structured_content["data"]["records"][0]["id"] == contact
            [content] = (await client.read_resource(f"contact://{contact}")).contents
            assert contact in content.model_dump()["text"]


async def test_a_yes_is_said_where_the_request_came_in_or_at_our_public_address(house: House) -> None:
    house.content.save_campaign(CAMPAIGN)
    secret, ours = token(house), "https://attune.example"
    settings = house.settings.model_copy(update={"public_url": ours})
    with (
        served(make_app(house)) as address,
        served(make_mcp_app(house)) as alone,
        served(make_app(replace(house, settings=settings))) as behind,
    ):
        for at, where in ((address, address), (alone, LOCAL), (behind, ours)):
            async with over_http(at, secret) as client:
                answer = await client.call_tool("campaign_pause", {"campaign": CAMPAIGN.id})
            assert not answer.is_error, answer
            assert answer.structured_content["say_yes_at"].startswith(f"{where}/chat/")


def test_who_comes_without_a_token_or_by_another_name_is_refused(house: House) -> None:
    app = make_mcp_app(house)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    plain = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}
    known = plain | {"authorization": f"Bearer {token(house)}"}
    with TestClient(app, base_url="http://127.0.0.1:8751") as client:
        assert client.post("/mcp", json=call, headers=known).status_code == 200
        for headers in (plain, plain | {"authorization": "Bearer attune_x"}):
            answer = client.post("/mcp", json=call, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert client.post("/mcp", json=call, headers=known | {"host": "evil.example"}).status_code == 421
        evil = known | {"origin": "http://evil.example"}
        assert client.post("/mcp", json=call, headers=evil).status_code == 403
        assert client.post("/mcp", content=b"x" * 1_100_000, headers=known).status_code == 413
        assert client.get("/mcp", headers=known).status_code == 405
        assert client.get("/contacts", headers=known).status_code == 404


def test_a_browsers_session_is_no_token(house: House) -> None:
    answer = signed_in(house, Role.ADMIN).post(
        "/mcp", json={}, headers={"accept": "application/json", "origin": SITE}
    )
    assert answer.status_code == 401


async def test_a_host_on_this_machine_starts_it_as_a_process(house: House) -> None:
    contact = next(iter(house.audience.account_of()))
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "app.cli", "-w", str(house.workspace.folder), "mcp"],
        env={"ATTUNE_TOKEN": token(house)},
        cwd=str(Path(__file__).parents[2]),
    )
    async with Client(started, read_timeout_seconds=60) as client:
        assert client.server_info is not None and client.server_info.name == "attune"
        answer = await client.call_tool("contact_show", {"who": contact})
        assert answer.structured_content["data"]["records"][0]["id"] == contact
        refused = await client.call_tool("proposal_approve", {"proposal": "p_1"})
        assert refused.is_error


def test_without_a_token_it_says_how_to_make_one_and_that_one_works(
    house: House, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(house.workspace.folder)
    monkeypatch.delenv("ATTUNE_TOKEN", raising=False)
    code, said = shell("-w", folder, "mcp")
    assert code != 0 and "team token EMAIL" in said
    monkeypatch.setenv("ATTUNE_TOKEN", "attune_x")
    code, said = shell("-w", folder, "mcp")
    assert code != 0 and "opens nothing" in said
    token(house, Role.REVIEWER, "Rae")
    code, said = shell("-w", folder, "team", "token", "rae.reviewer@team.example", "--json")
    made = json.loads(said)
    known = SessionStore(house.engine, house.audit).who_by_token(made["token"])
    assert code == 0 and known is not None and known[1].name == "Rae"
    assert made["expires_at"] is not None
    assert shell("-w", folder, "team", "token", "nobody@team.example")[0] != 0

"""The graph as other hosts load it: by `langgraph.json`, and with checkpoints that bring back only what is declared."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from langgraph_sdk import Auth

from agents.graph import OutreachGraph
from agents.state import OutreachState
from app.assistant.reviews import _may_high
from app.runs import begin
from app.studio import asker_of
from app.studio_door import studio_door
from domain.run import ContactOutcome
from domain.staff import Role
from evals.crowd import campaign
from tests.settled import settle

ROOT = Path(__file__).resolve().parents[2]


def loaded() -> OutreachGraph:
    """The graph that `langgraph.json` names, loaded from its file as `langgraph dev` does."""
    named = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["outreach"]
    path, _, maker = named.partition(":")
    graph: OutreachGraph = getattr(module_at(path), maker)()
    return graph


def module_at(path: str) -> ModuleType:
    """A file loaded under a name of its own, as the server does."""
    spec = spec_from_file_location("studio", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_graph_that_langgraph_json_names_carries_a_contact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = settle(tmp_path / "ws", 1)
    run, _ = begin(house, campaign(), is_dry_run=True)
    (line,) = house.runs.queued(run.id)
    house.close()
    monkeypatch.setenv("ATTUNE_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert line.decision_id is not None
    start = OutreachState(
        run_id=run.id,
        campaign_id=run.campaign_id,
        contact_id=line.contact_id,
        decision_id=line.decision_id,
        autonomy=run.autonomy,
        is_dry_run=True,
    )
    ended = OutreachState.model_validate(await loaded().ainvoke(start))
    assert ended.outcome is ContactOutcome.SHADOWED
    assert ended.draft is not None


@pytest.mark.parametrize("first", ["agents.graph", "app.carry", "app.runs", "app.desk", "app.cli.main"])
def test_checkpoints_bring_back_only_declared_types_whatever_is_imported_first(first: str) -> None:
    asks = (
        f"import {first}, agents.graph; from langgraph.checkpoint.serde import _msgpack; "
        "raise SystemExit(0 if _msgpack.STRICT_MSGPACK_ENABLED else 1)"
    )
    subprocess.run([sys.executable, "-c", asks], check=True, cwd=ROOT)


@pytest.fixture
def fresh_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ATTUNE_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.delenv("ATTUNE_STUDIO_SECRET", raising=False)
    studio_door.cache_clear()
    yield
    studio_door.cache_clear()


def authenticator() -> Any:
    """The function that `langgraph.json` names, loaded from its file as `langgraph dev` does."""
    named = json.loads((ROOT / "langgraph.json").read_text())["auth"]
    # Else whoever sends one header of LangGraph's own Studio would pass it by.
    assert named["disable_studio_auth"] is True
    path, _, name = named["path"].partition(":")
    return module_at(path).__dict__[name]._authenticate_handler


async def test_only_who_brings_the_secret_is_let_in(
    fresh_door: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_STUDIO_SECRET", "s3cret")
    let_in = authenticator()
    for headers in ({b"authorization": b"Bearer s3cret"}, {b"x-api-key": b"s3cret"}):
        assert (await let_in(headers=headers))["identity"] == "studio"
    for headers in (
        {},
        {b"authorization": b"Bearer x"},
        {b"authorization": b"Basic s3cret"},
        {b"x-api-key": b""},
    ):
        with pytest.raises(Auth.exceptions.HTTPException) as refused:
            await let_in(headers=headers)
        assert refused.value.status_code == 401


async def test_without_a_secret_of_ones_own_each_start_prints_another(
    fresh_door: None, capsys: pytest.CaptureFixture[str]
) -> None:
    let_in = authenticator()
    printed = capsys.readouterr().err
    made = printed.split(" is ")[1].split()[0]
    assert len(made) >= 32
    assert (await let_in(headers={b"x-api-key": made.encode()}))["identity"] == "studio"
    with pytest.raises(Auth.exceptions.HTTPException):
        await let_in(headers={})
    studio_door.cache_clear()
    authenticator()
    assert made not in capsys.readouterr().err


def test_pages_of_other_sites_may_not_read_the_server() -> None:
    cors = json.loads((ROOT / "langgraph.json").read_text())["http"]["cors"]
    hosts = {urlsplit(origin).hostname for origin in cors["allow_origins"]}
    assert hosts == {"localhost", "127.0.0.1"}
    assert not {"allow_origin_regex", "allow_credentials"} & cors.keys()


def test_under_a_server_that_asks_for_no_secret_high_stakes_are_nobodys(
    fresh_door: None, tmp_path: Path
) -> None:
    house = settle(tmp_path / "ws", 1)
    rita = house.staff.join("rita@team.example", "Rita", Role.REVIEWER, "UTC", how="test")
    object.__setattr__(house, "settings", house.settings.model_copy(update={"studio_member": rita.member_id}))
    assert _may_high(asker_of(house)) is False
    authenticator()
    assert _may_high(asker_of(house)) is True
    house.close()

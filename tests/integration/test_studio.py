"""The graph as other hosts load it: by `langgraph.json`, and with checkpoints that bring back only what is declared."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from agents.graph import OutreachGraph
from agents.state import OutreachState
from app.drills.settling import settle
from app.runs import begin
from domain.run import ContactOutcome
from evals.crowd import campaign

ROOT = Path(__file__).resolve().parents[2]


def loaded() -> OutreachGraph:
    """The graph that `langgraph.json` names, loaded from its file as `langgraph dev` does."""
    named = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["outreach"]
    path, _, maker = named.partition(":")
    spec = spec_from_file_location("studio", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    graph: OutreachGraph = getattr(module, maker)()
    return graph


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

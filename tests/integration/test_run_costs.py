"""What `attune runs cost` tells: models at the workspace's prices, messages at the campaign's."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from app import loop
from app.cli.doors import doors
from app.run_costs import cost_of
from app.runs import begin, carry_on
from domain.campaign import Autonomy
from evals.benchmarks.loopback import LoopbackModelServer
from evals.crowd import campaign
from tests.integration.shell import shell_of
from tests.settled import settle


def test_costs_are_told_by_campaign_and_a_price_nobody_told_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attune = shell_of(monkeypatch, capsys)
    with LoopbackModelServer(0) as server:
        house = settle(
            tmp_path / "ws",
            2,
            model="stand-in",
            openai_base_url=server.base_url,
            openai_api_key=SecretStr("none"),
        )
        monkeypatch.setattr(doors, "_house", house)
        monkeypatch.setattr(doors, "close", lambda: None)
        assert "No campaign has run yet" in attune("runs", "cost")[1]
        run, _ = begin(
            house, campaign().model_copy(update={"autonomy": Autonomy.AUTOPILOT}), is_dry_run=False
        )
        report = loop.run(carry_on(house, run))
    code, said = attune("runs", "cost")
    assert code == 0
    told = cost_of(house, house.crm.campaign("crowd"))
    assert told.usage == report.usage
    assert told.usage.calls > 0
    assert told.messages == 2
    assert "price not known" in said
    priced = told.model_copy(update={"usage": told.usage.model_copy(update={"cost_micros": 12_345})})
    assert priced.model_words == f"0.0123 {told.model_currency}"
    assert attune("runs", "cost", "nowhere")[0] != 0
    house.close()

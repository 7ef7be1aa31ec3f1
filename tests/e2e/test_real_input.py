"""Campaigns over real input: the Olist leads, and what the HubSpot and Salesforce exports hold."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from app.drills import olist
from app.importing import bring_in, importer_named
from app.runs import RunReport, begin, carry_on
from app.settings import Settings
from app.wiring import House, make_workspace, open_house
from domain.campaign import Audience, Autonomy
from domain.run import ContactOutcome
from evals.crowd import campaign
from evals.market.sample import sample_assets, sample_sender

SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared_data,
    pytest.mark.skipif(
        not SHARED.is_dir(), reason="the evaluation data is not here; name it in ATTUNE_SHARED_DATA"
    ),
]

MESSAGES = 40
"""A sample here; `python -m app.drills.olist FOLDER` carries every lead."""


def test_a_campaign_considers_every_olist_lead_and_everything_adds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Learning whom sales should call takes as long as all else; the exports below do it, and the drill does.
    monkeypatch.setattr(House, "outlooks", {})
    data = SHARED / "olist_funnel"
    house, summaries = olist.settle(data, tmp_path / "ws")
    try:
        assert summaries[olist.LEADS].file_rows == 8_000
        assert summaries[olist.DEALS].file_rows == 842
        report = carried(house, olist.campaign(MESSAGES))
        assert olist.unreconciled(data, house, summaries, report.counts) == []
        drafted = [o for o in ContactOutcome if o in {ContactOutcome.SENT, ContactOutcome.WAITING}]
        assert sum(report.counts.get(outcome, 0) for outcome in drafted) == MESSAGES
    finally:
        house.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(_env_file=None, workspace=tmp_path / "ws", model=None)
    make_workspace(settings)
    house = open_house(settings)
    profile = yaml.safe_dump(sample_sender().model_dump(mode="json"))
    house.workspace.sender_file.write_text(profile, encoding="utf-8")
    house.content.save_assets(sample_assets())
    yield house
    house.close()


@pytest.mark.parametrize("source", ["hubspot", "salesforce"])
def test_every_contact_of_an_export_is_decided_or_refused_by_a_named_rule(source: str, house: House) -> None:
    bring_in(house, importer_named(source), SHARED / "crm_exports" / source)
    contacts = house.crm.counts()["contacts"]
    assert contacts > 0
    everyone = campaign().model_copy(update={"audience": Audience(), "autonomy": Autonomy.SHADOW})
    report = carried(house, everyone)
    assert sum(report.counts.values()) == contacts
    refused = house.runs.ledger(report.run.id, outcome=ContactOutcome.REFUSED, limit=1_000)
    assert all(line.rule_id and line.reason for line in refused)
    assert list(house.workspace.mailbox.glob("*.eml")) == []


def carried(house: House, chosen: object) -> RunReport:
    run, _ = begin(house, chosen, is_dry_run=False)  # type: ignore[arg-type]
    return asyncio.run(carry_on(house, run))

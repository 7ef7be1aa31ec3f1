"""The Olist funnel, real and anonymised, through the mapping files in evals/olist."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from domain.records import ImportSummary
from memory.crm.engine import open_engine
from memory.crm.intake import Intake
from memory.crm.statements import CONSENTS, CONTACTS, DEALS, EVENTS
from tests.schema_template import upgrade
from tools.importers.csv_file import CsvImporter

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
LEADS = SHARED / "olist_funnel" / "olist_marketing_qualified_leads_dataset.csv"
DEALS_FILE = SHARED / "olist_funnel" / "olist_closed_deals_dataset.csv"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared_data,
    pytest.mark.skipif(not LEADS.exists(), reason=f"the Olist funnel is not at {LEADS.parent}"),
]


@dataclass(frozen=True)
class Taken:
    """A database both files were taken into, and what was said of each."""

    engine: Engine
    of_leads: ImportSummary
    of_deals: ImportSummary


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    folder = tmp_path_factory.mktemp("olist")
    engine = open_engine(f"sqlite:///{folder / 'crm.db'}")
    upgrade(engine)
    yield Taken(
        engine, take(engine, LEADS, "leads", folder), take(engine, DEALS_FILE, "closed_deals", folder)
    )
    engine.dispose()


def take(engine: Engine, file: Path, mapping: str, tmp_path: Path) -> ImportSummary:
    importer = CsvImporter(REPOSITORY / "evals" / "olist" / f"{mapping}.yaml")
    assert importer.recognises(file)
    return Intake(engine).take(
        importer.rows(file), source_name="olist", rejects_path=tmp_path / "rejects.csv"
    )


def test_every_lead_and_every_deal_arrives_once(taken: Taken) -> None:
    with LEADS.open(newline="") as leads, DEALS_FILE.open(newline="") as deals:
        lead_ids = {row["mql_id"] for row in csv.DictReader(leads)}
        won_ids = [row["mql_id"] for row in csv.DictReader(deals)]
    assert (len(lead_ids), len(won_ids)) == (8_000, 842)

    engine, of_leads, of_deals = taken.engine, taken.of_leads, taken.of_deals
    assert of_leads.file_rows == 8_000
    assert of_leads.by_kind == {"contacts": {"added": 8_000}, "events": {"added": 8_000}}
    assert of_deals.file_rows == 842
    assert of_deals.by_kind["contacts"] == {"changed": 842}
    assert (
        of_deals.by_kind["deals"]
        == of_deals.by_kind["stages"]
        == of_deals.by_kind["events"]
        == {"added": 842}
    )
    assert of_leads.rejected + of_leads.merged + of_deals.rejected + of_deals.merged == 0

    with engine.connect() as connection:
        counted = select(CONTACTS.c.lifecycle_stage, func.count()).group_by(CONTACTS.c.lifecycle_stage)
        stages = {row[0]: row[1] for row in connection.execute(counted)}
        assert stages == {"customer": len(set(won_ids)), "mql": 8_000 - len(set(won_ids))}
        won = select(func.count()).select_from(DEALS).where(DEALS.c.is_won, DEALS.c.account_id.is_not(None))
        assert connection.execute(won).scalar_one() == 842
        forms = select(func.count()).select_from(EVENTS).where(EVENTS.c.kind == "form_submitted")
        assert connection.execute(forms).scalar_one() == 8_000
        wordings = connection.execute(select(CONSENTS.c.wording).distinct()).scalars().all()
        assert wordings == ["ASSUMPTION OF THE EVALUATION: the data set records no consent"]


def test_importing_both_files_again_changes_nothing(taken: Taken, tmp_path: Path) -> None:
    files = ((LEADS, "leads"), (DEALS_FILE, "closed_deals"))
    for file, mapping in files:
        again = take(taken.engine, file, mapping, tmp_path)
        assert (again.added, again.changed, again.merged, again.rejected) == (0, 0, 0, 0)
        assert again.unchanged == again.rows > 0

"""A campaign over real leads: `python -m app.drills.olist FOLDER [--messages N]`.

FOLDER holds the Olist funnel's two files (8,000 marketing-qualified leads, 842 closed deals; real,
anonymised). They come in through the mapping files in `evals/olist`, a campaign considers every lead,
the understudy writes, and what became of each is reconciled with the files. Addresses, country and
consent are assumptions of the evaluation (see `evals/olist/leads.yaml`); the content is the sample
market's. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import yaml

from app import loop
from app.importing import bring_in
from app.runs import begin, carry_on
from app.settings import Settings
from app.wiring import House, make_workspace, open_house
from domain.campaign import Audience, Autonomy, Campaign, Caps, FieldCondition, Goal, Outcome, SendSlot
from domain.records import ImportSummary
from domain.run import ContactOutcome
from evals.market.sample import sample_assets, sample_sender
from tools.importers.csv_file import CsvImporter

LEADS = "olist_marketing_qualified_leads_dataset.csv"
DEALS = "olist_closed_deals_dataset.csv"
AFTERWARDS = datetime(2018, 6, 5, 15, tzinfo=UTC)
"""A Tuesday noon in São Paulo, days after the last lead of the data came in."""


def campaign(messages: int | None) -> Campaign:
    """A campaign that considers every lead who is not a customer yet, and every customer too."""
    return Campaign(
        id="olist",
        name="Olist leads",
        goal=Goal(outcome=Outcome.WON, worth_cents=20_000, currency="BRL", window_days=90),
        audience=Audience(all=(FieldCondition.model_validate({"field": "country", "in": ["BR"]}),)),
        slots=(SendSlot.NOW,),
        caps=Caps(messages=messages),
        autonomy=Autonomy.AUTOPILOT,
    )


def settle(data: Path, workspace: Path) -> tuple[House, dict[str, ImportSummary]]:
    """Make a workspace and bring both files in."""
    settings = Settings(_env_file=None, workspace=workspace, model=None)
    make_workspace(settings)
    house = open_house(settings, clock=lambda: AFTERWARDS)
    profile = yaml.safe_dump(sample_sender().model_dump(mode="json"))
    house.workspace.sender_file.write_text(profile, encoding="utf-8")
    house.content.save_assets(sample_assets())
    mappings = resources.files("evals.olist")
    summaries = {}
    for file, mapping in ((LEADS, "leads.yaml"), (DEALS, "closed_deals.yaml")):
        with resources.as_file(mappings / mapping) as path:
            summaries[file] = bring_in(house, CsvImporter(path), data / file)
    return house, summaries


def unreconciled(
    data: Path, house: House, summaries: Mapping[str, ImportSummary], counts: Mapping[ContactOutcome, int]
) -> list[str]:
    """Return what does not add up; nothing if every row of the files is accounted for."""
    rows = {file: _rows(data / file) for file in (LEADS, DEALS)}
    merged_or_rejected = sum(s.merged + s.rejected for s in summaries.values())
    contacts = house.crm.counts()["contacts"]
    problems = []
    if contacts + merged_or_rejected != rows[LEADS]:
        problems.append(
            f"{rows[LEADS]} leads, but {contacts} contacts and {merged_or_rejected} merged or rejected"
        )
    if house.crm.counts()["deals"] != rows[DEALS]:
        problems.append(f"{rows[DEALS]} deals, but {house.crm.counts()['deals']} in the store")
    if sum(counts.values()) != contacts:
        problems.append(f"{contacts} contacts, but {sum(counts.values())} lines in the run's ledger")
    if open_ones := counts.get(ContactOutcome.QUEUED, 0) + counts.get(ContactOutcome.PARKED, 0):
        problems.append(f"{open_ones} contacts are queued or parked")
    mails = len(list(house.workspace.mailbox.glob("*.eml")))
    if mails != counts.get(ContactOutcome.SENT, 0):
        problems.append(f"{counts.get(ContactOutcome.SENT, 0)} sent, but {mails} in the mailbox")
    return problems


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def main() -> int:
    """Import, run, reconcile, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--messages", type=int, help="at most so many messages; without it every lead is carried"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-olist-") as folder:
        house, summaries = settle(given.data, Path(folder) / "ws")
        try:
            for file, summary in summaries.items():
                print(
                    f"{file}: {summary.file_rows:,} rows, {summary.rejected} rejected, {summary.merged} merged"
                )
            started = time.perf_counter()
            run, _ = begin(house, campaign(given.messages), is_dry_run=False)
            report = loop.run(carry_on(house, run))
            took = time.perf_counter() - started
            for outcome, many in sorted(report.counts.items(), key=lambda item: -item[1]):
                print(f"  {many:>6,}  {outcome.value}")
            print(f"  in {took:.0f} s")
            problems = unreconciled(given.data, house, summaries, report.counts)
        finally:
            house.close()
    for problem in problems:
        print(f"  does not add up: {problem}")
    if not problems:
        print("  every row of the files and every contact of the run is accounted for")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

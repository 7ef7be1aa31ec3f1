"""How fast a CSV becomes contacts and events, and how much memory that takes.

Generated files, the mapped importer, the intake, SQLite on disk as a workspace has it:
`python -m evals.benchmarks.import_rate --contacts 100000 --events 1000000`.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from sqlmodel import SQLModel

from domain.base import Noun
from memory.crm import tables as _tables  # noqa: F401 (registers the tables)
from memory.crm.engine import open_engine
from memory.crm.intake import Intake
from tools.importers.csv_file import CsvImporter
from tools.importers.mapping import Mapping

_CONTACTS = Mapping.model_validate(
    {
        "source": "bench",
        "outputs": [
            {
                "noun": "contacts",
                "fields": {
                    "external_id": "id",
                    "email": "email",
                    "first_name": "first_name",
                    "last_name": "last_name",
                    "job_title": "title",
                    "account_name": "company",
                    "country": "country",
                    "is_opted_out": "unsubscribed",
                    "created_at": "created",
                },
                "attributes": ["origin"],
            }
        ],
    }
)
_EVENTS = Mapping.model_validate(
    {
        "source": "bench",
        "outputs": [
            {
                "noun": "events",
                "fields": {
                    "provider_id": "event_id",
                    "contact_external_id": "contact_id",
                    "kind": "kind",
                    "at": "at",
                    "subject": "subject",
                },
                "attributes": ["campaign"],
            }
        ],
    }
)
_KINDS = ("email_sent", "email_delivered", "email_opened", "email_clicked", "page_viewed", "form_submitted")
_TITLES = ("CEO", "Head of Marketing", "Account Manager", "Engineer", "VP Sales")
_COUNTRIES = ("Germany", "US", "France", "Brasil", "United Kingdom")
_START = datetime(2024, 1, 1, tzinfo=UTC)


class ImportRate(Noun):
    """One measured import."""

    what: str
    rows: int
    added: int
    seconds: float
    peak_mebibytes: float

    @property
    def rows_per_second(self) -> float:
        """Rows of the file a second."""
        return self.rows / self.seconds


def measure(contacts: int, events: int, folder: Path) -> list[ImportRate]:
    """Import generated contacts, then their events, then the contacts again."""
    engine = open_engine(f"sqlite:///{folder / 'bench.sqlite'}")
    SQLModel.metadata.create_all(engine)
    draw = random.Random(7)
    people, journal = folder / "contacts.csv", folder / "events.csv"
    _write_contacts(people, contacts, draw)
    _write_events(journal, events, contacts, draw)
    rates = []
    for what, path, mapping in (
        ("contacts", people, _CONTACTS),
        ("events", journal, _EVENTS),
        ("contacts again", people, _CONTACTS),
    ):
        began = time.perf_counter()
        summary = Intake(engine).take(
            CsvImporter(mapping).rows(path), source_name="bench", rejects_path=folder / "rejects.csv"
        )
        rates.append(
            ImportRate(
                what=what,
                rows=summary.file_rows,
                added=summary.added,
                seconds=time.perf_counter() - began,
                peak_mebibytes=_peak_mebibytes(),
            )
        )
    engine.dispose()
    return rates


def _write_contacts(path: Path, number: int, draw: random.Random) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            [
                "id",
                "email",
                "first_name",
                "last_name",
                "title",
                "company",
                "country",
                "unsubscribed",
                "created",
                "origin",
            ]
        )
        for one in range(number):
            created = _START + timedelta(minutes=draw.randrange(400_000))
            writer.writerow(
                (
                    f"C{one}",
                    f"person.{one}@company{one % 9_000}.example",
                    f"First{one % 500}",
                    f"Last{one % 3_000}",
                    draw.choice(_TITLES),
                    f"Company {one % 9_000}",
                    draw.choice(_COUNTRIES),
                    "yes" if draw.random() < 0.05 else "no",
                    created.isoformat(sep=" "),
                    draw.choice(("social", "search", "referral")),
                )
            )


def _write_events(path: Path, number: int, contacts: int, draw: random.Random) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["event_id", "contact_id", "kind", "at", "subject", "campaign"])
        for one in range(number):
            at = _START + timedelta(seconds=draw.randrange(40_000_000))
            who = f"C{draw.randrange(contacts)}"
            campaign = draw.randrange(40)
            writer.writerow(
                (f"E{one}", who, draw.choice(_KINDS), at.isoformat(sep=" "), f"Subject {campaign}", campaign)
            )


def _peak_mebibytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Print the rates as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as folder:
        rates = measure(given.contacts, given.events, Path(folder))
    grid = Grid(title="Import rate (mapped CSV, SQLite)")
    for column in ("import", "rows", "added", "seconds", "rows/s", "peak MiB so far"):
        grid.add_column(column, justify="left" if column == "import" else "right")
    for rate in rates:
        grid.add_row(
            rate.what,
            f"{rate.rows:,}",
            f"{rate.added:,}",
            f"{rate.seconds:.1f}",
            f"{rate.rows_per_second:,.0f}",
            f"{rate.peak_mebibytes:,.0f}",
        )
    Console().print(grid)


if __name__ == "__main__":
    main()

"""Brings files into the CRM: an importer reads, the intake stores, what happened is remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.remembering import catch_up
from app.wiring import House
from domain.errors import ImportRefused
from domain.records import ImportSummary
from memory.crm.cards import renew
from tools.importers import Importer

Progress = Callable[[int, int], None]
"""Called with bytes read and bytes in all."""


def importer_named(name: str, mapping: Path | None = None) -> Importer:
    """The importer of a source.

    Raises:
        ImportRefused: no importer of that name, or a CSV without its mapping.
    """
    from tools.importers.csv_file import CsvImporter
    from tools.importers.hubspot import HubspotImporter
    from tools.importers.salesforce import SalesforceImporter

    if name == "csv":
        if mapping is None:
            raise ImportRefused(
                "A CSV needs a mapping file that says which column is what. "
                "Draft one with `attune import csv FILE --suggest`, then give it with `--mapping`."
            )
        return CsvImporter(mapping)
    found: dict[str, Callable[[], Importer]] = {"hubspot": HubspotImporter, "salesforce": SalesforceImporter}
    if name not in found:
        raise ImportRefused(f"There is no importer called {name!r}. There are: csv, {', '.join(found)}.")
    return found[name]()


def bring_in(house: House, importer: Importer, path: Path, progress: Progress | None = None) -> ImportSummary:
    """Import a file or folder; the same one a second time changes nothing.

    Raises:
        ImportRefused: the path is not what this importer reads.
        InvalidFile: a file cannot be read as a table.
    """
    if not path.exists():
        raise ImportRefused(f"There is no file or folder {path}. Nothing was imported.")
    if not importer.recognises(path):
        raise ImportRefused(
            f"{path} does not look like a {importer.name} export. Nothing was imported. "
            f"Any CSV can come in by a mapping: `attune import csv {path} --suggest`."
        )
    stamp = f"{house.clock():%Y%m%d-%H%M%S}"
    rejects = house.workspace.rejects / f"{importer.name}-{path.stem}-{stamp}.csv"
    summary = house.intake.take(
        importer.rows(path, progress), source_name=importer.name, rejects_path=rejects
    )
    house.audit.append(
        "import",
        str(path.name),
        {"source": importer.name, "rows": summary.rows, "added": summary.added, "rejected": summary.rejected},
    )
    catch_up(house)
    renew(house.engine)
    return summary

"""An empty store that takes exports in, and tables written as their files hold them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, select

from domain.records import ImportSummary
from memory.crm.intake import Intake
from memory.crm.statements import (
    CONTACTS,
    IDENTITIES,
    SUPPRESSIONS,
)
from tools.importers import Importer


class Crm:
    """An empty store and what came into it."""

    def __init__(self, engine: Engine, rejects: Path) -> None:
        self.engine = engine
        self.rejects = rejects

    def take(self, importer: Importer, path: Path) -> ImportSummary:
        rows = importer.rows(path)
        return Intake(self.engine).take(rows, source_name=importer.name, rejects_path=self.rejects)

    def all(self, table: Table) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(table)))

    def contact(self, external_id: str) -> Any:
        ours = {row.external_id: row.internal_id for row in self.all(IDENTITIES) if row.noun == "contact"}
        return next(row for row in self.all(CONTACTS) if row.id == ours[external_id])

    def stops(self) -> set[tuple[str, str]]:
        return {(row.address, row.reason) for row in self.all(SUPPRESSIONS)}


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        lines = (line.strip() for line in text.strip().splitlines())
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def rows_in(file: Path) -> int:
    """Rows below the header that hold anything, counted by nothing of ours."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        return sum(1 for row in csv.reader(text) if any(row)) - 1

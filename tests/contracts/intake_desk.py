"""A desk that takes rows in and looks at the tables they came into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, select

from domain.events import EventKind
from domain.records import (
    ContactRow,
    EventRow,
    ImportSummary,
    Place,
    Row,
)
from memory.crm.intake import Intake
from memory.crm.standing import standing_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = datetime(2025, 6, 1, 8, 30, tzinfo=UTC)


def contact(row: int = 2, *, source: str = "crm", **given: Any) -> ContactRow:
    return ContactRow(place=Place(file="contacts.csv", row=row), source=source, **given)


def event(row: int = 2, *, kind: EventKind = EventKind.EMAIL_CLICKED, **given: Any) -> EventRow:
    given = {"provider_id": f"e{row}", "at": EARLIER, **given}
    return EventRow(place=Place(file="events.csv", row=row), source="crm", kind=kind, **given)


class Desk:
    """Takes rows in and looks at the tables."""

    def __init__(self, engine: Engine, rejects: Path) -> None:
        self.engine = engine
        self.rejects = rejects

    def take(self, *rows: Row) -> ImportSummary:
        return Intake(self.engine, lambda: NOW).take(rows, source_name="test", rejects_path=self.rejects)

    def all(self, table: Table) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.execute(select(table).order_by(*table.primary_key.columns)).all()

    def only(self, table: Table) -> Any:
        (row,) = self.all(table)
        return row

    def reasons(self, contact_id: str) -> list[str]:
        with self.engine.connect() as connection:
            return [stop.reason.value for stop in standing_of(connection, contact_id, NOW).suppressions]

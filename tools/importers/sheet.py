"""One table of an export, read by our field names whatever its columns are called.

Connectors write `property_hs_email_optout`, web pages "Unsubscribed from all email": a sheet is given the
names a field goes by, and both are the same field from there on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from domain.records import Place, RejectedRow, SkippedRow
from tools.importers import Progress, cells, countries, stops
from tools.importers.tabular import MOST_SHOWN_CHARS, Line, Table

Names = Mapping[str, tuple[str, ...]]
"""Our field name → the normalised column names it goes by, best first."""

_PREFIXES = ("property_", "properties_")


class Unreadable(Exception):
    """A cell that must not be guessed cannot be read; the row is rejected with this reason."""


def normalised(column: str) -> str:
    """A column name in lower case with single underscores, without a connector's prefix."""
    name = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


class Sheet:
    """A table with a mapping from our fields to its columns."""

    def __init__(self, table: Table, names: Names, dates: cells.DateReader | None = None) -> None:
        self.table = table
        self.dates = dates or cells.DateReader()
        self.columns: dict[str, int] = {}
        for number, column in enumerate(table.header):
            self.columns.setdefault(normalised(column), number)
        self._fields = {
            field: tuple(self.columns[name] for name in candidates if name in self.columns)
            for field, candidates in names.items()
        }

    def has(self, *fields: str) -> bool:
        """Tell whether the table has a column for every one of these fields."""
        return all(self._fields.get(field) for field in fields)

    def records(self, progress: Progress | None = None) -> Iterator[Record | RejectedRow]:
        """Yield every row of the table, those that cannot be read as `RejectedRow`."""
        for line in self.table.lines(progress):
            record = Record(self, line)
            yield record if line.problem is None else record.reject(line.problem)

    def value(self, line: Line, field: str) -> str | None:
        """The first column of the field that holds something."""
        return next(self.values(line, field), None)

    def values(self, line: Line, field: str) -> Iterator[str]:
        """What the columns of the field hold, best first."""
        for number in self._fields.get(field, ()):
            if found := cells.text(line.cells[number]):
                yield found


class Record:
    """One row of a sheet. What could not be read is kept in `unread`, by field."""

    def __init__(self, sheet: Sheet, line: Line) -> None:
        self._sheet = sheet
        self._line = line
        self.place = Place(file=sheet.table.name, row=line.row)
        self.unread: dict[str, str] = {}
        self._doubts: dict[str, str] = {}

    def text(self, field: str) -> str | None:
        """The field as it is written."""
        return self._sheet.value(self._line, field)

    def texts(self, field: str) -> tuple[str, ...]:
        """The parts of a list written in one cell."""
        return cells.parts(self.text(field) or "")

    def moment(self, field: str) -> datetime | None:
        """The field as a time in UTC."""
        try:
            return self._sheet.dates.moment(self.text(field) or "")
        except ValueError:
            self._unread(field)
            return None

    def day(self, field: str) -> date | None:
        """The field as a calendar day."""
        try:
            return self._sheet.dates.day(self.text(field) or "")
        except ValueError:
            self._unread(field)
            return None

    def cents(self, field: str) -> int | None:
        """The field as money."""
        try:
            return cells.cents(self.text(field) or "")
        except ValueError:
            self._unread(field)
            return None

    def people(self, field: str) -> int | None:
        """The field as a head count."""
        try:
            return cells.people(self.text(field) or "")
        except ValueError:
            self._unread(field)
            return None

    def country(self, *fields: str) -> str | None:
        """The first of these fields that names a country."""
        for field in fields:
            try:
                if found := countries.country(self.text(field) or ""):
                    return found
            except ValueError:
                self._unread(field)
        return None

    def flag(self, field: str) -> bool | None:
        """The field as yes or no, None where it cannot be told."""
        try:
            return cells.flag(self.text(field) or "")
        except ValueError:
            self._unread(field)
            return None

    def must_flag(self, field: str) -> bool | None:
        """The field as yes or no; a word that is neither rejects the row, because much hangs on it."""
        found = self.text(field) or ""
        try:
            return cells.flag(found)
        except ValueError as error:
            raise Unreadable(f"{field}: {error}") from None

    def stop(self, field: str, treated_as: str) -> stops.Stop:
        """What the columns of the field say about stopping this contact: one that does outweighs the rest."""
        said = [
            stops.stop(cell, self._sheet.dates, field, treated_as)
            for cell in self._sheet.values(self._line, field)
        ]
        told = next((one for one in said if one.is_stop), said[0] if said else stops.Stop(None))
        if told.doubt:
            self._doubts[field] = told.doubt
        return told

    @property
    def doubts(self) -> tuple[str, ...]:
        """What was unclear in the stops read so far, and what was made of it."""
        return tuple(self._doubts.values())

    def attributes(self, *fields: str) -> dict[str, str]:
        """These fields as text, where they say something, and whatever could not be read."""
        found = {field: value[:MOST_SHOWN_CHARS] for field in fields if (value := self.text(field))}
        return found | {f"unread_{field}": value for field, value in self.unread.items()}

    def reject(self, reason: str) -> RejectedRow:
        """The row as one that cannot be taken."""
        shown = self._sheet.table.named(self._line)
        return RejectedRow(place=self.place, reason=reason, cells=shown)

    def skip(self, reason: str) -> SkippedRow:
        """The row as one that is fine but says nothing we keep."""
        return SkippedRow(place=self.place, reason=reason)

    def _unread(self, field: str) -> None:
        self.unread[field] = (self.text(field) or "")[:MOST_SHOWN_CHARS]

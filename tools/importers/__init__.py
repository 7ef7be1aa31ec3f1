"""Importers: one file a source; each turns what a source exports into `domain.records.Row`.

An importer reads and translates, nothing more: who is who, and what may overwrite what, is decided by
the CRM's intake. How to add one stands in README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from domain.records import Row

Progress = Callable[[int, int], None]
"""Called now and then with bytes read and bytes in all."""


class Importer(Protocol):
    """Reads what one source exports."""

    @property
    def name(self) -> str:
        """What the user calls the source, and what its ids are kept under."""
        ...

    def recognises(self, path: Path) -> bool:
        """Tell whether this file or folder looks like an export of the source. Reads headers only."""
        ...

    def rows(self, path: Path, progress: Progress | None = None) -> Iterator[Row]:
        """Yield a record or more for every row of the file or folder, in an order that can be stored.

        All records of one file row come one after the other, and a row that says nothing we keep is a
        `SkippedRow`: so rows in and records out can be reconciled.

        Raises:
            ImportRefused: if the path is not what this importer reads.
            InvalidFile: if the file cannot be read as a table.

        """
        ...

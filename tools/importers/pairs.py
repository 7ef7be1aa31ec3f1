"""Join tables on disk: which ids belong to which, for exports whose join tables do not fit in memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self


class Pairs:
    """Ids by table and key, in a temporary SQLite file that goes when the block ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="attune-import-")
        self._database = sqlite3.connect(Path(self._folder.name) / "pairs.sqlite", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute("CREATE TABLE pairs (name TEXT, key TEXT, value TEXT)")
        self._database.execute("CREATE INDEX by_key ON pairs (name, key)")

    def load(self, table: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Take in one join table."""
        self._database.execute("BEGIN")
        rows = ((table, key, value) for key, value in pairs)
        self._database.executemany("INSERT INTO pairs VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def of(self, table: str, key: str) -> tuple[str, ...]:
        """Return what belongs to a key, in the order it was read."""
        query = "SELECT value FROM pairs WHERE name = ? AND key = ? ORDER BY rowid"
        return tuple(value for (value,) in self._database.execute(query, (table, key)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

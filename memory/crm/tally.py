"""What an import did, counted while it does it; and the file of rows it could not take."""

from __future__ import annotations

import csv
import json
import os
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

from domain.records import ImportSummary, Place, RejectedRow

Fate = Literal["added", "changed", "unchanged", "merged", "rejected", "skipped"]
FATES: tuple[Fate, ...] = ("added", "changed", "unchanged", "merged", "rejected", "skipped")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Tally:
    """Counts by kind of record and by what became of each."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._began = time.monotonic()
        self._fates: dict[str, Counter[str]] = {}
        self.warnings: Counter[str] = Counter()
        self.unclear: Counter[str] = Counter()
        self.suppressed = 0
        self._files: set[str] = set()
        self._last: tuple[str, int] | None = None
        self._file_rows = 0

    def came_from(self, place: Place) -> None:
        """Count the file row; records of one row come one after the other."""
        here = (place.file, place.row)
        if here != self._last:
            self._last = here
            self._file_rows += 1
            self._files.add(place.file)

    def count(self, kind: str, fate: Fate, number: int = 1) -> None:
        """Count records of one kind."""
        if number:
            self._fates.setdefault(kind, Counter())[fate] += number

    def warn(self, what: str) -> None:
        """Count something a person should know about though the row was taken."""
        self.warnings[what] += 1

    def summary(self, rejects_file: Path | None) -> ImportSummary:
        """Return the counts so far."""
        totals = sum(self._fates.values(), Counter[str]())
        return ImportSummary(
            files=len(self._files),
            file_rows=self._file_rows,
            rows=totals.total(),
            **{fate: totals[fate] for fate in FATES},
            by_kind={kind: dict(fates) for kind, fates in sorted(self._fates.items())},
            suppressed=self.suppressed,
            unclear=dict(self.unclear),
            warnings=dict(self.warnings),
            rejects_file=str(rejects_file) if rejects_file else None,
            started_at=self._started_at,
            seconds=time.monotonic() - self._began,
        )


class RejectsFile:
    """Collects rejected rows on disk and writes them as one CSV, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, None] = {}
        self._spool: IO[str] | None = None

    def add(self, row: RejectedRow) -> None:
        """Keep one row for the file."""
        if self._spool is None:
            self._spool = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed by `close`)
        self._names.update(dict.fromkeys(row.cells))
        line = [row.place.file, row.place.row, row.reason, row.cells]
        self._spool.write(json.dumps(line, ensure_ascii=True) + "\n")

    def publish(self) -> Path | None:
        """Write the file and return its path; without a rejected row there is no file, an old one goes."""
        if self._spool is None:
            self._path.unlink(missing_ok=True)
            return None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        self._spool.seek(0)
        with draft.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["file", "row", "reason", *map(shown_as_text, self._names)])
            for line in self._spool:
                file, row, reason, cells = json.loads(line)
                shown = (shown_as_text(cells.get(name, "")) for name in self._names)
                writer.writerow([shown_as_text(file), row, shown_as_text(reason), *shown])
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._path)
        return self._path

    def close(self) -> None:
        """Drop what was collected."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def shown_as_text(cell: str) -> str:
    """A spreadsheet must show the cell, never compute it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell

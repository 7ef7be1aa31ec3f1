"""A folder of exported tables, or one exported file: which table is which, and how far reading is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from domain.errors import ImportRefused
from tools.importers import Progress
from tools.importers.tabular import open_table

_SUFFIXES = (".csv", ".tsv", ".txt")


class Folder:
    """Finds tables by name, in whatever way a connector spells it, and counts bytes over all of them."""

    def __init__(self, path: Path, prefixes: tuple[str, ...] = ()) -> None:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        self.files = [file for file in files if file.is_file() and file.suffix.lower() in _SUFFIXES]
        self._by_name = {_table_name(file, prefixes): file for file in reversed(self.files)}
        self._bytes_total = sum(file.stat().st_size for file in self.files)
        self._bytes_before = 0

    def table(self, *names: str) -> Path | None:
        """Return the file of a table that goes by one of these names."""
        return next((self._by_name[name] for name in names if name in self._by_name), None)

    def name_of(self, file: Path) -> str:
        """Return the table name of a file."""
        return next(name for name, known in self._by_name.items() if known == file)

    def reading(self, file: Path, progress: Progress | None) -> Progress | None:
        """Return a progress callback for one file that counts within the whole folder."""
        if progress is None:
            return None
        before = self._bytes_before
        self._bytes_before += file.stat().st_size
        return lambda done, _total: progress(before + done, self._bytes_total)

    def check(self, name: str) -> None:
        """Refuse a folder without tables."""
        if not self.files:
            raise ImportRefused(f"{name}: no .csv file here. Give the folder the export was unpacked into.")


def _table_name(file: Path, prefixes: tuple[str, ...]) -> str:
    name = file.stem.lower().replace("-", "_").replace(" ", "_")
    for prefix in prefixes:
        name = name.removeprefix(prefix)
    return name.removesuffix("_data")


def labels(path: Path | None, read: Callable[[dict[str, str]], tuple[str, str]]) -> dict[str, str]:
    """Read a small reference table whole, as a dictionary."""
    return dict(read(row) for row in plain_rows(path)) if path else {}


def plain_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the readable rows of a table by column name."""
    table = open_table(path)
    for line in table.lines():
        if line.problem is None:
            yield dict(zip(table.header, line.cells, strict=True))


def full_name(row: Mapping[str, str]) -> str:
    """A person's name out of a reference row, or the address, whichever there is."""
    name = row.get("name") or " ".join(
        part for key in ("first_name", "last_name") if (part := row.get(key, ""))
    )
    return name.strip() or row.get("email", "")

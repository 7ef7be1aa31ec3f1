"""Delimited text of any make as rows of cells: streaming, with bounded memory, losing nothing silently.

Row numbers are those a spreadsheet shows: the first line is 1, a blank line counts, and a cell with a
line break in it is still one row. Blank rows (no cell filled) are counted but not given out.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from domain.errors import ImportRefused
from tools.importers import Progress, encodings

SAMPLE_BYTES = 262_144
MOST_CELL_CHARS = 131_072
MOST_LINE_CHARS = 1_048_576
MOST_COLUMNS = 16_384
_MOST_REPLAYS = 100
_PROGRESS_ROWS = 2_000
_SEPARATORS = (",", ";", "\t", "|")
MOST_SHOWN_CHARS = 2_000
_CUT_CHARS = 200

_FOREIGN = (
    (b"%PDF", "a PDF document", "export the table itself as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as CSV UTF-8"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PAR1", "a Parquet file", "export it as CSV UTF-8"),
    (b"SQLite format 3\0", "an SQLite database", "export its tables as CSV UTF-8"),
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_VALUE = re.compile(r"[-+]?[\d.,:/ -]*\d[\d.,:/ -]*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Line(NamedTuple):
    """One row. `problem` says why it cannot be taken; its cells are then what could be read."""

    row: int
    cells: list[str]
    problem: str | None = None


@dataclass(frozen=True)
class Table:
    """A delimited file whose encoding, separator and header are known."""

    path: Path
    encoding: encodings.Encoding
    separator: str
    skips_space: bool
    header: tuple[str, ...]
    header_row: int

    @property
    def name(self) -> str:
        """The file's name, as places and messages call it."""
        return self.path.name

    def lines(self, progress: Progress | None = None) -> Iterator[Line]:
        """Yield every row below the header."""
        total, width = self.path.stat().st_size, len(self.header)
        with self.path.open("rb") as binary, _text(binary, self.encoding) as text:
            for line in _records(text, self.separator, self.skips_space):
                if progress and line.row % _PROGRESS_ROWS == 0:
                    progress(min(binary.tell(), total), total)
                if line.row <= self.header_row:
                    continue
                fits = line.problem is not None or len(line.cells) == width
                yield line if fits else _fitted(line, width)
        if progress:
            progress(total, total)

    def named(self, line: Line) -> dict[str, str]:
        """The row's filled cells by column, each cut to a length that can be shown."""
        if line.problem is not None and len(line.cells) == 1 < len(self.header):
            return {"line": line.cells[0]}
        beyond = (f"column {number + 1}" for number in range(len(self.header), len(line.cells)))
        names = (*self.header, *beyond)
        return {name: cell[:MOST_SHOWN_CHARS] for name, cell in zip(names, line.cells, strict=False) if cell}


def open_table(path: Path) -> Table:
    """Look at the beginning of a file and return it as a table.

    Raises:
        ImportRefused: if it is another kind of file, is empty, or has no usable header.

    """
    try:
        with path.open("rb") as binary:
            sample = binary.read(SAMPLE_BYTES)
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read ({error.strerror}). Give the path of a table.") from None
    _refuse_foreign(path, sample)
    encoding = encodings.detect(sample)
    if encoding is None:
        raise ImportRefused(f"{path.name}: its encoding is unknown. Save it as CSV UTF-8.")
    beginning = sample.decode(encoding.codec, "ignore" if encoding.codec.startswith("utf-") else "replace")
    separator, skips_space = _separator(beginning, is_cut=len(sample) == SAMPLE_BYTES)
    records = _records(io.StringIO(beginning, newline=""), separator, skips_space)
    first = next(records, None)
    if first is None:
        raise ImportRefused(f"{path.name}: the file is empty. Export it again.")
    return Table(path, encoding, separator, skips_space, _header(path, first), first.row)


def _refuse_foreign(path: Path, sample: bytes) -> None:
    kind, next_step = "", ""
    for magic, what, step in _FOREIGN:
        if sample.startswith(magic):
            kind, next_step = what, step
    if sample.startswith(b"PK\x03\x04"):
        kind, next_step = "a zip archive", "unpack it first"
        if b"opendocument" in sample[:200]:
            kind, next_step = "an OpenDocument spreadsheet", "save it as CSV UTF-8"
        elif b"[Content_Types].xml" in sample or b"xl/" in sample:
            kind, next_step = "an Excel workbook", "save it as CSV UTF-8"
    if sample[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        kind, next_step = "a web page", "export the table as CSV UTF-8"
    if kind:
        raise ImportRefused(f"{path.name} is {kind}, not delimited text: {next_step}, then import that.")


def _header(path: Path, first: Line) -> tuple[str, ...]:
    where = f"{path.name}, row {first.row}"
    if first.problem:
        raise ImportRefused(f"{where}: the header cannot be read ({first.problem}). Export the file again.")
    names = [name.strip().strip("\ufeff") for name in first.cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise ImportRefused(f"{where}: {len(names):,} columns, at most {MOST_COLUMNS:,} are read.")
    if "" in names:
        number = names.index("") + 1
        raise ImportRefused(f"{where}: column {number} has no name in the header. Name it or remove it.")
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise ImportRefused(f"{where}: the header names {twice[0]!r} more than once. Rename one of them.")
    values = sum(1 for name in names if _VALUE.fullmatch(name))
    if any(_EMAIL.fullmatch(name) for name in names) or values * 2 > len(names):
        raise ImportRefused(
            f"{where}: the header is missing, the first row holds values. Add a row of names."
        )
    return tuple(names)


def _fitted(line: Line, width: int) -> Line:
    """Take away empty cells beyond the header; any other difference is the row's problem."""
    cells = line.cells
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) == width:
        return Line(line.row, cells)
    amount = "few" if len(cells) < width else "many"
    problem = f"too {amount} cells: {len(cells)} where the header has {width}"
    return Line(line.row, [cell[:_CUT_CHARS] for cell in cells[: width + 1]], problem)


def _separator(beginning: str, *, is_cut: bool) -> tuple[str, bool]:
    """The separator that cuts the most rows into as many cells as the header has."""
    if stated := re.match(r"\ufeff?sep=(.)[\r\n]", beginning):
        return stated[1], False
    best, best_score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        skips_space = f'{separator} "' in beginning
        counts = []
        for line in _records(io.StringIO(beginning, newline=""), separator, skips_space):
            counts.append(len(line.cells))
            if len(counts) == 200:
                break
        if is_cut and 1 < len(counts) < 200:
            counts.pop()
        if not counts or counts[0] < 2:
            continue
        score = (counts.count(counts[0]) / len(counts), counts[0])
        if score > best_score:
            best, best_score = separator, score
    return best, f'{best} "' in beginning


def _text(binary: io.BufferedReader, encoding: encodings.Encoding) -> io.TextIOWrapper:
    return io.TextIOWrapper(binary, encoding=encoding.codec, errors=encoding.errors, newline="")


class _Lines:
    """Physical lines of bounded length; it can go back to the line after a record's first."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.of_record: list[str] = []
        self.is_overlong = False
        self.has_ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        self.of_record.append(line)
        return line

    def begin_record(self) -> None:
        self.of_record = []
        self.is_overlong = self.has_ended = False

    def go_back(self) -> None:
        self._again.extendleft(reversed(self.of_record[1:]))

    def _read(self) -> str:
        line = self._text.readline(MOST_LINE_CHARS)
        if not line:
            self.has_ended = True
            raise StopIteration
        if len(line) == MOST_LINE_CHARS and line[-1] not in "\r\n":
            self.is_overlong = True
            while (rest := self._text.readline(MOST_LINE_CHARS)) and rest[-1] not in "\r\n":
                pass
            return line[:_CUT_CHARS].replace('"', "") + "\n"
        return line.replace("\0", "") if "\0" in line else line


def _records(text: TextIO, separator: str, skips_space: bool) -> Iterator[Line]:
    """Yield records with their row numbers; a quote that is never closed costs only its own line."""
    csv.field_size_limit(MOST_CELL_CHARS)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=skips_space)
    row = replays = 0
    while True:
        lines.begin_record()
        problem, cells = None, []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problem = f"a cell is longer than {MOST_CELL_CHARS:,} characters"
        row += 1
        if lines.is_overlong:
            problem = f"the row is longer than {MOST_LINE_CHARS:,} characters"
        elif (problem and len(lines.of_record) > 1) or lines.has_ended:
            problem = "a quote is opened in this row and never closed"
            if replays < _MOST_REPLAYS:
                replays += 1
                lines.go_back()
        if problem:
            yield Line(row, [lines.of_record[0].rstrip("\r\n")[:_CUT_CHARS]], problem)
        elif any(cells) and not (row == 1 and _states_separator(cells, separator)):
            yield Line(row, cells)


def _states_separator(cells: list[str], separator: str) -> bool:
    """Tell whether this is Excel's `sep=;` line, which is not a row of the table."""
    stated = separator.join(cells)
    return stated == f"sep={separator}"

"""Delimited text of any make becomes the same rows; what cannot is refused or rejected with its reason."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ImportRefused
from tools.importers import tabular
from tools.importers.tabular import Line, open_table

ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
)
SEPARATORS = (",", ";", "\t", "|")


def rows_of(path: Path, content: bytes | str) -> list[Line]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(open_table(path).lines())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_every_encoding_and_separator_gives_the_same_cells(path: Path, encoding: str, separator: str) -> None:
    lines = [["Name", "City", "Note"], ["Jörg Müller", "Köln", "a,b;c|d\te"], ["Zoë", "Malmö", 'said "hi"']]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(lines)
    assert [line.cells for line in rows_of(path, out.getvalue().encode(encoding))] == lines[1:]


_CELLS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f") | st.just("\n"),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-32-be"]),
    separator=st.sampled_from(SEPARATORS),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_random_tables_survive_the_round_trip(
    path: Path, table: list[tuple[str, str, str]], encoding: str, separator: str, line_end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([("Alpha", "Beta", "Gamma"), *table])
    found = [tuple(line.cells) for line in rows_of(path, out.getvalue().encode(encoding))]
    assert found == [row for row in table if any(row)]


def test_a_quoted_line_break_is_one_row_and_does_not_shift_the_numbers(path: Path) -> None:
    lines = rows_of(path, 'a,b\n1,"two\r\nlines, and a comma"\n\n3,4\n')
    assert lines == [Line(2, ["1", "two\r\nlines, and a comma"]), Line(4, ["3", "4"])]


def test_a_separator_inside_quotes_does_not_decide(path: Path) -> None:
    lines = rows_of(path, 'Name;Note\n"x";"a, b, c"\n"y";"d, e, f"\n')
    assert [line.cells for line in lines] == [["x", "a, b, c"], ["y", "d, e, f"]]


def test_excels_separator_line_is_obeyed_and_is_no_row(path: Path) -> None:
    assert rows_of(path, "sep=;\na;b,c\n1;2\n") == [Line(3, ["1", "2"])]


def test_a_nul_byte_is_dropped(path: Path) -> None:
    assert rows_of(path, b"a,b\nx\0y,2\n" + b"plain,3\n" * 20)[0].cells == ["xy", "2"]


def test_a_windows_byte_beyond_the_sample_is_read_as_windows_writes_it(path: Path) -> None:
    content = b"a,b\n" + b"plain,1\n" * 40_000 + "Jörg,2\n".encode("cp1252")
    assert rows_of(path, content)[-1].cells == ["Jörg", "2"]


def test_too_few_and_too_many_cells_are_the_rows_problem(path: Path) -> None:
    lines = rows_of(path, "a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n")
    assert [line.problem for line in lines] == [
        "too few cells: 2 where the header has 3",
        "too many cells: 4 where the header has 3",
        None,
    ]


def test_a_quote_never_closed_costs_only_its_own_row(path: Path) -> None:
    lines = rows_of(path, 'a,b\n1,"open\n2,fine\n3,fine\n')
    assert [(line.row, line.problem is None) for line in lines] == [(2, False), (3, True), (4, True)]


def test_an_endless_quote_in_a_long_file_costs_only_its_own_row(path: Path) -> None:
    lines = rows_of(path, 'a,b\n1,"open\n' + "2,fine\n" * 20_000)
    assert sum(1 for line in lines if line.problem) == 1
    assert len(lines) == 20_001


def test_a_cell_beyond_the_limit_is_rejected_and_the_next_row_is_read(path: Path) -> None:
    lines = rows_of(path, "a,b\n1," + "x" * (tabular.MOST_CELL_CHARS + 1) + "\n2,fine\n")
    assert lines[0].problem == "a cell is longer than 131,072 characters"
    assert lines[1] == Line(3, ["2", "fine"])


def test_a_line_without_end_is_cut_off_not_loaded(path: Path) -> None:
    lines = rows_of(path, "a,b\n" + "1," * (2 * tabular.MOST_LINE_CHARS) + "\n2,fine\n")
    assert lines[0].problem == "the row is longer than 1,048,576 characters"
    assert len(lines[0].cells[0]) <= 200
    assert lines[1] == Line(3, ["2", "fine"])


def test_progress_ends_at_the_whole_file(path: Path) -> None:
    path.write_text("a,b\n" + "1,2\n" * 5_000)
    seen: list[tuple[int, int]] = []
    list(open_table(path).lines(lambda done, total: seen.append((done, total))))
    assert len(seen) > 1
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def _workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_workbook(), "is an Excel workbook"),
        (
            b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "OpenDocument",
        ),
        (b"PK\x03\x04 anything", "is a zip archive"),
        (b"%PDF-1.7 ...", "is a PDF document"),
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"a,,c\n1,2,3\n", "column 2 has no name"),
        (b"a,b,a\n1,2,3\n", "names 'a' more than once"),
        (b"d1bdf186,john@example.com,John\n", "the header is missing"),
        (b"12,2024-01-01,x\n13,2024-01-02,y\n", "the header is missing"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line_that_says_so(path: Path, content: bytes, says: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=r"people\.csv") as refusal:
        open_table(path)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)

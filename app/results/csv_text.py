"""Tables as CSV that a spreadsheet shows and never runs.

A cell of words that begins like a formula is given an apostrophe in front (rule W-09; OWASP, "CSV injection"). Numbers
are ours and stay numbers, also below zero.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

from app.results.shapes import Column, ResultTable, Value

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for a formula's beginning, full-width forms included; tab and line ends hide one."""

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's own encoding."""


def csv_of(table: ResultTable) -> str:
    """Return a table as RFC 4180 CSV with a byte-order mark; money in units, shares as fractions, times in UTC."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe(_head(column)) for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(value, column) for value, column in zip(row, table.columns, strict=True)])
    return BOM + out.getvalue()


def safe(words: str) -> str:
    """Words that no spreadsheet takes for a formula; leading spaces hide none."""
    bare = words.lstrip(" \u00a0")
    return f"'{words}" if bare.startswith(FORMULA_STARTS) or words.startswith(FORMULA_STARTS) else words


def _head(column: Column) -> str:
    return f"{column.title} ({column.currency})" if column.currency else column.title


def _cell(value: Value, column: Column) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return safe(value)
    if column.kind in {"money", "whole"}:
        return f"{value / 100:.2f}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)

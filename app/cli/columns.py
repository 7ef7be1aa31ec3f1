"""How wide a table's columns are, so that no word of it is ever cut. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

GAPS = (2, 1)
"""Columns stand so many cells apart: the first where they fit so, else the next."""
MOST_LINES = 5
"""A cell that would take more lines than this is read row by row instead."""


def widths(table: Sequence[Sequence[str]], width: int) -> tuple[int, tuple[int, ...]] | None:
    """Return how far columns stand apart and how wide each is; None where a table is to be told row by row.

    Columns keep the width of their longest cell as long as there is room; the widest give way first, each down to its
    longest word.

    Args:
        table: rows of cells as text, the headings among them; all as long as the first.
        width: cells of one line of the screen.

    """
    columns = list(zip(*table, strict=True))
    given = [max(map(_widest_line, column)) for column in columns]
    least = [max(_longest_word(cell) for cell in column) for column in columns]
    gap = next((gap for gap in GAPS if sum(least) + gap * (len(columns) - 1) <= width), None)
    if gap is None:
        return None
    room = width - gap * (len(columns) - 1)
    while sum(given) > room:
        able = [number for number, (now, word) in enumerate(zip(given, least, strict=True)) if now > word]
        given[max(able, key=lambda number: given[number])] -= 1
    lines = [
        -(-_widest_line(cell) // wide)
        for column, wide in zip(columns, given, strict=True)
        for cell in column
        if wide
    ]
    return (gap, tuple(given)) if max(lines, default=0) <= MOST_LINES else None


def _widest_line(cell: str) -> int:
    return max((cell_len(part) for part in cell.split("\n")), default=0)


def _longest_word(cell: str) -> int:
    # What a line is indented by belongs to its first word: a break would part them.
    words = [word for part in cell.split("\n") for word in re.findall(r"^\s*\S+|\S+", part)]
    return max(map(cell_len, words), default=0)

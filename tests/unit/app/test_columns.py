"""Columns are as wide as their longest word at least: what does not fit is told row by row, never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from app.cli import screen
from app.cli.columns import widths

ARMS = [
    {"arm": "Learned", "contacts": 258, "written": 250, "closed": 245, "replies": 10, "meetings": 1, "mql": 4,
     "sql": 3, "opp": 8, "won": 4, "reward": "-0.21 USD"},
]  # fmt: skip
HEADS = {
    "arm": "Arm", "contacts": "Contacts>", "written": "Written to>", "closed": "Window closed>",
    "replies": "Replies>", "meetings": "Meetings>", "mql": "MQL>", "sql": "SQL>", "opp": "Opp.>", "won": "Won>",
    "reward": "Reward each>",
}  # fmt: skip


def test_a_table_that_fits_keeps_its_widths_and_wide_gaps() -> None:
    assert widths([["Id", "Title"], ["a", "Cost of waiting"]], 80) == (2, (2, 15))


def test_the_widest_column_gives_way_first_and_never_below_its_longest_word() -> None:
    assert widths([["Campaign", "Name"], ["wake-quiet-accounts", "Wake all quiet accounts"]], 30) == (
        2,
        (19, 9),
    )


def test_what_fits_in_no_way_is_not_squeezed() -> None:
    assert widths([["Campaign"], ["wake-quiet-accounts"]], 12) is None
    assert widths([["Rule", "Says"], ["C-01", "word " * 100]], 40) is None


def test_an_indented_word_is_not_parted_from_its_indent() -> None:
    assert widths([["  Version", "Made"], ["  bandit-2(3109:1525ddafbd)", "2026-11-26 14:38 UTC"]], 40) == (
        2,
        (27, 11),
    )


@given(
    st.lists(
        st.lists(st.text(alphabet="ab –東", max_size=30), min_size=3, max_size=3), min_size=1, max_size=6
    ),
    st.integers(8, 120),
)
def test_whatever_stands_in_them_columns_hold_their_words_and_fit_the_screen(
    table: list[list[str]], width: int
) -> None:
    found = widths(table, width)
    if found is None:
        return
    gap, each = found
    assert sum(each) + gap * (len(each) - 1) <= width
    assert all(
        wide >= max((cell_len(word) for word in row[number].split()), default=0)
        for number, wide in enumerate(each)
        for row in table
    )


@pytest.mark.parametrize("width", [80, 60, 30])
def test_no_word_of_a_listing_is_cut_at_any_width(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "out", Console(width=width, highlight=False))
    screen.listing(ARMS, HEADS, as_json=False)
    said = capsys.readouterr().out
    assert all(len(line) <= width for line in said.splitlines())
    words = {word.strip(":·").lower() for word in said.split()}
    assert {"learned", "contacts", "written", "replies", "meetings", "reward", "-0.21", "usd"} <= words

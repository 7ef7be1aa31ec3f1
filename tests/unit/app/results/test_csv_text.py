from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results.csv_text import BOM, FORMULA_STARTS, csv_of, safe
from app.results.shapes import Column, Kind, ResultTable, Value


def table(value: Value, kind: Kind = "words", currency: str = "") -> ResultTable:
    return ResultTable(
        name="t", title="T", columns=(Column(title="Head", kind=kind, currency=currency),), rows=((value,),)
    )


def only_cell(value: Value, kind: Kind = "words") -> str:
    return list(csv.reader(io.StringIO(csv_of(table(value, kind)).removeprefix(BOM))))[1][0]


@pytest.mark.parametrize(
    "words", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "\n=x", "  =1", "\u00a0@a", "＝1"]
)
def test_words_that_begin_like_a_formula_are_disarmed(words: str) -> None:
    assert safe(words) == f"'{words}"


@pytest.mark.parametrize("words", ["Guide", "a=b", "3 - 2", "", "’quoted", "mail@example.com"])
def test_other_words_stay_as_they_are(words: str) -> None:
    assert safe(words) == words


@given(st.text(max_size=40))
def test_no_cell_of_words_ever_begins_like_a_formula(words: str) -> None:
    cell = only_cell(words.replace("\x00", ""))
    assert not cell.lstrip(" \u00a0").startswith(FORMULA_STARTS)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
def test_words_come_back_whole(words: str) -> None:
    text = csv_of(table(words)).removeprefix(BOM)
    cell = list(csv.reader(io.StringIO(text, newline="")))[1][0] if words else ""
    assert cell.removeprefix("'") == words.removeprefix("'")


def test_a_negative_number_stays_a_number() -> None:
    assert only_cell(-82, "money") == "-0.82"
    assert only_cell(-0.25, "share") == "-0.25"


def test_money_is_told_in_units_with_its_currency_in_the_head() -> None:
    assert csv_of(table(123_456, "whole", "EUR")) == f"{BOM}Head (EUR)\r\n1234.56\r\n"


def test_times_are_utc_and_what_is_not_known_is_empty() -> None:
    assert only_cell(datetime(2026, 3, 1, 9, tzinfo=UTC), "moment") == "2026-03-01T09:00:00Z"
    assert only_cell(date(2026, 3, 2), "day") == "2026-03-02"
    assert csv_of(table(None, "share")).endswith('\r\n""\r\n')

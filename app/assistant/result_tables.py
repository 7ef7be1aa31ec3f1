"""Tables of results as the assistant's answers have them."""

from __future__ import annotations

from datetime import date, datetime

from app.amounts import whole_money
from app.lift_words import OTHERS, WHAT_NAMES, is_worth_a_line, sentence
from app.metrics import CampaignMetrics
from app.results.shapes import ARMS, Column, ResultTable, Value
from domain.assistant import AnswerColumn, AnswerTable, Cell
from domain.decision import Arm


def lift_table(found: CampaignMetrics) -> AnswerTable:
    """Every comparison, with the holdout and of the learner with the other arms that send, in words."""
    lifts = [one for one in (*found.contests, *found.lifts) if is_worth_a_line(one, found)]
    lifts.sort(key=lambda one: one.arm is not Arm.LEARNED)
    return AnswerTable(
        title="How those who decided compare",
        columns=tuple(AnswerColumn(name=name) for name in ("Who decided", "Against", "What", "In words")),
        rows=tuple(
            (
                ARMS[one.arm],
                OTHERS[one.against.value],
                WHAT_NAMES.get(one.what, one.what),
                sentence(one, found.currency),
            )
            for one in lifts
        ),
    )


def arm_table(found: CampaignMetrics) -> AnswerTable:
    """What contacts of each arm reached."""
    stages = ("reply", "meeting", "mql", "sql", "opportunity")
    names = (
        "Contacts",
        "Written to",
        "Window closed",
        *(WHAT_NAMES[one] for one in stages),
        "Won or renewed",
    )
    return AnswerTable(
        title="What contacts reached, by who decided",
        columns=(
            AnswerColumn(name="Who decided"),
            *(AnswerColumn(name=name, kind="number") for name in names),
        ),
        rows=tuple(
            (
                ARMS[one.arm],
                one.contacts,
                one.written_to,
                one.closed_windows,
                *(one.reached[stage] for stage in stages),
                one.reached["won"] + one.reached["renewed"],
            )
            for one in found.arms
        ),
    )


def answer_table(made: ResultTable) -> AnswerTable:
    """A table of results as an answer's: amounts become texts with their currency, days the asker's."""
    kinds = {"count": "number", "number": "number", "share": "share", "moment": "moment"}
    rows = [
        tuple(_cell(value, column) for value, column in zip(row, made.columns, strict=True))
        for row in made.rows
    ]
    return AnswerTable(
        title=made.title,
        columns=tuple(
            AnswerColumn.model_validate({"name": one.title, "kind": kinds.get(one.kind, "text")})
            for one in made.columns
        ),
        rows=tuple(rows),
        total=len(rows),
    )


def _cell(value: Value, column: Column) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if column.kind == "days":
        return f"{value:,.0f} days"
    if column.kind == "money":
        return amount(value, column.currency)
    return whole_money(value, column.currency).strip() if column.kind == "whole" else value


def amount(cents: float, currency: str) -> str:
    """An amount to the cent, with its currency."""
    return f"{cents / 100:,.2f} {currency}".strip()

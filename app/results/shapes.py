"""What a table of results is: columns with their kinds, rows, a name; and how arms are named in them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from domain.base import Noun
from domain.decision import Arm

Kind = Literal["words", "count", "share", "money", "whole", "days", "day", "moment", "number"]
Value = str | int | float | date | datetime | None

ARMS = {
    Arm.LEARNED: "Attune",
    Arm.USUAL: "Usual practice",
    Arm.EXPLORE: "Drawn at random",
    Arm.HOLDOUT: "Holdout",
    Arm.ASKED: "Asked for by members",
}
"""Arms as pages name them, in the order they are shown."""


class Column(Noun):
    """A column. `kind` says how values are shown: `money` and `whole` (shown without cents) are cents of
    `currency`, `share` is in [0, 1].
    """

    title: str
    kind: Kind = "words"
    currency: str = ""


class ResultTable(Noun):
    """A table with a name for its address, rows of one value a column, and what a reader must know of it."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""

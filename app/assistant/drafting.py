"""What drafts cost that are made for a look: counted in their conversation and their member's day, two a question."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.assistant.day import day_budget_of
from domain.errors import BudgetSpent, ToolRefused

if TYPE_CHECKING:
    from app.wiring import House
    from domain.assistant import Asker
    from domain.message import Usage

MOST_DRAFTS = 2
AGENT = "message_draft"


@dataclass(frozen=True)
class _Question:
    thread_id: str
    drafts: Iterator[int] = field(default_factory=itertools.count)


_question: ContextVar[_Question | None] = ContextVar("attune_question", default=None)


@contextmanager
def question(thread_id: str) -> Iterator[None]:
    """Say which conversation's question is worked on until its end. A door that calls a tool itself has none."""
    token = _question.set(_Question(thread_id))
    try:
        yield
    finally:
        _question.reset(token)


def take_draft() -> str | None:
    """Take one of the question's drafts and return the thread it counts in. Raises `ToolRefused` beyond two."""
    asked = _question.get()
    if asked is None:
        return None
    if next(asked.drafts) >= MOST_DRAFTS:
        raise ToolRefused(
            f"{MOST_DRAFTS} drafts were begun for this question, and each costs. Show them, and ask before more."
        )
    return asked.thread_id


@contextmanager
def one_draft(house: House, asker: Asker) -> Iterator[list[Usage]]:
    """Let one draft be made; what is put into the list counts.

    Raises:
        ToolRefused: the question has its drafts, or the conversation's budget is spent.
        DaySpent: the member's day, or everybody's, is.

    """
    thread_id, day = take_draft(), day_budget_of(house)
    day.require(asker)
    try:
        if thread_id is not None:
            house.budget.require(thread_id)
    except BudgetSpent:
        raise ToolRefused(
            "This conversation's budget is spent, so nothing was drafted. Begin another conversation."
        ) from None
    took: list[Usage] = []
    yield took
    for usage in took:
        day.add(asker, usage)
        if thread_id is not None:
            house.budget.record(thread_id, AGENT, usage)

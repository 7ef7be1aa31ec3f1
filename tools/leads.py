"""The assistant's tools about what may come: whom to pass to sales, which customers may leave."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field

from domain.assistant import Asker, ToolAnswer
from domain.staff import Act
from tools.people import Page
from tools.toolset import Arguments, Tool


class LeadList(Arguments):
    """Whom to pass to sales."""

    account: str | None = Field(None, max_length=200, description="Only people of this company.")
    page: int = Page


class ChurnList(Arguments):
    """Which customers may leave."""

    page: int = Page


class LeadDesk(Protocol):
    """What answers them."""

    def lead_list(self, asker: Asker, given: LeadList) -> ToolAnswer:
        """List whom to pass to sales."""
        ...

    def churn_list(self, asker: Asker, given: ChurnList) -> ToolAnswer:
        """List customers that may leave."""
        ...


def lead_tools(desk: LeadDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "lead_list",
            "Who is ready for sales, best first: how likely each becomes an SQL, what that is worth, and why. "
            "Reckoned once a day; says so where it cannot be told.",
            LeadList,
            Act.READ,
            look=desk.lead_list,
        ),
        Tool(
            "churn_list",
            "Customers likely to leave, the likeliest first, with reasons. Reckoned once a day; says so where it "
            "cannot be told.",
            ChurnList,
            Act.READ,
            look=desk.churn_list,
        ),
    )

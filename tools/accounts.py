"""The assistant's tools about companies."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field

from domain.assistant import Asker, ToolAnswer
from domain.search import SearchWords
from domain.staff import Act
from tools.people import Countries, Country, Finding, Owners
from tools.toolset import Arguments, Tool


class AccountFind(Finding):
    """Which companies. Everything that is given must hold; what their people did counts as theirs."""

    words: SearchWords = Field("", description="Words that stand in name or web domain; each must.")
    industries: tuple[str, ...] = Field((), max_length=50, description="Industries as the CRM says them.")
    countries: tuple[Country, ...] = Countries
    owners: tuple[str, ...] = Owners


class AccountShow(Arguments):
    """One company."""

    account: str = Field(
        min_length=1,
        max_length=200,
        description="Which company: its id (a_42), name, web domain, or a part that fits one only.",
    )


class AccountDesk(Protocol):
    """What answers them."""

    def account_find(self, asker: Asker, given: AccountFind) -> ToolAnswer:
        """Find companies."""
        ...

    def account_show(self, asker: Asker, given: AccountShow) -> ToolAnswer:
        """Show one company."""
        ...


def account_tools(desk: AccountDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "account_find",
            "Find companies, as contact_find finds people; what their people did counts as theirs. “Which accounts "
            "went quiet after the pricing page?” is one call: did=[{event: page_viewed, topic: pricing}], "
            "quiet_days=14.",
            AccountFind,
            Act.READ,
            look=desk.account_find,
        ),
        Tool(
            "account_show",
            "One company: people with job titles, stages and parts in deals; deals, activity by week, what happened "
            "last, waiting messages, how likely it leaves, who is one to pass to sales. Use it to pick a person at a "
            "company, such as the operations lead.",
            AccountShow,
            Act.READ,
            look=desk.account_show,
        ),
    )

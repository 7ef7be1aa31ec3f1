"""The assistant's tools about what may be said and what is allowed: the content library, the rule book."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field

from domain.assistant import Asker, ToolAnswer
from domain.search import SearchWords
from domain.staff import Act
from tools.toolset import Arguments, Tool


class ContentList(Arguments):
    """Which content."""

    words: SearchWords = Field("", description="Words in title, topics or id.")
    is_active: bool | None = Field(None, description="True for what may be sent, False for what may not.")
    page: int = Field(1, ge=1, le=10_000, description="Which page of a long list.")


class ContentShow(Arguments):
    """One content asset."""

    content: str = Field(min_length=1, max_length=200, description="Its id, or its title.")


class RuleList(Arguments):
    """Which rules."""

    words: SearchWords = Field("", description="Words in id, title or text.")
    page: int = Field(1, ge=1, le=10_000, description="Which page of a long list.")


class RuleExplain(Arguments):
    """One rule."""

    rule: str = Field(min_length=1, max_length=100, description="Its id (C-26) or its title.")


class LibraryDesk(Protocol):
    """What does them."""

    def content_list(self, asker: Asker, given: ContentList) -> ToolAnswer:
        """List content."""
        ...

    def content_show(self, asker: Asker, given: ContentShow) -> ToolAnswer:
        """Show one asset."""
        ...

    def rule_list(self, asker: Asker, given: RuleList) -> ToolAnswer:
        """List rules."""
        ...

    def rule_explain(self, asker: Asker, given: RuleExplain) -> ToolAnswer:
        """Explain one rule."""
        ...


def library_tools(desk: LibraryDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "content_list",
            "List the content library: id, title, kind, topics, for which stages, which campaigns send it, how often "
            "it was sent and clicked in 90 days, claims that run out.",
            ContentList,
            Act.READ,
            look=desk.content_list,
        ),
        Tool(
            "content_show",
            "Show one content asset: what it is, for whom, its approved claims with source and how long they may be "
            "said, its offer, how it fares.",
            ContentShow,
            Act.READ,
            look=desk.content_show,
        ),
        Tool(
            "rule_list",
            "List the rules every message is held against: id, title, and how many contacts or messages each kept "
            "back in 30 days.",
            RuleList,
            Act.READ,
            look=desk.rule_list,
        ),
        Tool(
            "rule_explain",
            "Explain one rule: what it asks, when, its numbers with their sources, and what it kept back lately.",
            RuleExplain,
            Act.READ,
            look=desk.rule_explain,
        ),
    )

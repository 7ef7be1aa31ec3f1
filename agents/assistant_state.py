"""What the assistant's graph keeps and what it may use. The state is checkpointed: messages and plain values only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, TypedDict
from zoneinfo import ZoneInfo

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from domain.assistant import Asker, TalkTurn, ToolAnswer, ToolCall
from domain.assistant_ports import AssistantTools, TalkingModel
from domain.ports import Clock
from prompts.library import PromptLibrary

Interrupts = Literal["hitl", "inbox"]
"""The form of a pause: LangChain's human-in-the-loop, or the older one of Agent Inbox."""


class AssistantState(TypedDict, total=False):
    """One conversation. `messages` is its whole input, too.

    `changes`: dumps of `ChangeAsked` that wait for a yes; once answered, each holds its `decision`. `given`: the
    answer to the pause as it came. `stand_in`: why the understudy answers this question, and by which calls.
    `objection`: why an answer to the pause before was not carried out.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    changes: list[dict[str, Any]]
    given: Any
    objection: str
    stand_in: dict[str, Any]


class Grammar(Protocol):
    """Understands some questions without a model."""

    def read(self, words: str, history: Sequence[TalkTurn]) -> tuple[ToolCall, ...] | str | None:
        """The calls that answer a question, or an answer in words, or None: not understood."""
        ...

    def tell(self, asked: str, found: Sequence[tuple[ToolCall, ToolAnswer | str]]) -> str:
        """The answer in our words, from what tools brought; a text is why a call brought nothing."""
        ...

    def unknown(self, words: str) -> str:
        """What is said where a question is not understood and no model is set: so, and what would be."""
        ...


@dataclass(frozen=True)
class AssistantBench:
    """The graph's runtime context: who asks, and what the assistant may use.

    `organisation` is the team's name, `label` says what its data is where that is not its own. `link_key` is the
    secret behind canaries.
    """

    asker: Asker
    tools: AssistantTools
    model: TalkingModel | None
    grammar: Grammar
    prompts: PromptLibrary
    clock: Clock
    organisation: str
    link_key: bytes
    label: str = ""

    def canary(self, thread_id: str) -> str:
        """A token only this conversation's prompts carry."""
        digest = hmac.new(self.link_key, f"canary:{thread_id}".encode(), hashlib.sha256)
        return f"zq{digest.hexdigest()[:14]}"

    def today(self) -> str:
        """The day and the time of day where the asker is."""
        here: datetime = self.clock().astimezone(ZoneInfo(self.asker.zone))
        return f"{here:%A, %-d %B %Y, %H:%M} ({self.asker.zone})"

"""The roles around the assistant: a model that talks, its tools, the list of conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from domain.assistant import (
    Asker,
    Conversation,
    Door,
    Effect,
    TalkReply,
    TalkRequest,
    ToolAnswer,
    ToolCall,
    ToolCard,
)


class TalkingModel(Protocol):
    """Talks, and calls tools."""

    def talk(self, request: TalkRequest) -> AsyncIterator[str | TalkReply]:
        """Yield the words as they come, and last the whole reply.

        Raises:
            ModelUnavailable: after every allowed retry; also in the midst of an answer.
            ModelRefused: the model declined.
            ModelAnswerInvalid: the reply could not be read.
            BudgetSpent: the conversation's cap is reached; nothing was asked.

        """
        ...


class AssistantTools(Protocol):
    """What the assistant can do, for one asker at a time; the same behind every door (A-10)."""

    def cards(self, asker: Asker) -> tuple[ToolCard, ...]:
        """The tools this asker may use, in a stable order."""
        ...

    async def look(self, asker: Asker, call: ToolCall) -> ToolAnswer:
        """Look something up.

        Raises:
            ToolRefused: there is no such tool, its arguments do not fit, or the asker may not; says what would.
            AttuneError: what the tool itself found wrong.

        """
        ...

    async def plan(self, asker: Asker, call: ToolCall) -> Effect:
        """Tell what a change would do, and do nothing. Raises as `look`."""
        ...

    async def carry_out(self, asker: Asker, call: ToolCall, seal: str) -> ToolAnswer:
        """Do it, if it would still do what was said.

        Raises:
            EffectChanged: it would do something else by now; nothing was done.
            ToolRefused, AttuneError: as `look`.

        """
        ...


class Conversations(Protocol):
    """Keeps whose conversation is whose; what was said stands in the checkpoints."""

    def begin(self, asker: Asker, title: str = "") -> Conversation:
        """Begin one."""
        ...

    def get(self, conversation_id: str, member_id: str) -> Conversation:
        """One of this member's own. Raises `NotFound`, for another's too."""
        ...

    def of(self, member_id: str, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        """One member's, the latest first."""
        ...

    def waiting_by(self, member_id: str, door: Door) -> int:
        """How many of one member's that began at this door wait for a yes."""
        ...

    def note(
        self,
        conversation_id: str,
        *,
        title: str | None = None,
        contact_ids: Sequence[str] = (),
        is_waiting: bool | None = None,
    ) -> None:
        """Remember what changed, and that it was used now."""
        ...

    def rename(self, conversation_id: str, member_id: str, title: str) -> Conversation:
        """Call it something else. Raises `NotFound`."""
        ...

    def forget(self, conversation_id: str, member_id: str) -> None:
        """Remove its record; its checkpoints go first. Raises `NotFound`."""
        ...

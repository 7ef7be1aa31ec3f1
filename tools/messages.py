"""The assistant's tools about one message to one contact: a draft to look at, or a proposal for a reviewer."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field

from domain.assistant import Asker, Effect, ToolAnswer
from domain.staff import Act
from tools.campaigns import campaign_field
from tools.toolset import Arguments, Tool

MOST_HINT_CHARS = 500


class MessageFor(Arguments):
    """To whom, and about what."""

    contact: str = Field(
        min_length=1,
        max_length=200,
        description="Whom: id (c_42), e-mail address, or a name that fits one only.",
    )
    campaign: str | None = campaign_field(None)
    content: str | None = Field(
        None,
        max_length=200,
        description="The id or title of a content asset. Left out, the one of the highest expected worth is taken.",
    )
    hint: str = Field(
        "",
        max_length=MOST_HINT_CHARS,
        description="What the member wants of the words: shorter, mention pricing.",
    )


class MessageDraft(MessageFor):
    """A draft to look at."""


class MessagePropose(MessageFor):
    """A draft that goes to the review inbox."""


class MessageDesk(Protocol):
    """What does them."""

    def message_draft(self, asker: Asker, given: MessageDraft) -> ToolAnswer:
        """Draft one."""
        ...

    def plan_propose(self, asker: Asker, given: MessagePropose) -> Effect:
        """Tell what would be proposed."""
        ...

    def propose(self, asker: Asker, given: MessagePropose, seal: str) -> ToolAnswer:
        """Propose exactly the one that was told."""
        ...


def message_tools(desk: MessageDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "message_draft",
            "Draft a message for ONE contact as a run would, to look at: nothing is proposed, sent or kept. The member "
            "sees the message; you get what the checks found, what it rests on, why this content. Without a campaign "
            "the active one of the best message is taken.",
            MessageDraft,
            Act.CHAT,
            look=desk.message_draft,
        ),
        Tool(
            "message_propose",
            "Have a message for ONE contact drafted and put into the review inbox, where a reviewer decides about it. "
            "Nothing leaves without that. Every rule holds: nobody held out, opted out or outside the audience.",
            MessagePropose,
            Act.CAMPAIGN_WRITE,
            plan=desk.plan_propose,
            do_as_sealed=desk.propose,
        ),
    )

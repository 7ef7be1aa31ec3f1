"""Conversations with the assistant: begin one, say something, decide about what waits, look at what was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from pydantic import BaseModel, Field

from app.web.api.answering import Happened
from app.web.api.operations import Asked, Operation
from domain.assistant import Asker, ChangeAsked, ChangeDecision, Conversation, Exchange, Happening
from domain.base import Noun
from domain.staff import Act
from tools.toolset import Arguments

A_PAGE = 50
MOST_DECISIONS = 50
Id = Field(max_length=80, description="The conversation's id.")


class Talks(Protocol):
    """The assistant as doors call it."""

    def begin(self, asker: Asker, title: str = "") -> Conversation: ...

    def say(self, asker: Asker, conversation_id: str, words: str) -> AsyncIterator[Happening]: ...

    def decide(
        self, asker: Asker, conversation_id: str, decisions: Sequence[ChangeDecision]
    ) -> AsyncIterator[Happening]: ...

    async def exchanges(self, asker: Asker, conversation_id: str) -> tuple[Exchange, ...]: ...

    async def waiting(self, asker: Asker, conversation_id: str) -> tuple[ChangeAsked, ...]: ...

    def conversations(self, asker: Asker, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]: ...

    def rename(self, asker: Asker, conversation_id: str, title: str) -> Conversation: ...

    async def forget(self, asker: Asker, conversation_id: str) -> None: ...


class Page(Arguments):
    """Which page of one's conversations."""

    page: int = Field(1, ge=1, le=10_000, description="The page, from 1; fifty stand on each.")


class Begin(Arguments):
    """A new conversation."""

    title: str = Field(
        "", max_length=200, description="What it is called; the first question where nothing is given."
    )


class One(Arguments):
    """One conversation of one's own."""

    conversation: str = Id


class Say(One):
    """Something said in it."""

    words: str = Field(min_length=1, max_length=8_000, description="A question or a wish, in plain words.")


class Decide(One):
    """Answers to changes that wait. What is not named goes on waiting."""

    decisions: tuple[ChangeDecision, ...] = Field(min_length=1, max_length=MOST_DECISIONS)


class Rename(One):
    """Another title."""

    title: str = Field(min_length=1, max_length=200, description="What it is called from now on.")


class Conversations(Noun):
    """One's own, the latest first."""

    conversations: tuple[Conversation, ...]


class Whole(Noun):
    """One conversation: what was said and shown, and what waits for a yes."""

    exchanges: tuple[Exchange, ...]
    waiting: tuple[ChangeAsked, ...]


class Forgotten(Noun):
    """It is gone."""

    forgotten: str


def conversation_operations(assistant: Callable[[], Talks]) -> list[Operation]:
    """Everything one can do with conversations.

    `assistant`: asked for when first needed; what it is made of takes a second to load.
    """

    async def mine(asked: Asked) -> BaseModel:
        offset = (asked.given.page - 1) * A_PAGE
        return Conversations(
            conversations=await asyncio.to_thread(assistant().conversations, asked.asker, A_PAGE, offset)
        )

    async def begin(asked: Asked) -> BaseModel:
        return await asyncio.to_thread(assistant().begin, asked.asker, asked.given.title)

    async def show(asked: Asked) -> BaseModel:
        which = asked.given.conversation
        return Whole(
            exchanges=await assistant().exchanges(asked.asker, which),
            waiting=await assistant().waiting(asked.asker, which),
        )

    async def say(asked: Asked) -> AsyncIterator[Happening]:
        return assistant().say(asked.asker, asked.given.conversation, asked.given.words)

    async def decide(asked: Asked) -> AsyncIterator[Happening]:
        return assistant().decide(asked.asker, asked.given.conversation, asked.given.decisions)

    async def rename(asked: Asked) -> BaseModel:
        return await asyncio.to_thread(
            assistant().rename, asked.asker, asked.given.conversation, asked.given.title
        )

    async def forget(asked: Asked) -> BaseModel:
        await assistant().forget(asked.asker, asked.given.conversation)
        return Forgotten(forgotten=asked.given.conversation)

    at, one = "/conversations", "/conversations/{conversation}"
    tag, needs = "conversations", Act.CHAT
    return [
        Operation(
            "conversation_list",
            "GET",
            at,
            tag,
            "List conversations",
            "One's own, the latest first.",
            needs,
            Page,
            Conversations,
            mine,
        ),
        Operation(
            "conversation_begin",
            "POST",
            at,
            tag,
            "Begin a conversation",
            "Empty, until something is said in it.",
            needs,
            Begin,
            Conversation,
            begin,
            example={"title": "Spring"},
        ),
        Operation(
            "conversation_show",
            "GET",
            one,
            tag,
            "Show a conversation",
            "What was said and shown in it, and the changes that wait for a yes.",
            needs,
            One,
            Whole,
            show,
        ),
        Operation(
            "conversation_say",
            "POST",
            f"{one}/messages",
            tag,
            "Say something",
            "Answers with everything that happened; with `Accept: text/event-stream`, event by event as it happens.",
            needs,
            Say,
            Happened,
            say,
            streams=True,
            example={"words": "Who went quiet after the pricing page?"},
        ),
        Operation(
            "conversation_decide",
            "POST",
            f"{one}/decisions",
            tag,
            "Answer changes that wait",
            "A yes names the `seal` of the effect it is for, and holds for nothing else; an edited one waits under a "
            "new id. Answers as saying something does.",
            needs,
            Decide,
            Happened,
            decide,
            streams=True,
            example={"decisions": [{"call_id": "call-1", "is_yes": False, "words": "Not this week."}]},
        ),
        Operation(
            "conversation_rename",
            "PATCH",
            one,
            tag,
            "Rename a conversation",
            "Gives it another title.",
            needs,
            Rename,
            Conversation,
            rename,
            example={"title": "Spring"},
        ),
        Operation(
            "conversation_forget",
            "DELETE",
            one,
            tag,
            "Forget a conversation",
            "Removes it for good.",
            needs,
            One,
            Forgotten,
            forget,
        ),
    ]

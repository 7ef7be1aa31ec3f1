"""An assistant that repeats what it is told, and asks for a yes when it is told to change something."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from domain.assistant import (
    Answered,
    Asker,
    Asking,
    Broken,
    ChangeAsked,
    ChangeDecision,
    Conversation,
    Effect,
    Exchange,
    Happening,
    Said,
    ToolCall,
)
from domain.errors import NotFound, WrongUsage
from domain.message import Author
from tests.fakes.shelf import NOON
from tools.toolset import Toolset


class Echo:
    """Implements what doors call of the assistant."""

    def __init__(self, tools: Toolset) -> None:
        self._tools = tools
        self._kept: dict[str, Conversation] = {}
        self._waiting: dict[str, tuple[ChangeAsked, ...]] = {}
        self._said: dict[str, list[Exchange]] = {}

    def begin(self, asker: Asker, title: str = "") -> Conversation:
        made = Conversation(
            id=f"t-{len(self._kept) + 1}",
            member_id=asker.member_id,
            title=title,
            door=asker.door,
            began_at=NOON,
            last_at=NOON,
        )
        self._kept[made.id] = made
        return made

    def _mine(self, asker: Asker, conversation_id: str) -> Conversation:
        found = self._kept.get(conversation_id)
        if found is None or found.member_id != asker.member_id:
            raise NotFound("conversation of yours", conversation_id)
        return found

    async def say(self, asker: Asker, conversation_id: str, words: str) -> AsyncIterator[Happening]:
        self._mine(asker, conversation_id)
        if not words.strip():
            raise WrongUsage("Nothing was asked.")
        self._said.setdefault(conversation_id, []).append(Exchange(asked=words, at=NOON))
        yield Said(text=words)
        if words == "pause":
            asked = ChangeAsked(
                call=ToolCall(id="call-1", name="campaign_pause", arguments={"campaign": "spring"}),
                effect=Effect(title="Pause", lines=(), seal="s" * 8),
            )
            self._waiting[conversation_id] = (asked,)
            yield Asking(changes=(asked,))
        elif words == "break":
            yield Broken(words="It broke.")
        else:
            yield Answered(words=words, author=Author.UNDERSTUDY)

    async def decide(
        self, asker: Asker, conversation_id: str, decisions: Sequence[ChangeDecision]
    ) -> AsyncIterator[Happening]:
        self._mine(asker, conversation_id)
        if not self._waiting.pop(conversation_id, ()):
            raise WrongUsage("Nothing waits for your yes.")
        yield Answered(words="yes" if decisions[0].is_yes else "no", author=Author.UNDERSTUDY)

    async def propose(self, asker: Asker, call: ToolCall) -> tuple[Conversation, Effect]:
        effect = await self._tools.plan(asker, call)
        made = self.begin(asker, effect.title).model_copy(update={"is_waiting": True})
        self._waiting[made.id] = (ChangeAsked(call=call, effect=effect),)
        return made, effect

    async def exchanges(self, asker: Asker, conversation_id: str) -> tuple[Exchange, ...]:
        self._mine(asker, conversation_id)
        return tuple(self._said.get(conversation_id, ()))

    async def waiting(self, asker: Asker, conversation_id: str) -> tuple[ChangeAsked, ...]:
        self._mine(asker, conversation_id)
        return self._waiting.get(conversation_id, ())

    def conversations(self, asker: Asker, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        mine = [one for one in self._kept.values() if one.member_id == asker.member_id]
        return tuple(mine[offset : offset + limit])

    def rename(self, asker: Asker, conversation_id: str, title: str) -> Conversation:
        self._kept[conversation_id] = self._mine(asker, conversation_id).model_copy(update={"title": title})
        return self._kept[conversation_id]

    async def forget(self, asker: Asker, conversation_id: str) -> None:
        del self._kept[self._mine(asker, conversation_id).id]

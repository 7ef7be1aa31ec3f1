"""Stand-ins for what the assistant talks with: a model from a script, a small grammar, a list of conversations."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from domain.assistant import (
    Asker,
    Conversation,
    Door,
    TalkReply,
    TalkRequest,
    TalkTurn,
    ToolAnswer,
    ToolCall,
)
from domain.errors import NotFound
from domain.message import Usage
from domain.ports import Clock

Said = str | tuple[ToolCall, ...] | TalkReply | Exception | Callable[[TalkRequest], "Said"]
"""Words, calls, a whole reply, what goes wrong, or a function of the request that gives one of these."""


def call(tool: str, call_id: str = "", /, **arguments: object) -> ToolCall:
    """One call as a model asks for it."""
    return ToolCall(id=call_id or f"call-{tool}", name=tool, arguments=arguments)


class ScriptedTalker:
    """A `TalkingModel` that says what stands in its script, word by word, and keeps what it was asked."""

    def __init__(self, *script: Said) -> None:
        self.script: deque[Said] = deque(script)
        self.requests: list[TalkRequest] = []
        self.gate: asyncio.Event | None = None

    async def talk(self, request: TalkRequest) -> AsyncIterator[str | TalkReply]:
        self.requests.append(request)
        said: Said = self.script.popleft()
        if callable(said):
            said = said(request)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(said, Exception):
            raise said
        reply = said if isinstance(said, TalkReply) else _reply(said)
        for number, word in enumerate(reply.content.split(" ")):
            if reply.content:
                yield word if number == 0 else f" {word}"
        yield reply


def _reply(said: object) -> TalkReply:
    usage = Usage(calls=1, input_tokens=100, output_tokens=10)
    if isinstance(said, str):
        return TalkReply(content=said, model="scripted", usage=usage)
    assert isinstance(said, tuple)
    return TalkReply(content="", calls=said, model="scripted", usage=usage)


class SmallGrammar:
    """Understands what it is told to understand."""

    def __init__(self, understood: dict[str, tuple[ToolCall, ...] | str] | None = None) -> None:
        self.understood = understood or {}

    def read(self, words: str, history: Sequence[TalkTurn]) -> tuple[ToolCall, ...] | str | None:
        return self.understood.get(words)

    def tell(self, asked: str, found: Sequence[tuple[ToolCall, ToolAnswer | str]]) -> str:
        told = [answer if isinstance(answer, str) else _with_marks(answer) for _, answer in found]
        return f"Found: {' '.join(told)}"

    def unknown(self, words: str) -> str:
        return f"I did not understand {words!r}, and changed nothing."


def _with_marks(answer: ToolAnswer) -> str:
    return " ".join((answer.words, *(ref.mark for ref in answer.records)))


class ListedConversations:
    """`Conversations` in a dictionary."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept: dict[str, Conversation] = {}
        self.shown: dict[str, set[str]] = {}

    def begin(self, asker: Asker, title: str = "") -> Conversation:
        now = self._clock()
        begun = Conversation(
            id=f"t_{len(self.shown) + 1}",
            member_id=asker.member_id,
            title=title,
            door=asker.door,
            began_at=now,
            last_at=now,
        )
        self.kept[begun.id], self.shown[begun.id] = begun, set()
        return begun

    def get(self, conversation_id: str, member_id: str) -> Conversation:
        found = self.kept.get(conversation_id)
        if found is None or found.member_id != member_id:
            raise NotFound("conversation", conversation_id)
        return found

    def of(self, member_id: str, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        mine = [one for one in reversed(self.kept.values()) if one.member_id == member_id]
        return tuple(mine[offset : offset + limit])

    def waiting_by(self, member_id: str, door: Door) -> int:
        mine = [one for one in self.kept.values() if one.member_id == member_id and one.door is door]
        return sum(one.is_waiting for one in mine)

    def note(
        self,
        conversation_id: str,
        *,
        title: str | None = None,
        contact_ids: Iterable[str] = (),
        is_waiting: bool | None = None,
    ) -> None:
        if conversation_id not in self.kept:
            raise NotFound("conversation", conversation_id)
        changed = {"title": title, "is_waiting": is_waiting, "last_at": self._clock()}
        update = {name: value for name, value in changed.items() if value is not None}
        self.kept[conversation_id] = self.kept[conversation_id].model_copy(update=update)
        self.shown[conversation_id].update(contact_ids)

    def rename(self, conversation_id: str, member_id: str, title: str) -> Conversation:
        self.get(conversation_id, member_id)
        self.note(conversation_id, title=title)
        return self.kept[conversation_id]

    def forget(self, conversation_id: str, member_id: str) -> None:
        self.get(conversation_id, member_id)
        del self.kept[conversation_id]

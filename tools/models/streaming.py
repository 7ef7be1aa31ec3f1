"""The streamed chat completions shape: what is sent of a conversation with tools, and how its pieces become one reply.

Endpoints differ: some count calls without an index, some send a call in one piece, some answer in one piece although a
stream was asked for, some think aloud first. What cannot be read raises `ReplyMalformed`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from domain.assistant import TalkRequest, TalkTurn, ToolCall, ToolCard
from domain.message import Usage
from tools.models.completion import (
    CHARACTERS_A_TOKEN,
    OutputLimit,
    ReplyPart,
    StructuredOutput,
    TokenCounts,
    Turn,
)
from tools.models.retry import ReplyMalformed
from tools.models.schema import JsonSchema, strict_schema
from tools.models.slim import slim_schema, without_lengths

NOT_JSON = "not_json"
"""The argument a call gets whose arguments are no JSON object: no tool takes it, so the model is told and mends it."""

THOUGHTS_BEGIN, THOUGHTS_END = "<think>", "</think>"
MOST_REPLY_CHARACTERS = 20_000
MOST_CHARACTERS = 200_000
"""Of everything a reply brings: thoughts and the arguments of calls are never shown, but read."""


class PieceFunction(ReplyPart):
    """A piece of one call."""

    name: str | None = None
    arguments: str | None = None


class PieceCall(ReplyPart):
    """Which call a piece belongs to; without an index, the newest or a new one."""

    index: int | None = None
    id: str | None = None
    function: PieceFunction = PieceFunction()


class Delta(ReplyPart):
    """What came with one event."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[PieceCall, ...] | None = None


class PieceChoice(ReplyPart):
    """A piece of the one answer; `message` where it was not streamed."""

    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class Piece(ReplyPart):
    """One event of the stream; of its fields, those we use."""

    model: str | None = None
    choices: tuple[PieceChoice, ...] = ()
    usage: TokenCounts | None = None


def read_piece(event: object) -> Piece:
    """Read one event. Raises `ReplyMalformed`."""
    try:
        return Piece.model_validate(event)
    except ValidationError:
        raise ReplyMalformed("an event that is no piece of a chat completion") from None


@dataclass
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class Assembly:
    """A reply as it grows."""

    content: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    model: str | None = None
    usage: TokenCounts | None = None
    _calls: dict[int, _Call] = field(default_factory=dict)
    _waiting: str = ""
    _is_thinking: bool | None = None
    _came: int = 0

    def add(self, piece: Piece) -> str:
        """Take one piece and return the words in it that are meant to be heard."""
        self.model = piece.model or self.model
        self.usage = piece.usage or self.usage
        if not piece.choices:
            return ""
        choice = piece.choices[0]
        self.finish_reason = choice.finish_reason or self.finish_reason
        delta = choice.delta or choice.message or Delta()
        self.refusal += delta.refusal or ""
        self._count(delta)
        for part in delta.tool_calls or ():
            self._add_call(part)
        heard = self._aloud(delta.content or "")
        self.content += heard
        if len(self.content) > MOST_REPLY_CHARACTERS:
            raise ReplyMalformed(f"more than {MOST_REPLY_CHARACTERS} characters")
        return heard

    def _count(self, delta: Delta) -> None:
        calls = delta.tool_calls or ()
        self._came += len(delta.content or "") + len(delta.refusal or "") + len(calls)
        self._came += sum(len(one.function.arguments or "") for one in calls)
        if self._came > MOST_CHARACTERS:
            raise ReplyMalformed(f"more than {MOST_CHARACTERS} characters")

    def rest(self) -> str:
        """What was held back at the end because it might have become a thought."""
        heard = "" if self._is_thinking else self._waiting
        self._waiting = ""
        self.content += heard
        return heard

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls it asks for. Arguments that are no JSON object come as `NOT_JSON`."""
        return tuple(
            ToolCall(id=one.id, name=one.name, arguments=_arguments(one.arguments))
            for _, one in sorted(self._calls.items())
            if one.name
        )

    def counted(self, turns: Sequence[Turn]) -> Usage:
        """Tokens of the call; an endpoint that does not count is estimated, so that caps still hold."""
        counts = self.usage
        if counts is None:
            asked = sum(len(json.dumps(turn, ensure_ascii=False)) for turn in turns)
            told = len(self.content) + sum(len(one.arguments) for one in self._calls.values())
            counts = TokenCounts(
                prompt_tokens=asked // CHARACTERS_A_TOKEN, completion_tokens=told // CHARACTERS_A_TOKEN
            )
        details = counts.prompt_tokens_details
        return Usage(
            calls=1,
            input_tokens=counts.prompt_tokens,
            cached_tokens=(details.cached_tokens or 0) if details else 0,
            output_tokens=counts.completion_tokens,
        )

    def _add_call(self, part: PieceCall) -> None:
        place = part.index
        if place is None:
            newest = max(self._calls, default=-1)
            place = newest + 1 if part.id or part.function.name or newest < 0 else newest
        call = self._calls.setdefault(place, _Call())
        call.id = part.id or call.id
        call.name = call.name or part.function.name or ""
        call.arguments += part.function.arguments or ""

    def _aloud(self, words: str) -> str:
        """The words without what a model thinks aloud before it answers."""
        if self._is_thinking is False:
            return words
        self._waiting += words
        if self._is_thinking is None:
            begin = self._waiting = self._waiting.lstrip()
            if THOUGHTS_BEGIN.startswith(begin[: len(THOUGHTS_BEGIN)]) and len(begin) < len(THOUGHTS_BEGIN):
                return ""
            self._is_thinking = begin.startswith(THOUGHTS_BEGIN)
        if self._is_thinking is True:
            _, end, after = self._waiting.partition(THOUGHTS_END)
            if not end:
                # Of a thought only what may be the beginning of its end is kept, so nothing is read twice.
                self._waiting = self._waiting[-len(THOUGHTS_END) :]
                return ""
            self._waiting = after.lstrip()
            self._is_thinking = False if self._waiting else None
        heard, self._waiting = self._waiting, ""
        return heard


def _arguments(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text or "{}")
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {NOT_JSON: "The arguments were no JSON object."}


def talk_body(
    request: TalkRequest, model: str, structured_output: StructuredOutput, limit: OutputLimit
) -> dict[str, Any]:
    """The request's body. What is the same in every turn comes first, so prefixes can be cached."""
    body: dict[str, Any] = {"model": model, limit: request.max_output_tokens, "stream": True}
    if request.tools:
        is_strict = structured_output == "json_schema"
        body["tools"] = [_function(card, is_strict) for card in request.tools]
        if not request.may_call:
            body["tool_choice"] = "none"
    body["messages"] = _turns(request.turns)
    return body


def _function(card: ToolCard, is_strict: bool) -> JsonSchema:
    named = {"name": card.name, "description": card.words}
    if is_strict:
        # A free-form mapping is nothing a strict decoder can hold a model to; pydantic still checks it.
        with suppress(TypeError):
            parameters = without_lengths(strict_schema(card.arguments))
            return {"type": "function", "function": named | {"strict": True, "parameters": parameters}}
    return {"type": "function", "function": named | {"parameters": slim_schema(card.arguments)}}


def _turns(turns: Sequence[TalkTurn]) -> list[Turn]:
    told: list[Turn] = []
    for turn in turns:
        # Neighbours of one role are joined: many chat templates insist that roles alternate.
        if told and turn.role == told[-1]["role"] == "user":
            told[-1]["content"] += f"\n\n{turn.content}"
        else:
            told.append(_turn(turn))
    return told


def _turn(turn: TalkTurn) -> Turn:
    if turn.role == "tool":
        return {"role": "tool", "tool_call_id": turn.call_id, "content": turn.content}
    if not turn.calls:
        return {"role": turn.role, "content": turn.content}
    asked = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
        }
        for call in turn.calls
    ]
    return {"role": turn.role, "content": turn.content or None, "tool_calls": asked}

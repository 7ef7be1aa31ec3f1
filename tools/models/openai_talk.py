"""Talks with any OpenAI-compatible endpoint: words as they come, and calls of tools.

Connections, retries, budget and prices are `OpenAIChat`'s. A call is tried again only until its first words are out;
what breaks after that is told. Neither prompts nor answers nor keys reach a log or an error's text.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any

import openai

from domain.assistant import TalkReply, TalkRequest
from domain.errors import ModelAnswerInvalid, ModelError, ModelRefused
from domain.message import Usage
from domain.tracing import Span
from tools.models.openai_chat import OpenAIChat, translated
from tools.models.retry import ReplyMalformed
from tools.models.streaming import Assembly, Piece, read_piece, talk_body
from tools.models.told import about_call, answered_with, asked_for

CUT_SHORT = "\n\n(Cut off here: the answer became too long.)"

_UNKNOWN_FIELD = {400, 422}


@dataclass
class _Opened:
    """A reply up to its first words, or to its end; `pieces` is None where it has ended."""

    reply: Assembly
    first_words: str
    pieces: AsyncIterator[Piece] | None
    stack: AsyncExitStack


class OpenAITalk:
    """A `TalkingModel` behind the endpoint of a `chat`."""

    def __init__(self, chat: OpenAIChat) -> None:
        self._chat = chat
        self._counts_streams = True

    async def talk(self, request: TalkRequest) -> AsyncIterator[str | TalkReply]:
        """See `TalkingModel.talk`."""
        model, chat = self._chat.endpoint.model_for(request.agent), self._chat
        with chat.tracing.span(f"chat {model}", about_call(request), kind="client", alone=True) as span:
            span.note_all(asked_for(request, model, chat.endpoint.base_url))
            async for piece in self._talked(request, span):
                yield piece

    async def _talked(self, request: TalkRequest, span: Span) -> AsyncIterator[str | TalkReply]:
        endpoint = self._chat.endpoint
        model = endpoint.model_for(request.agent)
        body = talk_body(request, model, endpoint.structured_output, endpoint.output_limit)
        span.show("gen_ai.input.messages", json.dumps(body["messages"], ensure_ascii=False))
        opened = await self._opened(request, model, body)
        reply = opened.reply
        try:
            async with opened.stack:
                if opened.first_words:
                    yield opened.first_words
                if opened.pieces is not None:
                    async for piece in opened.pieces:
                        if words := reply.add(piece):
                            yield words
        except (openai.APIError, TimeoutError, ReplyMalformed) as error:
            problem: ModelError = translated(error, model, request.agent)
            problem.usage = self._took(request, reply, body, model)
            raise problem from None
        if words := reply.rest():
            yield words
        usage = self._took(request, reply, body, model)
        span.note_all(answered_with(reply.model, [reply.finish_reason], usage))
        span.note(cost_micros=usage.cost_micros)
        span.show("gen_ai.output.messages", reply.content)
        _check(reply, request.agent, usage)
        if reply.finish_reason == "length":
            reply.content += CUT_SHORT
            yield CUT_SHORT
        yield TalkReply(content=reply.content, calls=reply.calls(), model=reply.model or model, usage=usage)

    def _took(self, request: TalkRequest, reply: Assembly, body: dict[str, Any], model: str) -> Usage:
        counted = reply.counted(body["messages"])
        return self._chat.recorded(request.run_id, request.agent, counted, model, reply.model)

    async def _opened(self, request: TalkRequest, model: str, body: dict[str, Any]) -> _Opened:
        """Ask, as often as the retry rule says, until the first words are there or the reply has ended."""

        async def try_once() -> _Opened:
            async with AsyncExitStack() as stack:
                client = await stack.enter_async_context(self._chat.begun(request.run_id, model))
                pieces = await stack.enter_async_context(aclosing(self._pieces(client, body)))
                reply = Assembly()
                async for piece in pieces:
                    if words := reply.add(piece):
                        return _Opened(reply, words, pieces, stack.pop_all())
                return _Opened(reply, "", None, stack.pop_all())

        try:
            opened: _Opened = await self._chat.endpoint.retry.retrying(self._chat.sleep)(try_once)
        except (openai.APIError, TimeoutError, ReplyMalformed) as error:
            # Without its cause: a server's words may echo the prompt.
            raise translated(error, model, request.agent) from None
        return opened

    async def _pieces(self, client: openai.AsyncOpenAI, body: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        """The pieces of one reply to its proper end; none may be longer under way than a call may take."""
        seconds = self._chat.endpoint.timeout_seconds
        async with asyncio.timeout(seconds):
            stream = await self._begun(client, body)
        async with stream:
            if "json" in stream.response.headers.get("content-type", ""):
                async with asyncio.timeout(seconds):
                    whole = _whole(await stream.response.aread())
                yield whole
                return
            events, is_ended = aiter(stream), False
            while True:
                try:
                    async with asyncio.timeout(seconds):
                        piece = read_piece(await anext(events))
                except StopAsyncIteration:
                    break
                except ValueError:
                    raise ReplyMalformed("an event that is no JSON") from None
                except openai.APIStatusError:
                    raise
                except openai.APIConnectionError:
                    raise
                except openai.APIError as error:
                    raise ReplyMalformed("an error in the midst of a reply") from error
                is_ended = is_ended or any(choice.finish_reason for choice in piece.choices)
                yield piece
        if not is_ended:
            raise ReplyMalformed("a reply that was cut off")

    async def _begun(self, client: openai.AsyncOpenAI, body: dict[str, Any]) -> openai.AsyncStream[object]:
        """Ask for the stream, with its tokens counted where the endpoint knows how."""
        if self._counts_streams:
            try:
                return await _posted(client, {**body, "stream_options": {"include_usage": True}})
            except openai.APIStatusError as error:
                if error.status_code not in _UNKNOWN_FIELD:
                    raise
        stream = await _posted(client, body)
        self._counts_streams = False
        return stream


async def _posted(client: openai.AsyncOpenAI, body: dict[str, Any]) -> openai.AsyncStream[object]:
    return await client.post(
        "/chat/completions",
        cast_to=object,
        body=body,
        stream=True,
        stream_cls=openai.AsyncStream[object],
    )


def _whole(reply: bytes) -> Piece:
    """A reply that came in one piece although a stream was asked for."""
    try:
        piece = read_piece(json.loads(reply))
    except ValueError:
        raise ReplyMalformed(f"{len(reply)} bytes that are no chat completion") from None
    if not piece.choices:
        raise ReplyMalformed("a reply without an answer")
    return piece


def _check(reply: Assembly, agent: str, usage: Usage) -> None:
    problem: ModelError | None = None
    if reply.refusal:
        problem = ModelRefused(f"The model declined to answer {agent}.")
    elif reply.finish_reason == "content_filter":
        problem = ModelRefused(f"The endpoint's content filter stopped the answer to {agent}.")
    elif reply.finish_reason == "length" and reply.calls():
        problem = ModelAnswerInvalid(f"The calls of {agent} were cut off at the length limit.")
    if problem is not None:
        problem.usage = usage
        raise problem

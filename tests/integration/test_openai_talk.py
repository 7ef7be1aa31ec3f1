"""Talking over the wire: what is asked, words as they come, calls in pieces, and what breaks (F-05)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field

from domain.assistant import TalkReply, TalkRequest, TalkTurn, ToolCall, ToolCard
from domain.campaign import Caps
from domain.errors import BudgetSpent, ModelAnswerInvalid, ModelError, ModelRefused, ModelUnavailable
from domain.message import Usage
from domain.staff import Act
from tests.fakes.model import HttpReply, ScriptedEndpoint, call_piece, completion, streamed, tool_call
from tools.models.openai_chat import ChatEndpoint, OpenAIChat
from tools.models.openai_talk import CUT_SHORT, OpenAITalk
from tools.models.retry import RetryRule
from tools.models.streaming import NOT_JSON
from tools.toolset import Arguments

PRIVATE = "Mara looked at prices"


class Named(Arguments):
    name: str = Field(description="Name.", max_length=80)


class Free(Arguments):
    conditions: dict[str, str] = Field(description="Any.")


FIND = ToolCard(name="contact_find", words="Find contacts.", arguments=Named, needs=Act.READ, changes=False)
FREE = ToolCard(name="contact_filter", words="Filter.", arguments=Free, needs=Act.READ, changes=False)


ASKED = ToolCall(id="c1", name="contact_find", arguments={"name": "Ä"})


def request(**given: Any) -> TalkRequest:
    turns = (
        TalkTurn(role="system", content="You help."),
        TalkTurn(role="user", content="About the asker."),
        TalkTurn(role="user", content=PRIVATE),
        TalkTurn(
            role="assistant",
            content="",
            calls=(ToolCall(id="c1", name="contact_find", arguments={"name": "Ä"}),),
        ),
        TalkTurn(role="tool", content="found", call_id="c1"),
    )
    made: dict[str, Any] = {
        "agent": "assistant",
        "run_id": "chat:t_1",
        "turns": turns,
        "tools": (FIND,),
        "prompt_id": "assistant/v1",
        "prompt_sha256": "0" * 64,
    }
    return TalkRequest(**(made | given))


async def no_wait(seconds: float) -> None:
    return None


@asynccontextmanager
async def talk(
    *replies: HttpReply, **settings: Any
) -> AsyncIterator[tuple[OpenAITalk, ScriptedEndpoint, OpenAIChat]]:
    async with ScriptedEndpoint(*replies) as endpoint:
        chat = OpenAIChat(
            ChatEndpoint({"default": "stand-in"}, base_url=endpoint.base_url, **settings), sleep=no_wait
        )
        yield OpenAITalk(chat), endpoint, chat
        await chat.aclose()


async def heard(model: OpenAITalk, asked: TalkRequest | None = None) -> tuple[list[str], TalkReply]:
    pieces = [piece async for piece in model.talk(asked or request())]
    reply = pieces.pop()
    assert isinstance(reply, TalkReply)
    return [str(piece) for piece in pieces], reply


async def test_a_request_is_exactly_this() -> None:
    async with talk(streamed("Hi")) as (model, endpoint, _):
        await heard(model)
    body = endpoint.bodies[0]
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert body["messages"] == [
        {"role": "system", "content": "You help."},
        {"role": "user", "content": f"About the asker.\n\n{PRIVATE}"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [tool_call("contact_find", '{"name": "Ä"}', "c1")],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
    ]
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "contact_find",
                "description": "Find contacts.",
                "strict": True,
                "parameters": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "description": "Name."}},
                    "required": ["name"],
                    "additionalProperties": False,
                },
            },
        }
    ]
    assert "tool_choice" not in body


async def test_a_tool_no_strict_decoder_can_express_is_sent_as_it_is() -> None:
    async with talk(streamed("Hi")) as (model, endpoint, _):
        await heard(model, request(tools=(FREE,), may_call=False))
    function = endpoint.bodies[0]["tools"][0]["function"]
    assert "strict" not in function
    assert function["parameters"]["properties"]["conditions"]["additionalProperties"] == {"type": "string"}
    assert endpoint.bodies[0]["tool_choice"] == "none"


async def test_words_come_one_by_one_and_the_whole_reply_last() -> None:
    async with talk(streamed("", "Two ", "accounts.")) as (model, _, chat):
        words, reply = await heard(model)
        spent = chat.budget.spent("chat:t_1")
    assert words == ["Two ", "accounts."]
    usage = Usage(calls=1, input_tokens=100, cached_tokens=60, output_tokens=10)
    assert reply == TalkReply(content="Two accounts.", model="stand-in-2026", usage=usage)
    assert spent == usage


async def test_calls_are_put_together_from_their_pieces() -> None:
    pieces = (
        "Let me look.",
        call_piece(0, "", "contact_find", "a"),
        call_piece(0, '{"na'),
        call_piece(1, '{"name": "Bo"}', "contact_find", "b"),
        call_piece(0, 'me": "Ada"}'),
    )
    async with talk(streamed(*pieces, finish="tool_calls")) as (model, _, _):
        words, reply = await heard(model)
    assert words == ["Let me look."]
    assert [(one.id, one.arguments) for one in reply.calls] == [("a", {"name": "Ada"}), ("b", {"name": "Bo"})]


async def test_calls_without_an_index_are_told_apart_by_their_ids() -> None:
    pieces = (
        call_piece(None, '{"name":', "contact_find", "a"),
        call_piece(None, ' "Ada"}'),
        call_piece(None, "", "contact_list", "b"),
    )
    async with talk(streamed(*pieces, finish="tool_calls")) as (model, _, _):
        _, reply = await heard(model)
    assert [(one.name, one.arguments) for one in reply.calls] == [
        ("contact_find", {"name": "Ada"}),
        ("contact_list", {}),
    ]


@pytest.mark.parametrize("arguments", ['{"name": ', "[1]", "null and void"])
async def test_arguments_that_are_no_object_are_told_back_to_the_model(arguments: str) -> None:
    async with talk(streamed(call_piece(0, arguments, "contact_find", "a"), finish="tool_calls")) as (
        model,
        _,
        _,
    ):
        _, reply = await heard(model)
    assert list(reply.calls[0].arguments) == [NOT_JSON]


async def test_thinking_aloud_is_not_heard() -> None:
    pieces = ("<th", "ink>hm, ", "Mara</thi", "nk>\n\nTwo ", "accounts.")
    async with talk(streamed(*pieces)) as (model, _, _):
        words, reply = await heard(model)
    assert "".join(words) == reply.content == "Two accounts."


async def test_what_only_begins_like_a_thought_is_heard_to_its_end() -> None:
    async with talk(streamed("<th")) as (model, _, _):
        words, reply = await heard(model)
    assert "".join(words) == reply.content == "<th"


async def test_an_endpoint_that_does_not_stream_is_understood() -> None:
    async with talk(completion("Two accounts.")) as (model, _, _):
        words, reply = await heard(model)
    assert words == ["Two accounts."]
    assert reply.usage.input_tokens == 100


async def test_an_endpoint_that_cannot_count_streams_is_asked_without_and_estimated() -> None:
    unknown = HttpReply(json.dumps({"error": {"message": "unknown field stream_options"}}), 400)
    replies = (unknown, streamed("Hi", usage=False), streamed("Ho", usage=False))
    async with talk(*replies) as (model, endpoint, _):
        _, first = await heard(model)
        await heard(model)
    assert ["stream_options" in body for body in endpoint.bodies] == [True, False, False]
    assert first.usage.input_tokens > 0


async def test_what_may_pass_is_tried_again_before_the_first_words() -> None:
    cut = replace(streamed("Never seen"), sent_bytes=20)
    busy = HttpReply(json.dumps({"error": {"message": PRIVATE}}), 503)
    ended = streamed(call_piece(0, "{", "contact_find", "a"), finish=None)
    async with talk(busy, cut, ended, streamed("Hi")) as (model, endpoint, _):
        words, _ = await heard(model)
    assert (words, len(endpoint.bodies)) == (["Hi"], 4)


@pytest.mark.parametrize(
    "broken",
    [
        streamed("Two ", "accounts", finish=None, usage=False),
        HttpReply(
            streamed("Two ", finish=None, usage=False).body + "data: {not json}\n\n",
            headers={"content-type": "text/event-stream"},
        ),
        HttpReply(
            streamed("Two ", finish=None, usage=False).body
            + f'data: {{"error": {{"message": "{PRIVATE}"}}}}\n\n',
            headers={"content-type": "text/event-stream"},
        ),
    ],
    ids=["cut", "garbage", "error"],
)
async def test_what_breaks_after_the_first_words_is_not_asked_twice(broken: HttpReply) -> None:
    async with talk(broken, streamed("Hi")) as (model, endpoint, _):
        said = []
        with pytest.raises(ModelUnavailable) as raised:
            async for piece in model.talk(request()):
                said.append(piece)
    assert said[0] == "Two "
    assert len(endpoint.bodies) == 1
    assert PRIVATE not in str(raised.value)
    assert raised.value.usage.calls == 1


async def test_a_stream_that_stalls_is_given_up() -> None:
    stalled = HttpReply(stalls=True)
    settings = {"timeout_seconds": 0.2, "retry": RetryRule(attempts=2)}
    async with talk(stalled, stalled, **settings) as (model, endpoint, _):
        with pytest.raises(ModelUnavailable, match="no answer in time"):
            await heard(model)
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (streamed({"refusal": "I will "}, {"refusal": "not."}), ModelRefused),
        (streamed("", finish="content_filter"), ModelRefused),
        (streamed(call_piece(0, '{"na', "contact_find", "a"), finish="length"), ModelAnswerInvalid),
    ],
)
async def test_what_cannot_be_used_is_said_so_and_paid_for(reply: HttpReply, error: type[ModelError]) -> None:
    async with talk(reply) as (model, _, _):
        with pytest.raises(error) as raised:
            await heard(model)
    assert raised.value.usage.input_tokens == 100


async def test_an_answer_cut_at_the_length_limit_says_so() -> None:
    async with talk(streamed("Two accounts", finish="length")) as (model, _, _):
        _, reply = await heard(model)
    assert reply.content == f"Two accounts{CUT_SHORT}"


async def test_a_spent_budget_asks_nobody() -> None:
    async with talk(streamed("Hi"), streamed("Hi")) as (model, endpoint, chat):
        chat.budget.open("chat:t_1", Caps(model_calls=1))
        await heard(model)
        with pytest.raises(BudgetSpent):
            await heard(model)
    assert len(endpoint.bodies) == 1


async def test_a_listener_that_leaves_frees_its_place() -> None:
    async with talk(streamed("One ", "two"), streamed("Hi"), concurrency=1) as (model, _, _):
        first = model.talk(request())
        assert await anext(first) == "One "
        await first.aclose()  # type: ignore[attr-defined]
        words, _ = await heard(model)
    assert words == ["Hi"]

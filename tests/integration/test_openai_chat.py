"""What goes over the wire and what is made of what comes back, tried on a loopback endpoint."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from domain.base import Noun
from domain.errors import (
    ModelAnswerInvalid,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    SettingsInvalid,
)
from domain.model import ChatMessage, ModelRequest, ToolSpec
from tests.fakes.model import HttpReply, ScriptedEndpoint, completion, tool_call
from tools.models.openai_chat import ChatEndpoint, OpenAIChat
from tools.models.prices import ModelPrice, PriceList
from tools.models.retry import RetryRule
from tools.models.schema import strict_schema

KEY = "sk-very-secret"
PRIVATE = "Mara looked at prices"


class Colour(Noun):
    """A colour."""

    name: str


class Depth(BaseModel):
    """Of the sea."""

    metres: int


def measure(arguments: dict[str, Any]) -> str:
    return f"{arguments['metres']} m is dark" + "." * 9_000


SEA = ToolSpec(name="sea", description="How the sea looks.", arguments=Depth, call=measure)
BLUE = {"name": "blue"}


def request(*tools: ToolSpec) -> ModelRequest[Colour]:
    return ModelRequest(
        agent="painter",
        run_id="run-1",
        messages=(
            ChatMessage(role="system", content="Name colours."),
            ChatMessage(role="user", content="Of the sky."),
            ChatMessage(role="user", content=PRIVATE),
        ),
        schema=Colour,
        prompt_id="painter/v1",
        prompt_sha256="0" * 64,
        tools=tools,
    )


class Waits:
    """Stands in for sleeping and keeps how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def chat(
    *replies: HttpReply, waits: Waits | None = None, prices: PriceList | None = None, **settings: Any
) -> AsyncIterator[tuple[OpenAIChat, ScriptedEndpoint]]:
    async with ScriptedEndpoint(*replies) as endpoint:
        models = {"default": "stand-in", "poet": "stand-in-large"}
        made = OpenAIChat(
            ChatEndpoint(**{"models": models, "api_key": KEY, "base_url": endpoint.base_url, **settings}),
            prices=prices,
            sleep=waits or Waits(),
        )
        yield made, endpoint
        await made.aclose()


def failing(status: int, code: str = "", **headers: str) -> HttpReply:
    body = json.dumps({"error": {"message": f"failed on {PRIVATE} with {KEY}", "code": code}})
    return HttpReply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


async def test_a_request_is_exactly_this() -> None:
    async with chat(completion(BLUE)) as (model, endpoint):
        await model.ask(request())
    schema = {"name": "Colour", "strict": True, "schema": strict_schema(Colour)}
    assert endpoint.bodies == [
        {
            "model": "stand-in",
            "max_completion_tokens": 2_000,
            "response_format": {"type": "json_schema", "json_schema": schema},
            "messages": [
                {"role": "system", "content": "Name colours."},
                {"role": "user", "content": f"Of the sky.\n\n{PRIVATE}"},
            ],
        }
    ]
    assert endpoint.heads[0].startswith("POST /v1/chat/completions ")


@pytest.mark.parametrize(
    ("mode", "response_format"), [("json_object", {"type": "json_object"}), ("none", None)]
)
async def test_an_endpoint_without_schemas_is_told_the_schema(mode: str, response_format: object) -> None:
    async with chat(completion(BLUE), structured_output=mode, output_limit="max_tokens") as (model, endpoint):
        await model.ask(request())
    body = endpoint.bodies[0]
    assert body.get("response_format") == response_format
    assert json.dumps(strict_schema(Colour)) in body["messages"][0]["content"]
    assert body["max_tokens"] == 2_000


async def test_each_agent_is_played_by_its_model() -> None:
    async with chat(completion(BLUE), models={"painter": "stand-in-large"}) as (model, endpoint):
        await model.ask(request())
        assert endpoint.bodies[0]["model"] == "stand-in-large"
        with pytest.raises(SettingsInvalid, match="poet"):
            model.endpoint.model_for("poet")


@pytest.mark.parametrize(
    "content",
    [
        '```json\n{"name": "blue"}\n```',
        '<think>{"name": 3}</think>\n{"name": "blue"}',
        'Sure! {"name": "blue"}',
    ],
)
async def test_an_answer_in_wrapping_is_unwrapped(content: str) -> None:
    async with chat(completion(content)) as (model, _):
        assert (await model.ask(request())).answer == Colour(name="blue")


async def test_the_repair_round_shows_the_answer_and_its_faults() -> None:
    async with chat(completion('{"name": 7, "hue": 1}'), completion(BLUE)) as (model, endpoint):
        reply = await model.ask(request())
    shown, complaint = endpoint.bodies[1]["messages"][-2:]
    assert shown == {"role": "assistant", "content": '{"name": 7, "hue": 1}'}
    assert "- name: Input should be a valid string" in complaint["content"]
    assert "- hue: Extra inputs are not permitted" in complaint["content"]
    assert reply.usage.calls == 2


@pytest.mark.parametrize(
    "unfit",
    [
        completion('{"name": "bl', finish="length"),
        completion(BLUE, finish="length"),
        completion('{"name": "bl'),
        completion(""),
        completion(None),
        completion("x" * 1_000_000),
        completion([1]),
        completion(None, tool_calls=[tool_call("sea")], finish="tool_calls"),
    ],
    ids=["cut", "cut-yet-whole", "broken", "empty", "none", "a-megabyte", "not-an-object", "uncalled-tool"],
)
async def test_what_does_not_fit_twice_is_never_used(unfit: HttpReply) -> None:
    async with chat(unfit, unfit) as (model, endpoint):
        with pytest.raises(ModelAnswerInvalid):
            await model.ask(request())
    assert len(endpoint.bodies) == 2
    assert len(json.dumps(endpoint.bodies[1])) < 20_000


@pytest.mark.parametrize(
    "reply",
    [
        completion(None, refusal="No."),
        completion(BLUE, finish="content_filter"),
        failing(400, "content_filter"),
    ],
    ids=["refusal", "filtered-answer", "filtered-question"],
)
async def test_a_refusal_is_final(reply: HttpReply) -> None:
    async with chat(reply) as (model, _):
        with pytest.raises(ModelRefused):
            await model.ask(request())


PASSING = {
    "429": failing(429),
    "500": failing(500),
    "503": failing(503),
    "stall": HttpReply(stalls=True),
    "page": HttpReply("<html>gateway</html>", headers={"content-type": "text/html"}),
    "cut-reply": HttpReply('{"choices": [{"mess'),
    "hang-up": HttpReply("x" * 100, sent_bytes=10),
    "no-choices": HttpReply('{"choices": []}'),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=list(PASSING))
async def test_what_may_pass_is_tried_again(reply: HttpReply) -> None:
    async with chat(reply, completion(BLUE), timeout_seconds=0.05) as (model, endpoint):
        assert (await model.ask(request())).answer == Colour(name="blue")
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize("reply", PASSING.values(), ids=list(PASSING))
async def test_what_does_not_pass_ends_as_unavailable(reply: HttpReply) -> None:
    async with chat(reply, reply, timeout_seconds=0.05, retry=RetryRule(attempts=2)) as (model, endpoint):
        with pytest.raises(ModelUnavailable, match="painter"):
            await model.ask(request())
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        (failing(400), "ATTUNE_STRUCTURED_OUTPUT"),
        (failing(401), "OPENAI_API_KEY"),
        (failing(403), "OPENAI_API_KEY"),
        (failing(404, "model_not_found"), "model_not_found"),
        (failing(429, "insufficient_quota"), "insufficient_quota"),
        (failing(429, retry_after="3600"), "HTTP 429"),
    ],
)
async def test_what_will_not_pass_is_not_tried_again(reply: HttpReply, step: str) -> None:
    async with chat(reply) as (model, endpoint):
        with pytest.raises(ModelUnavailable, match=step):
            await model.ask(request())
    assert len(endpoint.bodies) == 1


async def test_a_server_is_not_asked_sooner_than_it_wants() -> None:
    waits = Waits()
    async with chat(failing(429, retry_after="7"), completion(BLUE), waits=waits) as (model, _):
        await model.ask(request())
    assert 7 <= waits.seconds[0] <= 7.5


async def test_tools_are_called_and_their_results_capped() -> None:
    asked = completion(None, tool_calls=[tool_call("sea", '{"metres": 200}')], finish="tool_calls")
    async with chat(asked, completion(BLUE)) as (model, endpoint):
        reply = await model.ask(request(SEA))
    assert endpoint.bodies[0]["tools"][0]["function"]["parameters"] == strict_schema(Depth)
    assistant, result = endpoint.bodies[1]["messages"][-2:]
    assert assistant["tool_calls"] == [tool_call("sea", '{"metres": 200}')]
    assert (result["role"], result["tool_call_id"]) == ("tool", "call_1")
    assert result["content"].startswith("200 m is dark")
    assert len(result["content"]) == 4_000
    assert reply.usage.calls == 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (tool_call("land"), "Error: there is no such tool. Tools: sea."),
        (tool_call("sea", '{"metres": "deep"}'), "Error: the arguments do not fit.\n- metres:"),
        (tool_call("sea", "{"), "Error: the arguments do not fit."),
    ],
)
async def test_a_call_that_cannot_be_made_is_said_so(call: dict[str, object], said: str) -> None:
    asked = completion(None, tool_calls=[call], finish="tool_calls")
    async with chat(asked, completion(BLUE)) as (model, endpoint):
        await model.ask(request(SEA))
    assert endpoint.bodies[1]["messages"][-1]["content"].startswith(said)


async def test_tools_end_after_three_rounds() -> None:
    asked = completion(None, tool_calls=[tool_call("sea", '{"metres": 1}')], finish="tool_calls")
    async with chat(asked, asked, asked, completion(BLUE)) as (model, endpoint):
        await model.ask(request(SEA))
    assert [body.get("tool_choice") for body in endpoint.bodies] == [None, None, None, "none"]
    async with chat(*[asked] * 5) as (model, endpoint):
        with pytest.raises(ModelAnswerInvalid):
            await model.ask(request(SEA))
    assert len(endpoint.bodies) == 5


async def test_usage_is_priced_and_kept_by_run() -> None:
    price = ModelPrice(
        model="stand-in", input=2, cached_input=1, output=8, source="t", read_on=date(2026, 1, 1)
    )
    async with chat(completion(BLUE), prices=PriceList(prices=(price,))) as (model, _):
        reply = await model.ask(request())
        assert reply.usage.cost_micros == 40 * 2 + 60 * 1 + 10 * 8
        assert model.budget.spent("run-1") == reply.usage
        assert model.models_without_price == set()


async def test_a_model_without_price_is_listed() -> None:
    async with chat(completion(BLUE)) as (model, _):
        assert (await model.ask(request())).usage.cost_micros == 0
        assert model.models_without_price == {"stand-in"}


async def test_tokens_are_estimated_where_the_endpoint_counts_none() -> None:
    async with chat(completion(BLUE, usage=False)) as (model, _):
        usage = (await model.ask(request())).usage
    assert (usage.input_tokens, usage.output_tokens) == (11, 4)


async def test_no_more_calls_are_under_way_than_allowed() -> None:
    async with chat(*[completion(BLUE)] * 12, concurrency=3) as (model, endpoint):
        await asyncio.gather(*(model.ask(request()) for _ in range(12)))
    assert 1 < endpoint.most_at_once <= 3


def test_one_model_serves_one_event_loop_after_another() -> None:
    replies = ScriptedEndpoint(completion(BLUE), completion(BLUE))
    model: list[OpenAIChat] = []

    async def once() -> str:
        async with replies as endpoint:
            if not model:
                model.append(OpenAIChat(ChatEndpoint({"default": "m"})))
            model[0].endpoint = ChatEndpoint({"default": "m"}, base_url=endpoint.base_url)
            reply = await model[0].ask(request())
            await model[0].aclose()
            return reply.answer.name

    assert [asyncio.run(once()), asyncio.run(once())] == ["blue", "blue"]


@pytest.mark.parametrize("reply", [failing(401), failing(400), failing(500), completion("no JSON")])
async def test_no_prompt_and_no_key_reaches_a_log_or_an_error(
    reply: HttpReply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with chat(reply, reply, retry=RetryRule(attempts=1)) as (model, _):
        with pytest.raises(ModelError) as raised:
            await model.ask(request())
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(model.endpoint)
    assert "painter" in told
    assert KEY not in told
    assert PRIVATE not in told

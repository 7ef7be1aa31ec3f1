"""Asks any OpenAI-compatible endpoint by chat completions and returns only what fits the schema.

One repair round for an answer that does not fit, at most three rounds of tools, retries in one place.
Neither prompts nor answers nor keys reach a log or an error's text.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import openai

from domain.errors import ModelAnswerInvalid, ModelError, ModelRefused, ModelUnavailable, SettingsInvalid
from domain.message import Usage
from domain.model import Answer, ModelReply, ModelRequest
from domain.tracing import NO_TRACING, Tracing
from tools.models.budget import RunBudget
from tools.models.completion import (
    AnswerUnfit,
    Choice,
    Completion,
    OutputLimit,
    StructuredOutput,
    body_of,
    read_answer,
    read_completion,
    repair_turns,
    tool_turns,
    usage_of,
)
from tools.models.prices import PriceList
from tools.models.retry import ReplyMalformed, RetryRule, Sleep
from tools.models.told import about_call, answered_with, asked_for

MOST_TOOL_ROUNDS = 3
MOST_CONNECT_SECONDS = 10.0
NO_KEY = "none"

CALLS_A_POOL = 8
"""Calls under way on one pool of connections."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChatEndpoint:
    """Where and how models are asked.

    models: model by agent; `default` is for agents not named.
    structured_output: how the endpoint is held to JSON; `none` relies on words and validation.
    output_limit: what the endpoint calls the cap on output tokens; older servers say `max_tokens`.
    calls_per_minute: calls this process begins a minute at most, spread evenly; None for no bound.
    timeout_seconds: for one try of one call, from connecting to the last byte.
    """

    models: Mapping[str, str]
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    structured_output: StructuredOutput = "json_schema"
    output_limit: OutputLimit = "max_completion_tokens"
    timeout_seconds: float = 60.0
    concurrency: int = 32
    calls_per_minute: int | None = None
    retry: RetryRule = field(default_factory=RetryRule)

    def model_for(self, agent: str) -> str:
        """The model that plays an agent's part. Raises `SettingsInvalid`."""
        model = self.models.get(agent) or self.models.get("default")
        if not model:
            raise SettingsInvalid(
                f"No model is set for {agent!r}. Set ATTUNE_MODEL, or name it in ATTUNE_MODELS."
            )
        return model


@dataclass(frozen=True)
class _Line:
    """What belongs to one event loop: connections, and the places on them as a queue of who is free.

    A pool looks through all its connections at every request, so several small ones cost less than one
    large one.
    """

    clients: tuple[openai.AsyncOpenAI, ...]
    free: asyncio.Queue[openai.AsyncOpenAI]

    @asynccontextmanager
    async def place(self) -> AsyncIterator[openai.AsyncOpenAI]:
        """Wait for a place and hold it."""
        client = await self.free.get()
        try:
            yield client
        finally:
            self.free.put_nowait(client)


class OpenAIChat:
    """A `LanguageModel` behind one endpoint, shared by all agents and runs of a process."""

    def __init__(
        self,
        endpoint: ChatEndpoint,
        budget: RunBudget | None = None,
        prices: PriceList | None = None,
        sleep: Sleep = asyncio.sleep,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self.endpoint = endpoint
        self.budget = budget or RunBudget()
        self.prices = prices or PriceList()
        self.models_without_price: set[str] = set()
        self.sleep = sleep
        self.tracing = tracing
        self._next_call_at = 0.0
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()

    async def ask(self, request: ModelRequest[Answer]) -> ModelReply[Answer]:
        """Return a validated answer; see `domain.ports.LanguageModel` for what is raised."""
        took: list[Usage] = []
        try:
            answer, model = await self._converse(request, took)
        except ModelError as problem:
            problem.usage = sum(took, Usage())
            raise
        return ModelReply(answer=answer, model=model, usage=sum(took, Usage()))

    async def _converse(self, request: ModelRequest[Answer], took: list[Usage]) -> tuple[Answer, str]:
        """Ask until there is an answer; return it and who gave it. Every call's usage goes to `took`."""
        model = self.endpoint.model_for(request.agent)
        body = body_of(request, model, self.endpoint.structured_output, self.endpoint.output_limit)
        tool_rounds, is_repaired = 0, False
        while True:
            completion, usage = await self._complete(request, model, body)
            took.append(usage)
            choice = completion.choices[0]
            _stop_at_refusal(request.agent, choice)
            if request.tools and choice.message.tool_calls and tool_rounds < MOST_TOOL_ROUNDS:
                tool_rounds += 1
                body["messages"] += tool_turns(choice.message, request.tools)
                if tool_rounds == MOST_TOOL_ROUNDS:
                    body["tool_choice"] = "none"
                continue
            try:
                answer = read_answer(choice, request.schema)
            except AnswerUnfit as unfit:
                if is_repaired:
                    raise ModelAnswerInvalid(
                        f"{model} answered {request.agent} twice with what does not fit "
                        f"{request.schema.__name__}. The answer was not used."
                    ) from None
                is_repaired = True
                log.info("%s answered %s with what does not fit; asking once more", model, request.agent)
                body["messages"] += repair_turns(choice, unfit)
                continue
            return answer, completion.model or model

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if line is not None:
            for client in line.clients:
                await client.close()

    async def _complete(
        self, request: ModelRequest[Answer], model: str, body: dict[str, Any]
    ) -> tuple[Completion, Usage]:
        """One completion, written down by OpenTelemetry's names for it (semantic conventions, GenAI)."""
        with self.tracing.span(f"chat {model}", about_call(request), kind="client") as span:
            span.note_all(asked_for(request, model, self.endpoint.base_url))
            span.show("gen_ai.input.messages", json.dumps(body["messages"], ensure_ascii=False))
            completion, usage = await self._tried(request, model, body)
            finished = (choice.finish_reason for choice in completion.choices)
            span.note_all(answered_with(completion.model, finished, usage))
            span.note(cost_micros=usage.cost_micros)
            span.show("gen_ai.output.messages", completion.model_dump_json(include={"choices"}))
            return completion, usage

    async def _tried(
        self, request: ModelRequest[Answer], model: str, body: dict[str, Any]
    ) -> tuple[Completion, Usage]:
        """One completion, tried as often as the retry rule says; each try waits for a place anew."""

        async def try_once() -> Completion:
            async with self.begun(request.run_id, model) as client:
                async with asyncio.timeout(self.endpoint.timeout_seconds):
                    # Posted as a plain body and read as text: half the CPU of the typed resource.
                    reply = await client.post("/chat/completions", cast_to=str, body=body)
            return read_completion(reply)

        try:
            completion: Completion = await self.endpoint.retry.retrying(self.sleep)(try_once)
        except (openai.APIError, TimeoutError, ReplyMalformed) as error:
            # Without its cause: a server's words may echo the prompt.
            raise translated(error, model, request.agent) from None
        counted = usage_of(completion, body["messages"])
        usage = self.recorded(request.run_id, request.agent, counted, model, completion.model)
        return completion, usage

    @asynccontextmanager
    async def begun(self, run_id: str, model: str) -> AsyncIterator[openai.AsyncOpenAI]:
        """A place on the line for one call, held until the block ends; the call is counted.

        Raises:
            BudgetSpent: a cap of this run is reached; no call may be made.

        """
        async with self._line().place() as client:
            await self._turn()
            is_priced = self.prices.price_of(model) is not None
            self.budget.begin_call(run_id, model, price_is_known=is_priced)
            yield client

    def recorded(self, run_id: str, agent: str, usage: Usage, model: str, answering: str | None) -> Usage:
        """What an answered call took, with its price; the budget keeps it."""
        priced = self._priced(usage, model, answering)
        self.budget.record(run_id, agent, priced)
        return priced

    async def _turn(self) -> None:
        """Wait until the next call may begin, where calls a minute are bounded."""
        if self.endpoint.calls_per_minute is None:
            return
        now = asyncio.get_running_loop().time()
        at = max(self._next_call_at, now)
        self._next_call_at = at + 60 / self.endpoint.calls_per_minute
        if at > now:
            await self.sleep(at - now)

    def _priced(self, usage: Usage, model: str, answering: str | None) -> Usage:
        price = self.prices.price_of(answering or model) or self.prices.price_of(model)
        if price is None:
            self.models_without_price.add(model)
            return usage
        return usage.model_copy(update={"cost_micros": price.cost_micros(usage)})

    def _line(self) -> _Line:
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            seconds = self.endpoint.timeout_seconds
            clients = tuple(
                openai.AsyncOpenAI(
                    api_key=self.endpoint.api_key or NO_KEY,
                    base_url=self.endpoint.base_url,
                    max_retries=0,
                    timeout=openai.Timeout(seconds, connect=min(seconds, MOST_CONNECT_SECONDS)),
                )
                for _ in range(math.ceil(self.endpoint.concurrency / CALLS_A_POOL))
            )
            line = self._lines[loop] = _Line(clients, asyncio.Queue())
            for place in range(self.endpoint.concurrency):
                line.free.put_nowait(clients[place % len(clients)])
        return line


def _stop_at_refusal(agent: str, choice: Choice) -> None:
    if choice.message.refusal:
        raise ModelRefused(f"The model declined to answer {agent}. Nothing was drafted from it.")
    if choice.finish_reason == "content_filter":
        raise ModelRefused(f"The endpoint's content filter stopped the answer to {agent}.")


def translated(error: Exception, model: str, agent: str) -> ModelUnavailable | ModelRefused:
    """A failed call as the rest of the house knows it; nothing a server said is in it."""
    if isinstance(error, openai.APIStatusError):
        if error.code == "content_filter":
            return ModelRefused(f"The endpoint's content filter stopped the question of {agent}.")
        told = f"HTTP {error.status_code}" + (f" ({error.code})" if error.code else "")
        step = _NEXT_STEPS.get(error.status_code, "Try again later.")
        return ModelUnavailable(f"{model} could not be asked for {agent}: {told}. {step}")
    kind = "no answer in time" if isinstance(error, TimeoutError | openai.APITimeoutError) else str(error)
    return ModelUnavailable(f"{model} could not be asked for {agent}: {kind}. Try again later.")


_NEXT_STEPS = {
    400: "If the endpoint knows no JSON schemas, set ATTUNE_STRUCTURED_OUTPUT=json_object or none.",
    401: "Check OPENAI_API_KEY.",
    403: "Check what OPENAI_API_KEY may do.",
    404: "Check OPENAI_BASE_URL and the model's name.",
    422: "If the endpoint knows no JSON schemas, set ATTUNE_STRUCTURED_OUTPUT=json_object or none.",
}

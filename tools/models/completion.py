"""The chat completions shape: what is sent, what is read from a reply, when an answer fits its schema."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.message import Usage
from domain.model import Answer, ChatMessage, ModelRequest, ToolSpec
from tools.models.retry import ReplyMalformed
from tools.models.schema import function_schema, response_format, schema_in_words

StructuredOutput = Literal["json_schema", "json_object", "none"]
OutputLimit = Literal["max_completion_tokens", "max_tokens"]
Turn = dict[str, Any]

MOST_ANSWER_CHARACTERS = 200_000
MOST_SHOWN_CHARACTERS = 8_000
MOST_TOOL_CHARACTERS = 4_000
MOST_CALLS_A_ROUND = 8
MOST_ERRORS_SHOWN = 10
CHARACTERS_A_TOKEN = 4

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


class AnswerUnfit(Exception):
    """An answer that does not fit its schema; its text tells the model what to mend."""


class ReplyPart(BaseModel):
    """A part of what an endpoint replies; fields we do not use are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ToolFunction(ReplyPart):
    """The name and the JSON arguments of one tool call."""

    name: str
    arguments: str = "{}"


class ToolCall(ReplyPart):
    """One tool the model wants called."""

    id: str
    function: ToolFunction


class AssistantMessage(ReplyPart):
    """What the model said: an answer, a refusal or tool calls."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None


class Choice(ReplyPart):
    """One answer and why it ended."""

    message: AssistantMessage
    finish_reason: str | None = None


class PromptDetails(ReplyPart):
    """Of the prompt's tokens, those the provider had cached."""

    cached_tokens: int | None = None


class TokenCounts(ReplyPart):
    """Tokens as the endpoint counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = None


class Completion(ReplyPart):
    """A reply of the endpoint; of its many fields, those we use."""

    model: str | None = None
    choices: tuple[Choice, ...] = Field(min_length=1)
    usage: TokenCounts | None = None


def read_completion(reply: str) -> Completion:
    """Read a reply with a success status. Raises `ReplyMalformed`."""
    try:
        return Completion.model_validate_json(reply)
    except ValidationError:
        raise ReplyMalformed(f"{len(reply)} characters that are no chat completion") from None


def usage_of(completion: Completion, messages: list[Turn]) -> Usage:
    """Tokens of one call. An endpoint that does not count is estimated, so that caps still hold."""
    counts = completion.usage
    if counts is None:
        asked = sum(len(str(turn.get("content") or "")) for turn in messages)
        told = len(completion.choices[0].message.content or "")
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


def body_of(
    request: ModelRequest[Answer], model: str, structured_output: StructuredOutput, limit: OutputLimit
) -> dict[str, Any]:
    """The request's body. What is the same for every contact comes first, so prefixes can be cached."""
    body: dict[str, Any] = {"model": model, limit: request.max_output_tokens}
    messages = _turns(request.messages)
    if structured_output == "json_schema":
        body["response_format"] = response_format(request.schema)
    else:
        first = messages[0]
        messages[0] = {**first, "content": f"{first['content']}\n\n{schema_in_words(request.schema)}"}
        if structured_output == "json_object":
            body["response_format"] = {"type": "json_object"}
    if request.tools:
        is_strict = structured_output == "json_schema"
        body["tools"] = [
            function_schema(t.arguments, t.name, t.description, is_strict) for t in request.tools
        ]
    body["messages"] = messages
    return body


def _turns(messages: tuple[ChatMessage, ...]) -> list[Turn]:
    # Neighbours of one role are joined: many chat templates insist that roles alternate.
    turns: list[Turn] = []
    for message in messages:
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += f"\n\n{message.content}"
        else:
            turns.append({"role": message.role, "content": message.content})
    return turns


def read_answer(choice: Choice, schema: type[Answer]) -> Answer:
    """Validate what the model answered. Raises `AnswerUnfit`."""
    content = choice.message.content or ""
    if choice.finish_reason == "length":
        raise AnswerUnfit("It was cut off at the length limit. Answer more briefly.")
    if choice.message.tool_calls:
        raise AnswerUnfit("No more tools may be called. Answer now.")
    if not content or len(content) > MOST_ANSWER_CHARACTERS:
        raise AnswerUnfit(f"It has {len(content)} characters.")
    try:
        return schema.model_validate_json(content)
    except ValidationError as error:
        inner = _json_within(content)
        if inner == content:
            raise AnswerUnfit(in_words(error)) from None
    try:
        return schema.model_validate_json(inner)
    except ValidationError as error:
        raise AnswerUnfit(in_words(error)) from None


def _json_within(content: str) -> str:
    """The outermost object of an answer with thoughts, a code fence or small talk around it."""
    bare = _THOUGHTS.sub("", content)
    start, end = bare.find("{"), bare.rfind("}")
    return bare[start : end + 1] if 0 <= start < end else content


def in_words(error: ValidationError) -> str:
    """Where and how something did not fit, one line each, without the values themselves."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        f"- {'.'.join(map(str, fault['loc'])) or 'the answer'}: {fault['msg']}"
        for fault in faults[:MOST_ERRORS_SHOWN]
    ]
    return "\n".join(lines)


def repair_turns(choice: Choice, unfit: AnswerUnfit) -> list[Turn]:
    """Show the model its answer and what is wrong with it."""
    shown = (choice.message.content or "(nothing)")[:MOST_SHOWN_CHARACTERS]
    complaint = f"That answer cannot be used.\n{unfit}\nAnswer again, in full, as one JSON object."
    return [{"role": "assistant", "content": shown}, {"role": "user", "content": complaint}]


def tool_turns(message: AssistantMessage, tools: tuple[ToolSpec, ...]) -> list[Turn]:
    """Call what the model asked for and hand it the results; what cannot be called is said so."""
    calls = message.tool_calls or ()
    asked = [
        {
            "id": c.id,
            "type": "function",
            "function": {"name": c.function.name, "arguments": c.function.arguments},
        }
        for c in calls
    ]
    turns: list[Turn] = [{"role": "assistant", "content": message.content, "tool_calls": asked}]
    for number, call in enumerate(calls):
        result = _result(call, tools) if number < MOST_CALLS_A_ROUND else "Error: too many calls at once."
        turns.append({"role": "tool", "tool_call_id": call.id, "content": result[:MOST_TOOL_CHARACTERS]})
    return turns


def _result(call: ToolCall, tools: tuple[ToolSpec, ...]) -> str:
    tool = next((tool for tool in tools if tool.name == call.function.name), None)
    if tool is None:
        return f"Error: there is no such tool. Tools: {', '.join(tool.name for tool in tools)}."
    try:
        arguments = tool.arguments.model_validate_json(call.function.arguments or "{}")
    except ValidationError as error:
        return f"Error: the arguments do not fit.\n{in_words(error)}"
    return tool.call(arguments.model_dump())

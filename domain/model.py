"""What an agent asks a language model, and what comes back: always a validated schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from domain.base import Noun
from domain.message import Usage

Answer = TypeVar("Answer", bound=BaseModel)


class ChatMessage(Noun):
    """One message of a prompt. The first ones are stable per agent, so providers can cache them."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ToolSpec:
    """A read-only tool an agent may call: its name, what it is for, its arguments, the act.

    `call` takes the validated arguments and returns text; it never takes a contact id, because the
    tool is bound to one contact before the model sees it (one contact a drafting context).
    """

    name: str
    description: str
    arguments: type[BaseModel]
    call: Callable[[dict[str, Any]], str]


@dataclass(frozen=True)
class ModelRequest(Generic[Answer]):
    """One question: who asks, the rendered prompt, the shape of the answer.

    `run_id` is what budgets are kept by. `tools` is empty for every agent that reads outside text.
    """

    agent: str
    run_id: str
    messages: tuple[ChatMessage, ...]
    schema: type[Answer]
    prompt_id: str
    prompt_sha256: str
    tools: tuple[ToolSpec, ...] = field(default=())
    max_output_tokens: int = 2_000


@dataclass(frozen=True)
class ModelReply(Generic[Answer]):
    """A validated answer, which model gave it, and what it took."""

    answer: Answer
    model: str
    usage: Usage

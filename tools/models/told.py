"""What a trace tells of a model call, by the names of OpenTelemetry's semantic conventions for generative AI.

Numbers, names of models and agents, ids of prompts; never a word of a prompt or an answer.
Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from domain.assistant import TalkRequest
from domain.message import Usage
from domain.model import ModelRequest
from domain.tracing import Attribute

HOST = "api.openai.com"
"""Where the client asks when no address is set."""


def about_call(request: ModelRequest[Any] | TalkRequest) -> dict[str, Attribute | None]:
    """Ids of what a question is about, named as ours."""
    return {
        "run_id": request.run_id,
        "prompt_id": request.prompt_id,
        "prompt_sha256": request.prompt_sha256,
    }


def asked_for(
    request: ModelRequest[Any] | TalkRequest, model: str, base_url: str | None
) -> dict[str, Attribute | None]:
    """What is known before the call."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.agent.name": request.agent,
        "gen_ai.request.model": model,
        "gen_ai.request.max_tokens": request.max_output_tokens,
        "server.address": urlsplit(base_url).hostname if base_url else HOST,
    }


def answered_with(
    model: str | None, finish_reasons: Iterable[str | None], usage: Usage
) -> dict[str, Attribute | None]:
    """What is known after it."""
    return {
        "gen_ai.response.model": model,
        "gen_ai.response.finish_reasons": tuple(reason for reason in finish_reasons if reason),
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
    }

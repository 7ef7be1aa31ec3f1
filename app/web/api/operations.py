"""What one operation of the API is: where it answers, what it takes, whom it lets in, what comes back.

Routes, checks and the OpenAPI description are all made from these, so that they cannot say different things.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from domain.assistant import Asker, Happening
from domain.staff import Act

BASE = "/api/v1"

Method = Literal["GET", "POST", "PATCH", "DELETE"]
Answer = BaseModel | AsyncIterator[Happening]
"""What an operation brings: one record, or what happens while the assistant works."""


class Nothing(BaseModel):
    """Takes nothing. An unknown argument is an error that is told back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Asked:
    """One request: who asks, its checked arguments, and the seal it says yes to, if any."""

    asker: Asker
    given: Any
    seal: str | None = None


@dataclass(frozen=True)
class Operation:
    """One method at one path.

    `takes`: path, query (GET) or body (else) together. `sealed`: the body may carry the seal of an effect.
    `streams`: happenings, one by one as `text/event-stream` or all at once.
    """

    name: str
    method: Method
    path: str
    tag: str
    title: str
    words: str
    needs: Act
    takes: type[BaseModel]
    brings: type[BaseModel]
    does: Callable[[Asked], Awaitable[Answer]]
    sealed: bool = False
    streams: bool = False
    example: dict[str, Any] = field(default_factory=dict)

    @property
    def in_path(self) -> tuple[str, ...]:
        """Names of the arguments that stand in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

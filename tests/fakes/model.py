"""Stand-ins for a language model: one behind the port, one behind the wire."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from domain.errors import BudgetSpent, ModelAnswerInvalid
from domain.message import Usage
from domain.model import Answer, ModelReply, ModelRequest

Scripted = BaseModel | str | Exception
"""An answer, an answer's raw text (which may not fit), or what goes wrong."""


class ScriptedModel:
    """A `LanguageModel` that answers from a queue first, then by the schema that is asked for.

    Args:
        queue: taken one by one; a text that does not fit is followed by the next, as in a repair round.
        by_schema: an answer, or a function of the request, for each answer class.
        most_calls: answers given before the budget is spent.
    """

    name = "scripted"

    def __init__(
        self,
        queue: Iterable[Scripted] = (),
        by_schema: Mapping[type[BaseModel], BaseModel | Callable[[ModelRequest[Any]], BaseModel]]
        | None = None,
        most_calls: int | None = None,
    ) -> None:
        self.queue = deque(queue)
        self.by_schema = dict(by_schema or {})
        self.most_calls = most_calls
        self.requests: list[ModelRequest[Any]] = []
        self._calls = 0

    async def ask(self, request: ModelRequest[Answer]) -> ModelReply[Answer]:
        """Answer from the script; see `domain.ports.LanguageModel`."""
        self.requests.append(request)
        usage = Usage()
        for _ in range(2):
            if self._calls == self.most_calls:
                raise BudgetSpent(f"Run {request.run_id!r} has made its {self.most_calls} model calls.")
            self._calls += 1
            usage += Usage(calls=1, input_tokens=100, output_tokens=10)
            try:
                answer = request.schema.model_validate_json(self._next(request))
            except ValidationError:
                continue
            return ModelReply(answer=answer, model=self.name, usage=usage)
        problem = ModelAnswerInvalid(f"{self.name} answered {request.agent} twice with what does not fit.")
        problem.usage = usage
        raise problem

    def _next(self, request: ModelRequest[Any]) -> str:
        scripted: Any = self.queue.popleft() if self.queue else self.by_schema[request.schema]
        if isinstance(scripted, Exception):
            raise scripted
        if isinstance(scripted, str):
            return scripted
        answer = scripted if isinstance(scripted, BaseModel) else scripted(request)
        return str(answer.model_dump_json())


@dataclass(frozen=True)
class HttpReply:
    """One reply on the wire. `stalls` sends nothing; `sent_bytes` cuts the body short and hangs up."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stalls: bool = False
    sent_bytes: int | None = None


def completion(
    content: object = None, *, finish: str = "stop", usage: bool = True, **message: object
) -> HttpReply:
    """A chat completion whose content is a text, or any object as its JSON text."""
    text = content if content is None or isinstance(content, str) else json.dumps(content)
    body: dict[str, object] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "stand-in-2026",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, "refusal": None, **message},
            }
        ],
    }
    if usage:
        details = {"cached_tokens": 60}
        body["usage"] = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": details}
    return HttpReply(json.dumps(body))


def streamed(*pieces: object, finish: str | None = "stop", usage: bool = True, **head: object) -> HttpReply:
    """A streamed completion: texts are words, mappings whole deltas; without `finish` it just ends."""
    base = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "stand-in-2026",
        **head,
    }
    deltas = [{"content": piece} if isinstance(piece, str) else piece for piece in pieces]
    events: list[dict[str, object]] = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    if finish is not None:
        events.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage:
        details = {"cached_tokens": 60}
        counts = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": details}
        events.append({**base, "choices": [], "usage": counts})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + (["data: [DONE]\n\n"] if finish else [])
    return HttpReply("".join(lines), headers={"content-type": "text/event-stream"})


def call_piece(
    index: int | None, arguments: str, name: str | None = None, call_id: str | None = None
) -> object:
    """A delta with a piece of one call; what is None is left out."""
    function = {"arguments": arguments} | ({"name": name} if name else {})
    part = {"index": index, "id": call_id, "function": function}
    return {"tool_calls": [{key: value for key, value in part.items() if value is not None}]}


def tool_call(name: str, arguments: str = "{}", call_id: str = "call_1") -> dict[str, object]:
    """One entry of a message's `tool_calls`."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


class ScriptedEndpoint:
    """A loopback HTTP server that speaks chat completions from a script and keeps what it was sent."""

    def __init__(self, *replies: HttpReply) -> None:
        self.replies = deque(replies)
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.base_url = ""
        self.most_at_once = 0
        self._at_once = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> ScriptedEndpoint:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one_exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one_exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.lower().startswith("content-length")
        )
        self.bodies.append(json.loads(await reader.readexactly(length)))
        self.heads.append(head)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        reply = self.replies.popleft()
        if reply.stalls:
            await asyncio.Event().wait()
        content = reply.body.encode()
        fields = {"content-type": "application/json", "content-length": str(len(content)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + content[: reply.sent_bytes])
        await writer.drain()
        return reply.sent_bytes is None

"""A model endpoint with a fixed latency, so that what is measured is ours and not a provider's.

It runs in its own process, keeps connections alive, writes headers and body at once and answers each
request from nothing but its schema and its text.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import time
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

JsonObject = dict[str, Any]
AnswerRequest = Callable[[JsonObject], JsonObject]

STARTUP_SECONDS = 30
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EVIDENCE_ID = re.compile(r"\bE\d+\b")
_MOST_CHARACTERS = re.compile(r"at most (\d+) characters")
_LEFT_EMPTY = {"findings", "problems", "issues", "objections"}
_SENTENCES = {
    "subject": "A short note on your current work",
    "call_to_action": "Have a look when it suits you.",
    "": "This may help with what your team is working on.",
}


def answer_from_schema(schema: JsonObject, prompt_text: str) -> JsonObject:
    """Fill every required field of a strict schema plausibly; the same request gets the same answer.

    Lists get one item, except lists of faults, which stay empty; evidence ids are taken from the prompt.
    """
    ids = list(dict.fromkeys(_EVIDENCE_ID.findall(prompt_text)))
    filled = _fill(schema, "", schema.get("$defs", {}), ids)
    assert isinstance(filled, dict), "an answer schema describes an object"
    return filled


def _fill(part: JsonObject, name: str, defs: JsonObject, ids: list[str]) -> Any:
    if "$ref" in part:
        return _fill(defs[part["$ref"].rsplit("/", 1)[-1]], name, defs, ids)
    if "anyOf" in part:
        branches = [branch for branch in part["anyOf"] if branch.get("type") != "null"]
        return _fill(branches[0], name, defs, ids)
    if "enum" in part:
        return part["enum"][0]
    match part.get("type"):
        case "object":
            return {key: _fill(value, key, defs, ids) for key, value in part["properties"].items()}
        case "array":
            if name in _LEFT_EMPTY or ("evidence" in name and not ids):
                return []
            return [_fill(part["items"], name, defs, ids)]
        case "boolean":
            return False
        case "integer" | "number":
            return 1
        case "null":
            return None
        case _:
            return _text(part, name, ids)


def _text(part: JsonObject, name: str, ids: list[str]) -> str:
    if "evidence" in name and ids:
        return ids[0]
    text = _SENTENCES.get(name, _SENTENCES[""])
    most = _MOST_CHARACTERS.search(part.get("description", ""))
    return text[: int(most[1])] if most else text


def answer_request(body: JsonObject) -> JsonObject:
    """Answer a chat completions request in the shape its `response_format` asks for."""
    schema = body["response_format"]["json_schema"]["schema"]
    return answer_from_schema(schema, "\n".join(str(message["content"]) for message in body["messages"]))


class _Conversation(asyncio.Protocol):
    """One kept-alive connection. Replies leave `latency_seconds` after their request was complete."""

    def __init__(self, latency_seconds: float, answer: AnswerRequest, numbers: count[int]) -> None:
        self._latency_seconds, self._answer, self._numbers = latency_seconds, answer, numbers
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # asyncio sets TCP_NODELAY on it
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, head + 2)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._received) < end:
                return
            body = bytes(self._received[head + 4 : end])
            del self._received[:end]
            self._reply_to(body)

    def _reply_to(self, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        leaves_at = loop.time() + self._latency_seconds
        reply = self._reply(body)
        if self._latency_seconds:
            loop.call_at(leaves_at, self._write, reply)
        else:
            self._write(reply)

    def _reply(self, body: bytes) -> bytes:
        request = json.loads(body)
        text = json.dumps(self._answer(request))
        completion = {
            "id": f"chatcmpl-{next(self._numbers)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": len(text) // 4},
        }
        content = json.dumps(completion).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        return head.encode() + content

    def _write(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


def _serve(latency_ms: float, answer: AnswerRequest, pipe: Connection) -> None:
    async def run() -> None:
        numbers = count(1)
        server = await asyncio.get_running_loop().create_server(
            lambda: _Conversation(latency_ms / 1000, answer, numbers), "127.0.0.1", 0, backlog=256
        )
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.poll, None)  # anything, the other end's death included, ends it
        server.close()

    asyncio.run(run())


class LoopbackModelServer:
    """A context manager: `with LoopbackModelServer(300) as server: … server.base_url`.

    Args:
        latency_ms: time from a complete request to its reply.
        answer: request body → the answer's object; a module-level function, as it crosses processes.
    """

    def __init__(self, latency_ms: float, answer: AnswerRequest = answer_request) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(latency_ms, answer, theirs), daemon=True)
        self._theirs = theirs
        self.base_url = ""

    def __enter__(self) -> LoopbackModelServer:
        self._process.start()
        self._theirs.close()
        if not self._ours.poll(STARTUP_SECONDS):
            self._process.kill()
            raise TimeoutError(f"the loopback endpoint did not start within {STARTUP_SECONDS} s")
        self.base_url = f"http://127.0.0.1:{self._ours.recv()}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.close()
        self._process.join(STARTUP_SECONDS)
        self._process.close()

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
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

JsonObject = dict[str, Any]
AnswerRequest = Callable[[JsonObject], JsonObject]

STARTUP_SECONDS = 30
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_FACT = re.compile(r"^(E\d+) \[([^\]]*)\] (.+)$", re.MULTILINE)
_MOST_CHARACTERS = re.compile(r"at most (\d+) characters")
_UNSAYABLE = ("private", "outside words", "offer")
_PREFERRED = ("approved claim", "our content")
_FAULT_LISTS = {"findings", "problems", "issues", "objections"}
_ITEMS = {"sentences": 3}
_TEXTS = {
    "subject": "A short note on your current work",
    "call_to_action": "Have a look when it suits you.",
    "topic": "planning",
}
_PLAIN_SENTENCE = "It may be worth a look for your team."


@dataclass(frozen=True)
class _Fact:
    id: str
    text: str


def answer_from_schema(schema: JsonObject, prompt_text: str) -> JsonObject:
    """Fill every required field of a strict schema plausibly; the same request gets the same answer.

    What is told as a fact is copied from a line `E7 [approved claim] …` of the prompt, with its id. Lists
    of faults stay empty: the answer finds nothing wrong.
    """
    filled = _Filler(schema.get("$defs", {}), _sayable_facts(prompt_text)).fill(schema, "", 0)
    assert isinstance(filled, dict), "an answer schema describes an object"
    return filled


def _sayable_facts(prompt_text: str) -> list[_Fact]:
    found = [(mark, _Fact(id_, text)) for id_, mark, text in _FACT.findall(prompt_text)]
    sayable = [(mark, fact) for mark, fact in found if not any(word in mark for word in _UNSAYABLE)]
    ours = [fact for mark, fact in sayable if mark in _PREFERRED]
    return ours + [fact for mark, fact in sayable if mark not in _PREFERRED]


@dataclass(frozen=True)
class _Filler:
    defs: JsonObject
    facts: list[_Fact]

    def fill(self, part: JsonObject, name: str, index: int) -> Any:
        """Fill one part; `index` says which item of a list it stands in, and so which fact it tells."""
        if "$ref" in part:
            return self.fill(self.defs[part["$ref"].rsplit("/", 1)[-1]], name, index)
        if "anyOf" in part:
            return self.fill(next(b for b in part["anyOf"] if b.get("type") != "null"), name, index)
        if "enum" in part:
            return part["enum"][0]
        match part["type"]:
            case "object":
                return {key: self.fill(value, key, index) for key, value in part["properties"].items()}
            case "array":
                return self._items(part["items"], name, index)
            case "boolean":
                return False
            case "integer" | "number":
                return 1
            case _:
                return self._text(part, name, index)

    def _items(self, item: JsonObject, name: str, index: int) -> list[Any]:
        if name in _FAULT_LISTS:
            return []
        if name == "evidence":
            return [self.facts[index].id] if index < len(self.facts) else []
        return [self.fill(item, name, number) for number in range(_ITEMS.get(name, 1))]

    def _text(self, part: JsonObject, name: str, index: int) -> str:
        if name == "text" and index < len(self.facts):
            return self.facts[index].text
        text = _TEXTS.get(name, _PLAIN_SENTENCE)
        most = _MOST_CHARACTERS.search(part.get("description", ""))
        return text[: int(most[1])] if most else text


def answer_request(body: JsonObject) -> JsonObject:
    """Answer a chat completions request in the shape its `response_format` asks for."""
    schema = body["response_format"]["json_schema"]["schema"]
    told = "\n".join(str(turn["content"]) for turn in body["messages"] if turn["role"] == "user")
    return answer_from_schema(schema, told)


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

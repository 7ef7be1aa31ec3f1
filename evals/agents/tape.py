"""A loopback endpoint that records what a chat completions endpoint answers, and replays it.

Whoever talks through it uses `base_url(case, writer)` as any endpoint's address, so a replay goes the whole way
of a real call: request body, wire, parsing, repair, tools. One cassette a case. A request is known again by
the SHA-256 of its whole body; one that is not known is stale, is answered with 404 and is reported, never
answered with something else. Cases may be recorded side by side.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import yaml

KEPT_MODEL = "recorded-model"
_NOT_ASKED = ("model", "stream", "stream_options")
_COUNTED = ("prompt_tokens", "completion_tokens", "prompt_tokens_details")
_CHUNK = 40


class Mode(StrEnum):
    """What the tape does with a request it does not know: refuse it, or ask the real endpoint and keep the reply."""

    REPLAY = "replay"
    RECORD = "record"


@dataclass(frozen=True)
class Upstream:
    """The endpoint to record from."""

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    wait_seconds: float = 3_600.0


@dataclass
class Cassette:
    """What one case's writers asked, and what was answered, in order of asking."""

    file: Path
    entries: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path) -> Cassette:
        """Read a cassette; one that is not there yet is empty."""
        if not file.exists():
            return cls(file)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return cls(file, yaml.load(file.read_text(encoding="utf-8"), Loader=loader)["requests"])  # noqa: S506

    def find(self, writer: str, digest: str) -> dict[str, Any] | None:
        """The entry of exactly this request, or None."""
        return next((e for e in self.entries if e["writer"] == writer and e["sha256"] == digest), None)

    def add(self, entry: dict[str, Any]) -> None:
        """Keep an entry and write the cassette whole: a recording that breaks off can go on where it stopped."""
        self.entries.append(entry)
        self.write()

    def keep_only(self, writer: str, digests: set[str]) -> None:
        """Drop what this writer asked once and asks no more."""
        kept = [e for e in self.entries if e["writer"] != writer or e["sha256"] in digests]
        if len(kept) != len(self.entries):
            self.entries = kept
            self.write()

    def write(self) -> None:
        """Put it on disk, the writers in a stable order."""
        ordered = sorted(self.entries, key=lambda entry: entry["writer"])
        text = yaml.dump({"requests": ordered}, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.file)


class Tape:
    """A context manager: serves on 127.0.0.1 while it is open.

    Args:
        folder: where the cassettes are, `<case>.yaml` each.
        mode: whether what is not known may be asked.
        upstream: the endpoint to record from; needed for a recording.
    """

    def __init__(self, folder: Path, mode: Mode = Mode.REPLAY, upstream: Upstream | None = None) -> None:
        if mode is Mode.RECORD and upstream is None:
            raise ValueError("a recording needs an endpoint to record from")
        self._folder, self._mode, self._upstream = folder, mode, upstream
        self._cassettes: dict[str, Cassette] = {}
        self._used: dict[tuple[str, str], set[str]] = {}
        self._problems: dict[tuple[str, str], list[str]] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Tape:
        handler = type("Bound", (_Handler,), {"tape": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def base_url(self, case: str, writer: str) -> str:
        """The address this writer of this case asks."""
        if self._server is None:
            raise ValueError("the tape is not open")
        return f"http://127.0.0.1:{self._server.server_port}/{case}/{writer}/v1"

    def problem(self, case: str, writer: str) -> str:
        """Why this writer could not be answered; empty where it was, each time."""
        return "; ".join(dict.fromkeys(self._problems.get((case, writer), ())))

    def has(self, case: str, writer: str) -> bool:
        """Tell whether anything of this writer is on the case's cassette."""
        return any(entry["writer"] == writer for entry in self._cassette(case).entries)

    def close_case(self, case: str, writer: str) -> None:
        """Say that this writer is through: of a whole recording, what was asked once and is asked no more goes."""
        if self._mode is Mode.RECORD and not self.problem(case, writer):
            with self._lock:
                self._cassette(case).keep_only(writer, self._used.get((case, writer), set()))

    def answer(self, case: str, writer: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The reply to one request: from the cassette, else from the endpoint, else a refusal."""
        digest = digest_of(body)
        with self._lock:
            cassette = self._cassette(case)
            known = cassette.find(writer, digest)
            self._used.setdefault((case, writer), set()).add(digest)
        if known is None and self._mode is Mode.REPLAY:
            why = stale(cassette, writer, body)
            self._problems.setdefault((case, writer), []).append(why)
            return 404, {"error": {"message": why, "code": "stale_cassette"}}
        if known is None:
            status, reply = self._ask(body)
            if status != 200:
                self._problems.setdefault((case, writer), []).append(f"the endpoint answered HTTP {status}")
                return status, reply
            known = {
                "writer": writer,
                "answers": schema_of(body),
                "sha256": digest,
                "parts": parts_of(body),
                "reply": kept(reply),
            }
            with self._lock:
                cassette.add(known)
        return 200, completion(known["reply"])

    def _cassette(self, case: str) -> Cassette:
        if case not in self._cassettes:
            self._cassettes[case] = Cassette.read(self._folder / f"{case}.yaml")
        return self._cassettes[case]

    def _ask(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert self._upstream is not None
        asked = {k: v for k, v in body.items() if k not in _NOT_ASKED} | {"model": self._upstream.model}
        headers = {"Authorization": f"Bearer {self._upstream.api_key or 'none'}"}
        url = self._upstream.base_url.rstrip("/") + "/chat/completions"
        try:
            reply = httpx.post(url, json=asked, headers=headers, timeout=self._upstream.wait_seconds)
            return reply.status_code, reply.json()
        except (httpx.HTTPError, ValueError) as error:
            return 502, {"error": {"message": f"the endpoint to record from: {type(error).__name__}"}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tape: Tape

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        _, case, writer, *_rest = self.path.split("/")
        status, reply = self.tape.answer(case, writer, body)
        if status == 200 and body.get("stream"):
            self._stream(reply, body)
            return
        raw = json.dumps(reply, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _stream(self, reply: dict[str, Any], body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in chunks(reply, wants_usage=bool((body.get("stream_options") or {}).get("include_usage"))):
            self.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Stay quiet: requests hold prompts."""


def digest_of(body: dict[str, Any]) -> str:
    """SHA-256 of everything that is asked; which model is asked, and whether it streams, is not part of it."""
    return _sha({key: value for key, value in body.items() if key not in _NOT_ASKED})


def parts_of(body: dict[str, Any]) -> dict[str, Any]:
    """The request's parts by digest, so that a stale cassette can say what changed."""
    turns = [f"{turn['role']} {_sha(turn)[:16]}" for turn in body.get("messages", ())]
    settings = {key: value for key, value in body.items() if key not in (*_NOT_ASKED, "messages")}
    return {"messages": turns, "settings": {key: _sha(value)[:16] for key, value in sorted(settings.items())}}


def schema_of(body: dict[str, Any]) -> str:
    """What the answer is to be, by its schema's name; empty where none is asked for."""
    form = body.get("response_format") or {}
    return str((form.get("json_schema") or {}).get("name") or "")


def stale(cassette: Cassette, writer: str, body: dict[str, Any]) -> str:
    """Say why a request is not on the cassette: nothing was recorded, or which part of it changed since."""
    name, now = schema_of(body), parts_of(body)
    alike = [e for e in cassette.entries if e["writer"] == writer and e["answers"] == name]
    if not alike:
        return f"not recorded: {writer} {name}".strip()
    changed = min((_changes(entry["parts"], now) for entry in alike), key=len)
    return f"stale: {writer} {name} was recorded with another {', '.join(changed)}"


def _changes(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed = [
        f"{after.split()[0]} message (no. {number})"
        for number, (before, after) in enumerate(zip(then["messages"], now["messages"], strict=False), 1)
        if before != after
    ]
    if len(then["messages"]) != len(now["messages"]):
        changed.append("number of messages")
    keys = then["settings"].keys() | now["settings"].keys()
    return changed + [key for key in sorted(keys) if then["settings"].get(key) != now["settings"].get(key)]


def kept(reply: dict[str, Any]) -> dict[str, Any]:
    """Of an endpoint's reply what is replayed: no host, id, time or model's name."""
    choice = reply["choices"][0]
    message = choice["message"]
    wanted = {key: message.get(key) for key in ("content", "refusal", "tool_calls") if message.get(key)}
    usage = reply.get("usage") or {}
    return {
        **wanted,
        "finish_reason": choice.get("finish_reason") or "stop",
        "usage": {key: usage[key] for key in _COUNTED if usage.get(key)},
    }


def completion(reply: dict[str, Any]) -> dict[str, Any]:
    """The chat completion a kept reply stands for."""
    message = {"role": "assistant", "content": reply.get("content"), "refusal": reply.get("refusal")}
    if reply.get("tool_calls"):
        message["tool_calls"] = reply["tool_calls"]
    usage = dict(reply["usage"])
    if usage:
        usage["total_tokens"] = usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
    return {
        "id": "chatcmpl-recorded",
        "object": "chat.completion",
        "created": 0,
        "model": KEPT_MODEL,
        "usage": usage or None,
        "choices": [{"index": 0, "message": message, "finish_reason": reply["finish_reason"]}],
    }


def chunks(reply: dict[str, Any], *, wants_usage: bool) -> list[dict[str, Any]]:
    """The same completion as a stream of chunks."""
    base = {key: reply[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    choice = reply["choices"][0]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    text = message.get("content") or ""
    deltas += [{"content": text[start : start + _CHUNK]} for start in range(0, len(text), _CHUNK)]
    deltas += [
        {"tool_calls": [{"index": i, **call}]} for i, call in enumerate(message.get("tool_calls") or ())
    ]
    events = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    events.append({**base, "choices": [last]})
    if wants_usage:
        events.append({**base, "choices": [], "usage": reply["usage"]})
    return events


class _Plain(yaml.SafeDumper):
    """Writes long text as a block, so that a reply reads as it was written."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _text)


def _sha(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

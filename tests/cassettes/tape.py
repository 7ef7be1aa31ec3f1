"""Records model traffic once and replays it ever after; what is kept names no host, no key, no model.

`ATTUNE_RECORD=1` records anew from the endpoint in the environment; otherwise nothing leaves the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import vcr

from tools.models.openai_chat import ChatEndpoint

FOLDER = Path(__file__).parent
KEPT_HOST = "127.0.0.1:8000"
KEPT_MODEL = "recorded-model"
STREAMED = b"data: "
KEPT_HEADERS = {"content-type", "retry-after"}


def is_recording() -> bool:
    """Tell whether this run asks a real endpoint."""
    return os.environ.get("ATTUNE_RECORD") == "1"


def endpoint(**settings: Any) -> ChatEndpoint:
    """The endpoint to record from, or the one replayed."""
    if is_recording():
        return ChatEndpoint(
            models={"default": os.environ["ATTUNE_MODEL"]},
            api_key=os.environ.get("OPENAI_API_KEY"),
            base_url=os.environ["OPENAI_BASE_URL"],
            **settings,
        )
    return ChatEndpoint({"default": KEPT_MODEL}, base_url=f"http://{KEPT_HOST}/v1", **settings)


@contextmanager
def tape(name: str, *, is_brief: bool = False) -> Iterator[Any]:
    """Record to or replay from `<name>.yaml`; a request that was not recorded fails the test.

    is_brief: keep of what is the same for everyone (system message, schema, tools) only its SHA-256, so
        that many long requests stay readable; a changed word still fails the test.
    """
    kept = FOLDER / f"{name}.yaml"
    # A recording that breaks off leaves the old cassette as it was.
    file = kept.with_suffix(".new") if is_recording() else kept
    if is_recording():
        file.unlink(missing_ok=True)
    recorder = vcr.VCR(
        match_on=["method", "path", "query", "body"],
        filter_headers=["authorization"],
        decode_compressed_response=True,
        before_record_request=_brief_without_traces if is_brief else _without_traces,
        before_record_response=_without_noise,
        record_mode="new_episodes" if is_recording() else "none",
    )
    with recorder.use_cassette(str(file)) as cassette:
        yield cassette
    if is_recording():
        file.replace(kept)


def _without_traces(request: Any) -> Any:
    # vcrpy hands over a copy: what is sent stays as it is.
    parts = urlsplit(request.uri)
    request.uri = urlunsplit(("http", KEPT_HOST, parts.path, parts.query, ""))
    body = json.loads(request.body)
    request.body = json.dumps({**body, "model": KEPT_MODEL}, ensure_ascii=False).encode()
    request.headers = {k: v for k, v in request.headers.items() if k.lower() in KEPT_HEADERS}
    return request


def _brief_without_traces(request: Any) -> Any:
    request = _without_traces(request)
    body = json.loads(request.body)
    for key in body.keys() & {"response_format", "tools"}:
        body[key] = _digest(body[key])
    for turn in body["messages"]:
        if turn["role"] == "system":
            turn["content"] = _digest(turn["content"])
    request.body = json.dumps(body, ensure_ascii=False).encode()
    return request


def _digest(part: Any) -> str:
    # vcrpy filters what it loads as it filters what it sends: a digest stays what it is.
    if isinstance(part, str) and part.startswith("sha256:"):
        return part
    return "sha256:" + hashlib.sha256(json.dumps(part, ensure_ascii=False).encode()).hexdigest()


def _without_noise(response: Any) -> Any:
    headers = {k: v for k, v in response["headers"].items() if k.lower() in KEPT_HEADERS}
    return {**response, "headers": headers, "body": {"string": _plain(response["body"]["string"])}}


def _plain(body: bytes) -> bytes:
    """The body without what names its sender, streamed or not; what is not JSON stays as it came."""
    if body.startswith(STREAMED):
        events = [event.removeprefix(STREAMED) for event in body.split(b"\n\n")]
        return b"\n\n".join(STREAMED + _plain(event) if event else b"" for event in events)
    try:
        reply = json.loads(body)
    except ValueError:
        return body
    if "error" in reply:
        reply["error"] = {key: reply["error"].get(key) for key in ("message", "code")}
    else:
        reply |= {"id": "chatcmpl-recorded", "created": 0, "model": KEPT_MODEL}
    return json.dumps(reply, ensure_ascii=False).encode()

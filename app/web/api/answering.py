"""One request of the API from its guard to its answer: pace, origin, arguments, the work, and JSON or events of it."""

from __future__ import annotations

import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.web.api.arguments import BadArguments, Shape, from_body, from_query, shape_of
from app.web.api.operations import Asked, Operation
from app.web.api.repeats import KeyNotTaken
from app.web.asking import asker_of, keep_pace
from app.web.guard import Caller, ForgedForm, needs, refuse_other_origins
from domain.assistant import Broken, Door, Happening
from domain.errors import AttuneError

if TYPE_CHECKING:
    from app.web.shell import Shell

EVENTS = "text/event-stream"
KEY = "idempotency-key"
CSRF = "x-csrf-token"
MOST_KEY_CHARS = 200
GOOD_KEY = re.compile(rf"[A-Za-z0-9_-]{{0,{MOST_KEY_CHARS}}}")


class Happened(BaseModel):
    """Everything that happened until the assistant had answered, or asked for a yes."""

    happenings: tuple[Happening, ...]


class Answering:
    """Answers requests. One for the whole API: repeats are remembered over all its operations."""

    def __init__(self, shell: Shell) -> None:
        self._pace = shell.pace
        self._repeats = shell.repeats

    def endpoint(self, operation: Operation) -> Callable[..., Awaitable[Response]]:
        """The function behind one route."""
        shapes = shapes_of(operation.takes)

        # As a default: an annotation is text here, and a name of this function's means nothing in it.
        async def answer(request: Request, caller: Caller = needs(operation.needs)) -> Response:  # noqa: B008
            return await self._answer(operation, shapes, request, caller)

        return answer

    async def _answer(
        self, operation: Operation, shapes: dict[str, Shape], request: Request, caller: Caller
    ) -> Response:
        keep_pace(self._pace, caller)
        path = {name: request.path_params[name] for name in operation.in_path}
        asker = asker_of(caller, Door.API)
        if operation.method == "GET":
            given = from_query(operation, path, request.query_params, shapes)
            return await _told(request, operation, Asked(asker=asker, given=given))
        prove_origin(request, caller)
        body = await request.body()
        given, seal = from_body(operation, path, body)
        asked = Asked(asker=asker, given=given, seal=seal)
        key = request.headers.get(KEY, "")
        if not GOOD_KEY.fullmatch(key):
            raise BadArguments(f"{KEY} is at most {MOST_KEY_CHARS} letters, digits, - and _.")
        if key and operation.streams:
            raise KeyNotTaken
        if not key:
            return await _told(request, operation, asked)
        whose = f"{caller.member.member_id} {caller.token_id}"
        which = f"{request.method} {request.url.path} {key}"
        return await self._repeats.once(whose, which, body, lambda: _told(request, operation, asked))


@cache
def shapes_of(takes: type[BaseModel]) -> dict[str, Shape]:
    """How each argument stands in a query."""
    schema = takes.model_json_schema()
    definitions = schema.get("$defs", {})
    return {name: shape_of(one, definitions) for name, one in schema.get("properties", {}).items()}


def prove_origin(request: Request, caller: Caller) -> None:
    """Refuse a change that a browser's session brings without saying that a page of ours asked for it.

    Raises:
        ForgedForm: it came from elsewhere, or does not carry the session's token.
    """
    if caller.token_id is not None:
        return
    refuse_other_origins(request, must_tell=False)
    if not hmac.compare_digest(request.headers.get(CSRF, "").encode(), caller.csrf.encode()):
        raise ForgedForm(
            f"A browser's session changes something only with the header {CSRF}. Programs use an API token."
        )


async def _told(request: Request, operation: Operation, asked: Asked) -> Response:
    answer = await operation.does(asked)
    if isinstance(answer, BaseModel):
        return _json(answer)
    if EVENTS in request.headers.get("accept", ""):
        return await _streamed(answer)
    return _json(Happened(happenings=tuple([one async for one in answer])))


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")


async def _streamed(happenings: AsyncIterator[Happening]) -> Response:
    # What refuses to begin is told by its status; from then on all is told in the stream.
    first = await anext(happenings, None)

    async def events() -> AsyncIterator[str]:
        if first is None:
            return
        yield _event(first)
        try:
            async for one in happenings:
                yield _event(one)
        except AttuneError as problem:
            yield _event(Broken(words=str(problem)))

    return StreamingResponse(events(), media_type=EVENTS)


def _event(happening: Any) -> str:
    # JSON holds no line break of its own, so nothing anybody said can begin another event.
    return f"event: {happening.kind}\ndata: {happening.model_dump_json()}\n\n"

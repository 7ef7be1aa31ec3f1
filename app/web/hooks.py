"""Where providers post what became of our messages: proven on the raw body, then taken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from app.inbox import take_posted
from app.web.limits import MAIL_PATH
from app.webhooks import take_webhook
from domain.delivery import WebhookRequest
from domain.errors import AddressRefused, AttuneError, NotFound, WebhookRefused, WebhookUnreadable

if TYPE_CHECKING:
    from app.wiring import House

log = logging.getLogger("attune.web")
_STATUS: dict[type[AttuneError], int] = {
    NotFound: 404,
    WebhookRefused: 403,
    WebhookUnreadable: 400,
    AddressRefused: 503,
}
"""503 asks the provider to try again; what is forged or unreadable stays so."""


ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "genuine, and not to be read"},
    403: {"description": "forged or stale"},
    404: {"description": "no secret is set for this provider"},
    413: {"description": "the body is too large", "content": {"text/plain": {}}},
    503: {"description": "try again"},
}


def router(house: House) -> APIRouter:
    """Return the routes; a provider whose secret is not set is not there."""
    routes = APIRouter()
    _ = house.webhooks, house.inbound_hooks  # a wrong secret is told now, not at the first webhook

    @routes.post("/webhooks/{provider}", responses=ANSWERS)
    async def take(provider: str, request: Request) -> JSONResponse:
        def act(raw: WebhookRequest) -> dict[str, int]:
            taken = take_webhook(house, provider, raw)
            return {"new": taken.new, "repeats": taken.repeats, "unmatched": taken.unmatched}

        return await answered(request, act)

    @routes.post(f"{MAIL_PATH}{{provider}}", responses=ANSWERS)
    async def take_mail(provider: str, request: Request) -> JSONResponse:
        def act(raw: WebhookRequest) -> dict[str, int]:
            found = take_posted(house, provider, raw)
            return {"new": sum(found.values()) - found[None], "repeats": found[None]}

        return await answered(request, act)

    return routes


async def answered(request: Request, act: Callable[[WebhookRequest], dict[str, int]]) -> JSONResponse:
    """Do `act` on the raw request in a thread and say how it went, in words that give nothing away."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    raw = WebhookRequest(headers=headers, body=await request.body())
    try:
        return JSONResponse(await run_in_threadpool(act, raw))
    except AttuneError as problem:
        log.warning("%s", problem)
        status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 400)
        return JSONResponse({"error": type(problem).__name__}, status_code=status)
    except OperationalError as busy:
        log.warning("the database did not answer: %s", busy)
        answer = JSONResponse({"error": "busy"}, status_code=503)
        answer.headers["retry-after"] = "30"
        return answer

"""What went wrong, in words: a page for people, JSON for programs. Never a traceback."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from starlette.exceptions import HTTPException

from app.campaign_shelf import FileChanged
from app.results.kept import BeingCounted
from app.web.api.arguments import NotJson
from app.web.api.operations import BASE
from app.web.api.problems import as_problem
from app.web.api.repeats import KeyNotTaken, KeyReused
from app.web.asking import TooFast
from app.web.guard import ForgedForm, NotAllowed, NotByToken, NotSignedIn, caller_of, sign_in_path
from app.web.shell import see_other
from domain.errors import (
    AssistantBusy,
    AttuneError,
    CampaignHeld,
    EffectChanged,
    LinkSpent,
    NotFound,
    ReviewRejected,
    RunOpen,
    ToolForbidden,
    ToolUnknown,
    WorkspaceBusy,
)

if TYPE_CHECKING:
    from app.web.shell import Shell

log = logging.getLogger("attune.web")

TITLES = {
    400: "That could not be understood",
    401: "Sign in first",
    403: "That is not allowed",
    404: "Nothing here",
    405: "That cannot be done here",
    409: "It has changed meanwhile",
    410: "This link does not work any more",
    413: "That is too large",
    422: "That cannot be done as asked",
    429: "Too many tries",
    500: "Something broke on our side",
    503: "Not just now",
}
_STATUS: dict[type[AttuneError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    NotByToken: 403,
    ForgedForm: 403,
    NotSignedIn: 401,
    LinkSpent: 410,
    ReviewRejected: 409,
    CampaignHeld: 409,
    RunOpen: 409,
    WorkspaceBusy: 409,
    FileChanged: 409,
    BeingCounted: 503,
    ToolUnknown: 404,
    ToolForbidden: 403,
    EffectChanged: 409,
    KeyReused: 409,
    KeyNotTaken: 400,
    NotJson: 400,
    TooFast: 429,
    AssistantBusy: 429,
}
_NO_PAGE = "There is no page at this address. Perhaps the link was cut, or what it showed is gone."


def answer_errors(app: FastAPI, shell: Shell) -> None:
    """Let every failure of a page be told in words; what the public door answers itself stays as it is."""

    def told(request: Request, status: int, words: str, kind: str = "") -> Response:
        if is_api(request):
            return as_problem(status, TITLES.get(status, "That did not work"), words, kind)
        if not is_for_a_person(request):
            return JSONResponse(
                {"error": kind or TITLES.get(status, "error"), "detail": words}, status_code=status
            )
        try:
            caller = caller_of(request)
        except SQLAlchemyError:
            caller = None
        return shell.page(
            request,
            caller,
            "problem.html",
            status=status,
            code=status,
            heading=TITLES.get(status, "That did not work"),
            said=words,
        )

    @app.exception_handler(NotSignedIn)
    def ask_to_sign_in(request: Request, problem: Exception) -> Response:
        if is_api(request) or not is_for_a_person(request):
            answer = told(request, 401, str(problem), "NotSignedIn")
            answer.headers["www-authenticate"] = "Bearer"
            return answer
        return see_other(sign_in_path(request))

    @app.exception_handler(AttuneError)
    def tell(request: Request, problem: Exception) -> Response:
        status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 422)
        answer = told(request, status, str(problem), type(problem).__name__)
        if isinstance(problem, TooFast | AssistantBusy):
            answer.headers["retry-after"] = str(problem.wait)
        return answer

    @app.exception_handler(HTTPException)
    def tell_http(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        is_plain = problem.detail in {"Not Found", "Method Not Allowed"}
        words = {404: _NO_PAGE, 405: "This address does not take that kind of request."}.get(
            problem.status_code, str(problem.detail)
        )
        answer = told(request, problem.status_code, words if is_plain else str(problem.detail))
        for name, value in (problem.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(RequestValidationError)
    def tell_invalid(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, RequestValidationError)
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        return told(request, 422, f"{field}: {first['msg']}." if field else f"{first['msg']}.")

    @app.exception_handler(OperationalError)
    def tell_busy(request: Request, problem: Exception) -> Response:
        log.warning("the database did not answer: %s", problem)
        answer = told(request, 503, "The database is busy. Nothing was changed; try again in a moment.")
        answer.headers["retry-after"] = "5"
        return answer

    @app.exception_handler(Exception)
    def tell_fault(request: Request, problem: Exception) -> Response:
        mark = secrets.token_hex(4)
        log.error("fault %s at %s %s", mark, request.method, request.url.path, exc_info=problem)
        return told(
            request,
            500,
            f"This is a fault in Attune, not in what you did. It stands in the server's log as {mark}.",
        )


def is_for_a_person(request: Request) -> bool:
    """Tell whether a browser asks for a page."""
    return "text/html" in request.headers.get("accept", "") and "authorization" not in request.headers


def is_api(request: Request) -> bool:
    """Tell whether a program asks: its failures are told as `application/problem+json`."""
    return request.url.path.startswith(f"{BASE}/")

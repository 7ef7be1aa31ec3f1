"""Signing in by password, and out again; where a person begins."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from app.passwords import fits
from app.web.guard import COOKIE, Caller, anyone, caller_of, needs, read_form
from app.web.limits import address_of
from app.web.navigation import home_of
from app.web.shell import Shell, see_other
from domain.staff import Act, Member, folded_email
from policies.rights import SESSION_FOR

WRONG = "That e-mail and password do not go together."


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    attempts = shell.attempts
    open_to_all = [anyone("who signs in is not signed in yet")]

    @routes.get("/")
    def home(caller: Annotated[Caller, needs(Act.SELF)]) -> Response:
        return see_other(home_of(shell.paths, caller))

    @routes.get("/sign-in", dependencies=open_to_all)
    def ask(request: Request) -> Response:
        after = own_path(shell, request.query_params.get("next", ""))
        if caller_of(request) is not None:
            return see_other(after)
        return sign_in_page(shell, request, after)

    @routes.post("/sign-in", dependencies=open_to_all)
    async def sign_in(request: Request) -> Response:
        form = await read_form(request, None)
        email, password = folded_email(said(form, "email")), said(form, "password")
        after = own_path(shell, said(form, "next"))
        names = (f"account {email}", f"address {address_of(request)}")
        if wait := attempts.begin(*names):
            answer = sign_in_page(
                shell, request, after, email, f"Too many tries. Wait {round(wait) or 1} seconds.", 429
            )
            answer.headers["retry-after"] = str(round(wait) or 1)
            return answer
        member = await run_in_threadpool(known, email, password)
        if member is None:
            return sign_in_page(shell, request, after, email, WRONG, 401)
        attempts.succeeded(*names)
        return await run_in_threadpool(signed_in, shell, request, member, "password", after)

    def known(email: str, password: str) -> Member | None:
        member = shell.staff.by_email(email)
        kept = shell.staff.password_hash(member.member_id) if member else None
        return member if fits(password, kept) else None

    @routes.get("/sign-in/kept", dependencies=open_to_all)
    def kept(request: Request) -> Response:
        after = own_path(shell, request.query_params.get("next", ""))
        if caller_of(request) is not None:
            return see_other(after)
        return shell.page(request, None, "cookie.html", status=400, host=request.headers.get("host", ""))

    @routes.post("/sign-out")
    async def sign_out(request: Request, caller: Annotated[Caller, needs(Act.SELF)]) -> Response:
        form = await shell.form(request, caller)
        if form.get("where") == "everywhere":
            me = caller.member.member_id
            await run_in_threadpool(shell.sessions.end_all, me, me)
        else:
            await run_in_threadpool(shell.sessions.end, caller.session_id, caller.member.member_id)
        answer = see_other("/sign-in")
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    return routes


def sign_in_page(
    shell: Shell, request: Request, after: str, email: str = "", error: str | None = None, status: int = 200
) -> HTMLResponse:
    """The page that asks who you are, and says what went wrong if it did."""
    return shell.page(
        request,
        None,
        "sign_in.html",
        status=status,
        after=after,
        email=email,
        error=error,
        is_empty=shell.staff.is_empty(),
        provider=shell.house.identity_provider.name if shell.house.identity_provider else None,
    )


def signed_in(
    shell: Shell, request: Request, member: Member, way: str, after: str = "/", made_by: str | None = None
) -> Response:
    """Begin a session and send the browser on; a session it held before ends.

    `made_by`: the id of the other member whose link let them in.
    """
    secret = shell.sessions.begin(
        member,
        way,
        request.headers.get("user-agent", ""),
        instead_of=request.cookies.get(COOKIE),
        made_by=made_by,
    )
    answer = see_other(f"/sign-in/kept?next={quote(after, safe='')}")
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=round(SESSION_FOR.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return answer


def own_path(shell: Shell, asked: str) -> str:
    """The path somebody asked for before signing in, if it is one of ours; else the start. Never another host."""
    parts = urlsplit(asked) if asked.startswith("/") and "\\" not in asked else None
    if parts is None or parts.netloc or parts.scheme or asked.startswith("//") or not asked.isprintable():
        return "/"
    first = parts.path.split("/")[1]
    known = {path.split("/")[1] for path in shell.paths} - {"", "sign-in", "sign-out", "static"}
    return asked if first in known else "/"


def said(form: FormData, name: str) -> str:
    """A text field of a form; what is missing is empty."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""

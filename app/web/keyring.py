"""What lets a member in: the browsers they are signed in with, and their API tokens."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.web.guard import Caller
from app.web.me import LASTS, NO_WAY_IN, Self, account_page
from app.web.shell import Shell
from app.web.signing_in import said


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.post("/me/sessions")
    async def end_session(request: Request, caller: Self) -> Response:
        form = await shell.form(request, caller)
        await run_in_threadpool(shell.sessions.end, said(form, "session"), caller.member.member_id)
        return shell.said_at("/me", caller, "Signed out there.")

    @routes.post("/me/tokens")
    async def make_token(request: Request, caller: Self) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(token_made, request, caller, said(form, "token"), said(form, "lasts"))

    def token_made(request: Request, caller: Caller, name: str, lasts: str) -> Response:
        if not name.strip() or len(name) > 60 or lasts not in LASTS:
            told = "Write what it is for, in at most 60 characters."
            return account_page(shell, request, caller, 422, errors={"token": told})
        if caller.made_by:
            return account_page(shell, request, caller, 422, errors={"token": NO_WAY_IN})
        days = timedelta(days=int(lasts)) if lasts else None
        token, secret = shell.sessions.make_token(caller.member, name, days)
        # Shown in the answer itself: on a page of its own it would have to be kept somewhere until then.
        return account_page(shell, request, caller, secret=secret, made=token)

    @routes.post("/me/tokens/{token_id}/revoke")
    async def revoke(request: Request, caller: Self, token_id: str) -> Response:
        await shell.form(request, caller)
        await run_in_threadpool(shell.sessions.revoke, token_id, caller.member.member_id)
        return shell.said_at("/me", caller, "Revoked: it works nowhere any more.")

    return routes

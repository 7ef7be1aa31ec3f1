"""One member of the team: their role, a one-time link, signing them out, letting them go. For admins."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.ways_in import link_to
from app.web.guard import Caller
from app.web.me import NO_WAY_IN
from app.web.shell import Shell
from app.web.signing_in import said
from app.web.team import ROLES, Admin, address, role_of
from app.web.words import count
from domain.errors import TeamRefused


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/team/{member_id}")
    def show_member(request: Request, caller: Admin, member_id: str) -> HTMLResponse:
        return member_page(request, caller, member_id)

    def member_page(
        request: Request, caller: Caller, member_id: str, status: int = 200, **more: Any
    ) -> HTMLResponse:
        member = shell.staff.member(member_id)
        words: dict[str, Any] = {"link": None, "error": None}
        return shell.page(
            request,
            caller,
            "member.html",
            status=status,
            member=member,
            sessions=shell.sessions.of(member_id),
            tokens=[token for token in shell.sessions.tokens(member_id) if token.is_good(shell.now())],
            roles=ROLES,
            **(words | more),
        )

    @routes.post("/team/{member_id}/role")
    async def set_role(request: Request, caller: Admin, member_id: str) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(role_set, request, caller, member_id, said(form, "role"))

    def role_set(request: Request, caller: Caller, member_id: str, role: str) -> Response:
        try:
            member = shell.staff.set_role(member_id, role_of(role), caller.member.member_id)
        except TeamRefused as refused:
            return member_page(request, caller, member_id, 422, error=str(refused))
        # Who gave up being an admin may not look at this page any more.
        where = f"/team/{member_id}" if caller.member.member_id != member_id else "/me"
        return shell.said_at(where, caller, f"{member.name} is now {member.role.value}.")

    @routes.post("/team/{member_id}/link")
    async def make_link(request: Request, caller: Admin, member_id: str) -> Response:
        await shell.form(request, caller)
        return await run_in_threadpool(link_made, request, caller, member_id)

    def link_made(request: Request, caller: Caller, member_id: str) -> Response:
        if caller.made_by:
            return member_page(request, caller, member_id, 422, error=NO_WAY_IN)
        token = shell.staff.sign_in_link(shell.staff.member(member_id), caller.member.member_id)
        link = link_to(shell.house.settings, token, address(request))
        return member_page(request, caller, member_id, link=link)

    @routes.post("/team/{member_id}/sign-out")
    async def sign_out(request: Request, caller: Admin, member_id: str) -> Response:
        await shell.form(request, caller)
        many = await run_in_threadpool(shell.sessions.end_all, member_id, caller.member.member_id)
        return shell.said_at(f"/team/{member_id}", caller, f"Signed out in {count(many, 'browser')}.")

    @routes.post("/team/{member_id}/leave")
    async def leave(request: Request, caller: Admin, member_id: str) -> Response:
        await shell.form(request, caller)
        return await run_in_threadpool(left, request, caller, member_id)

    def left(request: Request, caller: Caller, member_id: str) -> Response:
        try:
            member = shell.staff.leave(member_id, caller.member.member_id)
        except TeamRefused as refused:
            return member_page(request, caller, member_id, 422, error=str(refused))
        return shell.said_at(
            "/team", caller, f"{member.name} has left the team and is signed out everywhere."
        )

    return routes

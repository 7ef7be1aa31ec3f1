"""The team: who is in it, with which role, and inviting somebody. For admins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.ways_in import link_to, mail_invitation
from app.web.guard import Caller, needs
from app.web.shell import Shell
from app.web.signing_in import said
from domain.errors import AttuneError, TeamRefused
from domain.staff import Act, Role
from policies.rights import RIGHTS

Admin = Annotated[Caller, needs(Act.ADMIN)]
ROLES = [(role.value, role.value) for role in Role]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    def page(request: Request, caller: Caller, status: int = 200, **more: Any) -> HTMLResponse:
        words: dict[str, Any] = {"errors": {}, "email": "", "role": Role.REVIEWER.value, "link": None}
        return shell.page(
            request,
            caller,
            "team.html",
            status=status,
            members=shell.staff.members(),
            invitations=shell.staff.invitations(),
            roles=ROLES,
            acts=[(act.value, {role.value: act in RIGHTS[role] for role in Role}) for act in Act],
            **(words | more),
        )

    @routes.get("/team")
    def show(request: Request, caller: Admin) -> HTMLResponse:
        return page(request, caller)

    @routes.post("/team/invitations")
    async def invite(request: Request, caller: Admin) -> Response:
        form = await shell.form(request, caller)
        email, role = said(form, "email"), role_of(said(form, "role"))
        try:
            ticket, token = await run_in_threadpool(shell.staff.invite, email, role, caller.member.member_id)
        except TeamRefused as refused:
            told = {"errors": {"email": str(refused)}, "email": email, "role": role.value}
            return await run_in_threadpool(lambda: page(request, caller, 422, **told))
        link, trouble = link_to(shell.house.settings, token, address(request)), None
        is_mailed = form.get("mail") == "yes"
        if is_mailed:
            try:
                await mail_invitation(shell.house, ticket, link)
            except AttuneError as problem:
                trouble = str(problem)
        shown: dict[str, Any] = {
            "link": link,
            "ticket": ticket,
            "is_mailed": is_mailed,
            "trouble": trouble,
        }
        return await run_in_threadpool(lambda: page(request, caller, **shown))

    @routes.post("/team/invitations/{ticket_id}/withdraw")
    async def withdraw(request: Request, caller: Admin, ticket_id: str) -> Response:
        await shell.form(request, caller)
        await run_in_threadpool(shell.staff.withdraw, ticket_id, caller.member.member_id)
        return shell.said_at("/team", caller, "Withdrawn: the link works no more.")

    return routes


def role_of(told: str) -> Role:
    """The role a form names. Raises `TeamRefused` where there is no such role."""
    try:
        return Role(told)
    except ValueError:
        raise TeamRefused(f"There is no role {told[:40]!r}. Nothing was changed.") from None


def address(request: Request) -> str:
    """Where the app was called at: what a link begins with, unless a public address is set."""
    return f"{request.url.scheme}://{request.url.netloc}"

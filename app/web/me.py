"""A member's own account: name and zone, password, how pages look."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from app.passwords import fits, hashed
from app.web.guard import Caller, needs
from app.web.links import is_zone
from app.web.shell import KEYS, THEME, THEMES, Shell
from app.web.signing_in import said
from domain.errors import TeamRefused
from domain.staff import Act

YEAR = timedelta(days=365)
LASTS = {"90": "90 days", "365": "a year", "": "until revoked"}
NO_WAY_IN = (
    "Somebody else made the link you came in by, so it makes no lasting way in. Sign in by password or single sign-on, "
    "or by a link made on the server: `attune team link EMAIL`."
)
Self = Annotated[Caller, needs(Act.SELF)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    attempts = shell.attempts

    @routes.get("/me")
    def show(request: Request, caller: Self) -> HTMLResponse:
        return account_page(shell, request, caller)

    @routes.post("/me")
    async def change(request: Request, caller: Self) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(
            changed, request, caller, said(form, "name").strip(), said(form, "zone")
        )

    def changed(request: Request, caller: Caller, name: str, zone: str) -> Response:
        errors = {}
        if not name or len(name) > 100:
            errors["name"] = "Write your name, in at most 100 characters."
        if not is_zone(zone):
            errors["zone"] = "Write a time zone such as Europe/Berlin."
        if errors:
            return account_page(shell, request, caller, 422, errors=errors, name=name, own_zone=zone)
        member_id = caller.member.member_id
        shell.staff.change(member_id, member_id, name=name, zone=zone)
        return shell.said_at("/me", caller, "Saved.")

    @routes.post("/me/password")
    async def set_password(request: Request, caller: Self) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(password_set, request, caller, form)

    def password_set(request: Request, caller: Caller, form: FormData) -> Response:
        member, name = caller.member, f"account {caller.member.email}"
        if wait := attempts.begin(name):
            told = f"Too many tries. Wait {round(wait) or 1} seconds."
            return account_page(shell, request, caller, 429, errors={"now": told})
        kept = shell.staff.password_hash(member.member_id)
        if kept is None and caller.made_by and caller.way == "link":
            told = f"{NO_WAY_IN} Nothing was set."
            return account_page(shell, request, caller, 422, errors={"new": told})
        if kept is not None and not fits(said(form, "now"), kept):
            return account_page(shell, request, caller, 422, errors={"now": "That is not your password."})
        attempts.succeeded(name)
        try:
            new = hashed(said(form, "new"), member.name, member.email)
        except TeamRefused as refused:
            return account_page(shell, request, caller, 422, errors={"new": str(refused)})
        shell.staff.set_password(member.member_id, new, member.member_id, keep_session=caller.session_id)
        return shell.said_at("/me", caller, "Your password is set. Other browsers were signed out.")

    @routes.post("/me/looks")
    async def choose_looks(request: Request, caller: Self) -> Response:
        form = await shell.form(request, caller)
        answer = shell.said_at("/me", caller, "Saved for this browser.")
        theme, keys = said(form, "theme"), "on" if form.get("keys") == "yes" else "off"
        for name, value, default in ((THEME, theme if theme in THEMES else "", ""), (KEYS, keys, "on")):
            if value == default:
                answer.delete_cookie(name, path="/", samesite="lax")
            else:
                age = round(YEAR.total_seconds())
                answer.set_cookie(name, value, max_age=age, path="/", samesite="lax")
        return answer

    return routes


def account_page(
    shell: Shell, request: Request, caller: Caller, status: int = 200, **more: Any
) -> HTMLResponse:
    """The page of one's own account, with what is said on it this time."""
    member = caller.member
    words: dict[str, Any] = {"errors": {}, "name": member.name, "own_zone": member.zone, "secret": None}
    return shell.page(
        request,
        caller,
        "me.html",
        status=status,
        sessions=shell.sessions.of(member.member_id),
        tokens=shell.sessions.tokens(member.member_id),
        lasts=LASTS,
        maker=shell.staff.member(caller.made_by).name if caller.made_by else None,
        **(words | more),
    )

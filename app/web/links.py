"""Signing in by a one-time link. A GET changes nothing: what looks into mail for dangers opens links too."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from app.four_eyes import ids_of
from app.passwords import hashed
from app.web.guard import anyone, read_form
from app.web.shell import Shell
from app.web.signing_in import said, signed_in
from domain.errors import TeamRefused
from domain.staff import Member, Ticket, TicketKind, folded_email, is_address

MOST_TOKEN_CHARS = 200
DEMO_ADMIN = ("admin@demo.example", "Demo Admin")


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    open_to_all = [anyone("the link itself is the proof")]

    @routes.get("/sign-in/link/{token}", dependencies=open_to_all)
    def show_link(request: Request, token: str) -> Response:
        return link_page(request, good(token))

    @routes.post("/sign-in/link/{token}", dependencies=open_to_all)
    async def use_link(request: Request, token: str) -> Response:
        form = await read_form(request, None)
        return await run_in_threadpool(used, request, token, form)

    def good(token: str) -> Ticket:
        return shell.staff.ticket(token[:MOST_TOKEN_CHARS])

    def used(request: Request, token: str, form: FormData) -> Response:
        ticket = good(token)
        if ticket.kind is TicketKind.SIGN_IN:
            member = shell.staff.use(token)
            return signed_in(shell, request, member, "link", made_by=maker(ticket, member))
        email, name = ticket.email or folded_email(said(form, "email")), said(form, "name").strip()
        password, zone = said(form, "password"), said(form, "zone")
        errors = wrong_in(email, name, zone)
        try:
            kept = hashed(password, name, email) if password else None
        except TeamRefused as refused:
            errors["password"] = str(refused)
        if errors:
            return link_page(request, ticket, email, name, zone, errors, 422)
        member = shell.staff.use(token, email=email, name=name, zone=zone)
        if kept:
            shell.staff.set_password(member.member_id, kept, member.member_id, keep_session="")
        return signed_in(shell, request, member, ticket.kind.value, made_by=maker(ticket, member))

    def maker(ticket: Ticket, member: Member) -> str | None:
        known = ids_of(shell.staff.members())
        made_by = known.get((ticket.made_by or "").casefold())
        return made_by if made_by != member.member_id else None

    def link_page(
        request: Request,
        ticket: Ticket,
        email: str = "",
        name: str = "",
        zone: str = "",
        errors: dict[str, str] | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        member = shell.staff.member(ticket.member_id) if ticket.member_id else None
        if errors is None and shell.house.label and ticket.kind is TicketKind.FIRST_RUN:
            # A sample workspace is there to be looked at: one press of a key is enough.
            email, name = DEMO_ADMIN
        return shell.page(
            request,
            None,
            "link.html",
            status=status,
            ticket=ticket,
            member=member,
            email=email,
            name=name,
            own_zone=zone or shell.house.settings.time_zone,
            errors=errors or {},
        )

    return routes


def wrong_in(email: str, name: str, zone: str) -> dict[str, str]:
    """What is wrong in what a new member said of themselves, by field."""
    errors = {}
    if not is_address(email):
        errors["email"] = "Write an e-mail address, such as dana@example.com."
    if not name or len(name) > 100:
        errors["name"] = "Write your name, in at most 100 characters."
    if not is_zone(zone):
        errors["zone"] = "Write a time zone such as Europe/Berlin."
    return errors


def is_zone(name: str) -> bool:
    """Tell whether this names a time zone."""
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (OSError, ValueError, KeyError):
        return False

"""People's rights on their page: export, objection and erasure, each asked once more, for who may (C-14)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.contact_view import ContactHead, head_of
from app.privacy.desk import erase_for, erasure_of, export_for, object_for
from app.web.guard import Caller, needs
from app.web.shell import Shell, see_other
from app.web.signing_in import said
from domain.errors import NotFound, WorkspaceBusy
from domain.staff import Act

RIGHTS = ("export", "object", "erase")
MOST_WORDING_CHARS = 2_000

Keeper = Annotated[Caller, needs(Act.PRIVACY)]


def router(shell: Shell) -> APIRouter:
    """Return the routes. They stand after those of `contacts`, whose paths are longer."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/contacts/{contact_id}/{right}")
    def ask(request: Request, caller: Keeper, contact_id: str, right: str) -> Response:
        if right not in RIGHTS:
            raise NotFound("page", right)
        try:
            head = head_of(house, contact_id)
        except NotFound:
            return gone(shell, request, caller, contact_id)
        return asked(shell, request, caller, head, right)

    @routes.post("/contacts/{contact_id}/export")
    async def export(request: Request, caller: Keeper, contact_id: str) -> Response:
        await shell.form(request, caller)
        name, packed = await run_in_threadpool(export_for, house, contact_id, caller.member.member_id)
        return Response(
            packed,
            media_type="application/zip",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    @routes.post("/contacts/{contact_id}/object")
    async def object_to(request: Request, caller: Keeper, contact_id: str) -> Response:
        form = await shell.form(request, caller)
        wording = said(form, "wording").strip()[:MOST_WORDING_CHARS]
        by = caller.member.member_id
        _, stopped = await run_in_threadpool(object_for, house, contact_id, wording, by)
        answer = see_other(f"/contacts/{contact_id}?tab=rights")
        withdrawn = f" {stopped} messages on their way were withdrawn." if stopped else ""
        shell.say(answer, caller, f"Nothing more is sent, scored or learned from this person.{withdrawn}")
        return answer

    @routes.post("/contacts/{contact_id}/erase")
    async def erase(request: Request, caller: Keeper, contact_id: str) -> Response:
        form = await shell.form(request, caller)
        head = await run_in_threadpool(head_of, house, contact_id)
        if said(form, "confirm").strip() != head.contact.id:
            error = f"To erase this person, type their id exactly: {head.contact.id}"
            return asked(shell, request, caller, head, "erase", error, 422)
        try:
            erasure = await run_in_threadpool(erase_for, house, contact_id, caller.member.member_id)
        except WorkspaceBusy as busy:
            return asked(shell, request, caller, head, "erase", str(busy), 409)
        shell.repeats.clear()
        answer = see_other(f"/contacts/{contact_id}")
        if erasure.leftovers:
            left = ", ".join(erasure.leftovers)
            words = f"Erased ({erasure.request_id}). Files a person wrote still name them; change them yourself: {left}"
            shell.say(answer, caller, words, "bad")
        else:
            shell.say(answer, caller, f"Erased ({erasure.request_id}). Nothing of this person is left here.")
        return answer

    return routes


def asked(
    shell: Shell,
    request: Request,
    caller: Caller,
    head: ContactHead,
    right: str,
    error: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The page that asks once more, or says what was missing or stood in the way."""
    return shell.page(
        request, caller, "contact_right.html", head=head, right=right, error=error, status=status
    )


def gone(shell: Shell, request: Request, caller: Caller, contact_id: str) -> HTMLResponse:
    """Say that somebody was erased (410). Raises `NotFound` where nobody ever stood here."""
    erasure = erasure_of(shell.house, contact_id)
    if erasure is None:
        raise NotFound("contact", contact_id, "Look for them by name at /contacts.")
    return shell.page(request, caller, "contact_gone.html", status=410, erasure=erasure)

"""Contacts: search, one contact's page with its story, decisions and memory; and people's rights, in two steps."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.contact_view import decisions_of, facts_of, head_of, recalled_of, requests_of, story_of
from app.privacy.desk import erase_for, erasure_of, export_for, object_for
from app.web.guard import Caller, needs
from app.web.paging import PAGE_SIZE, page_number, page_of
from app.web.searches import DID, QUIET, STAGES, WITHIN, contact_search, place_asked, place_told
from app.web.shell import Shell, see_other
from app.web.signing_in import said
from domain.errors import NotFound
from domain.rights import RequestKind
from policies.rights import Act

TABS = {
    "story": "Story",
    "decisions": "Decisions",
    "record": "On record",
    "memory": "Memory",
    "rights": "Rights",
}
RIGHTS = {"export": RequestKind.ACCESS, "object": RequestKind.OBJECTION, "erase": RequestKind.ERASURE}
MOST_WORDING_CHARS = 2_000

Reader = Annotated[Caller, needs(Act.READ)]
Keeper = Annotated[Caller, needs(Act.PRIVACY)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/contacts")
    def listed(request: Request, caller: Reader) -> HTMLResponse:
        search = contact_search(request.query_params)
        lines, total = house.finder.contacts(search, PAGE_SIZE, (page_number(request) - 1) * PAGE_SIZE)
        page = page_of(request, total)
        if page.number != page_number(request):
            lines, _ = house.finder.contacts(search, PAGE_SIZE, page.offset)
        return shell.page(
            request,
            caller,
            "contacts.html",
            lines=lines,
            page=page,
            search=search,
            asked=request.query_params,
            choices=house.finder.choices(),
            stages=STAGES,
            did=DID,
            quiet=QUIET,
            within=WITHIN,
        )

    @routes.get("/contacts/{contact_id}")
    def show(request: Request, caller: Reader, contact_id: str) -> Response:
        try:
            head = head_of(house, contact_id)
        except NotFound:
            return gone(request, caller, contact_id)
        tab = request.query_params.get("tab", "story")
        tab = tab if tab in TABS else "story"
        return shell.page(
            request,
            caller,
            "contact.html",
            head=head,
            tabs=TABS,
            tab=tab,
            may_act=caller.may(Act.PRIVACY),
            paths=shell.paths,
            **_tab(request, contact_id, tab),
        )

    def _tab(request: Request, contact_id: str, tab: str) -> dict[str, Any]:
        """What one tab shows; only that is read."""
        if tab == "record":
            return {"known": facts_of(house, contact_id)}
        if tab == "decisions":
            return {"runs": decisions_of(house, contact_id)}
        if tab == "memory":
            about = request.query_params.get("about", "").strip()[:MOST_WORDING_CHARS]
            return {"about": about, "recalled": recalled_of(house, contact_id, about)}
        if tab == "rights":
            return {"requests": requests_of(house, contact_id)}
        told = story_of(house, contact_id, place_asked(request.query_params.get("before", "")))
        return {"story": told, "older": place_told(told.older) if told.older else None}

    def gone(request: Request, caller: Caller, contact_id: str) -> Response:
        request_done = erasure_of(house, contact_id)
        if request_done is None:
            raise NotFound("contact", contact_id, "Look for them by name at /contacts.")
        return shell.page(request, caller, "contact_gone.html", status=410, erasure=request_done)

    @routes.get("/contacts/{contact_id}/decisions/{decision_id}")
    def why(request: Request, caller: Reader, contact_id: str, decision_id: str) -> HTMLResponse:
        from app.why import stored_why, why_of

        decision = house.crm.decision(decision_id)
        if decision.contact_id != contact_id:
            raise NotFound("decision", decision_id, "It is about another contact.")
        is_deep = request.query_params.get("deep") == "yes"
        told = why_of(house, decision) if is_deep else stored_why(house, decision)
        made = house.archive.made_for(decision.id)
        return shell.page(
            request, caller, "contact_decision.html", why=told, made=made, decision=decision, is_deep=is_deep
        )

    @routes.get("/contacts/{contact_id}/{right}")
    def ask(request: Request, caller: Keeper, contact_id: str, right: str) -> Response:
        if right not in RIGHTS:
            raise NotFound("page", right)
        try:
            head = head_of(house, contact_id)
        except NotFound:
            return gone(request, caller, contact_id)
        return asked(request, caller, head, right)

    def asked(
        request: Request, caller: Caller, head: Any, right: str, *, error: str = "", status: int = 200
    ) -> HTMLResponse:
        return shell.page(
            request, caller, "contact_right.html", head=head, right=right, error=error, status=status
        )

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
            return asked(request, caller, head, "erase", error=error, status=422)
        erasure = await run_in_threadpool(erase_for, house, contact_id, caller.member.member_id)
        answer = see_other(f"/contacts/{contact_id}")
        rows = sum(erasure.removed.values())
        if erasure.leftovers:
            left = ", ".join(erasure.leftovers)
            words = f"Erased: {rows:,} records. Files a person wrote still name them, and are yours to change: {left}"
            shell.say(answer, caller, words, "bad")
        else:
            shell.say(answer, caller, f"Erased: {rows:,} records. Nothing of this person is left here.")
        return answer

    return routes

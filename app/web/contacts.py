"""Contacts: search, one contact's page with its story, decisions, record and memory."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.contact_view import decisions_of, facts_of, head_of, recalled_of, requests_of, story_of
from app.web.contact_rights import gone
from app.web.guard import Caller, needs
from app.web.paging import PAGE_SIZE, page_number, page_of
from app.web.searches import DID, QUIET, STAGES, WITHIN, contact_search, place_asked, place_told
from app.web.shell import Shell
from domain.errors import HistoryMismatch, ModelError, NotFound
from domain.staff import Act

TABS = {
    "story": "Story",
    "decisions": "Decisions",
    "record": "On record",
    "memory": "Memory",
    "rights": "Rights",
}
MOST_ABOUT_CHARS = 500

Reader = Annotated[Caller, needs(Act.READ)]


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
            return gone(shell, request, caller, contact_id)
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
            about = request.query_params.get("about", "").strip()[:MOST_ABOUT_CHARS]
            return {"about": about, **_recalled(contact_id, about)}
        if tab == "rights":
            return {"requests": requests_of(house, contact_id)}
        told = story_of(house, contact_id, place_asked(request.query_params.get("before", "")))
        campaigns = {campaign.id: campaign.name for campaign in house.crm.campaigns(limit=500)}
        return {
            "story": told,
            "campaigns": campaigns,
            "older": place_told(told.older) if told.older else None,
        }

    def _recalled(contact_id: str, about: str) -> dict[str, Any]:
        try:
            return {"recalled": recalled_of(house, contact_id, about), "trouble": ""}
        except (HistoryMismatch, ModelError) as trouble:
            return {"recalled": (), "trouble": str(trouble)}

    @routes.get("/contacts/{contact_id}/decisions/{decision_id}")
    def why(request: Request, caller: Reader, contact_id: str, decision_id: str) -> HTMLResponse:
        from app.why import stored_why, why_of
        from app.why_words import NAMES, lesson_words, turning_words

        decision = house.crm.decision(decision_id)
        if decision.contact_id != contact_id:
            raise NotFound("decision", decision_id, "It is about another contact.")
        is_deep = request.query_params.get("deep") == "yes"
        told = why_of(house, decision) if is_deep else stored_why(house, decision)
        made = house.archive.made_for(decision.id)
        return shell.page(
            request,
            caller,
            "contact_decision.html",
            why=told,
            group_names=NAMES,
            turning=[turning_words(point, told) for point in told.turning_points],
            lessons=[lesson_words(lesson, told) for lesson in (*told.lessons_for, *told.lessons_against)],
            made=made,
            decision=decision,
            is_deep=is_deep,
        )

    return routes

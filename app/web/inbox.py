"""The review inbox: the queue, one proposal on one screen, figures; what a reviewer does is in `inbox_acts`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.batches import MOST_ITEMS
from app.pictures import html_as_it_arrives
from app.web import inbox_words as words
from app.web.guard import Caller, needs, not_found
from app.web.inbox_acts import add_batches, add_decisions, add_edits, add_marks
from app.web.inbox_desk import Inbox, proposal_page
from app.web.paging import page_number, page_of
from app.web.shell import Shell
from domain.review_queue import QueueOrder
from domain.staff import Act

FIGURE_DAYS = 30

BARE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
}
"""A message in its frame loads nothing, runs nothing and leads nowhere; its own inline styles are all it has."""

Reader = Annotated[Caller, needs(Act.READ)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    inbox = Inbox(shell)
    routes = APIRouter()
    shell.counters["/inbox"] = lambda _caller: shell.house.review_queue.counts(shell.now()).waiting
    _add_lists(routes, inbox)
    _add_proposal(routes, inbox)
    add_batches(routes, inbox)
    add_decisions(routes, inbox)
    add_edits(routes, inbox)
    add_marks(routes, inbox)
    return routes


def _add_lists(routes: APIRouter, inbox: Inbox) -> None:
    shell, house = inbox.shell, inbox.house

    @routes.get("/inbox")
    def queue(request: Request, caller: Reader) -> HTMLResponse:
        wanted = words.filter_of(request.query_params)
        page = house.review_queue.page(wanted, shell.now(), page_number(request))
        return shell.page(
            request,
            caller,
            "inbox.html",
            wanted=wanted,
            query=words.query_of(wanted),
            lines=page.lines,
            pager=page_of(request, page.total),
            counts=house.review_queue.counts(shell.now(), caller.member.member_id),
            campaigns=house.review_queue.campaigns(),
            reviewers=inbox.reviewers(),
            names=inbox.names(),
            orders=list(QueueOrder),
            levels=words.LEVEL_BADGES,
            statuses=words.STATUS_BADGES,
            reasons=words.REASONS,
            most=MOST_ITEMS,
            review_act=Act.REVIEW,
        )

    @routes.get("/inbox/figures")
    def figures(request: Request, caller: Reader) -> HTMLResponse:
        return shell.page(
            request,
            caller,
            "inbox_figures.html",
            figures=house.review_figures.of(shell.now(), FIGURE_DAYS),
            counts=house.review_queue.counts(shell.now(), caller.member.member_id),
            names=inbox.names(),
        )

    @routes.get("/inbox/batch/{key}")
    def batch(request: Request, key: str, caller: Annotated[Caller, needs(Act.REVIEW)]) -> HTMLResponse:
        found = inbox.kept(caller, key)
        if found is None:
            raise not_found("What became of this batch is not kept any more. Every proposal says so itself.")
        return shell.page(request, caller, "inbox_batch.html", act=found[0].value, results=found[1])


def _add_proposal(routes: APIRouter, inbox: Inbox) -> None:
    house = inbox.house

    @routes.get("/inbox/{proposal_id}")
    def proposal(request: Request, proposal_id: str, caller: Reader) -> HTMLResponse:
        if caller.may(Act.REVIEW):
            house.desk.get_ready()
        return proposal_page(inbox, request, caller, proposal_id)

    @routes.get("/inbox/{proposal_id}/message", dependencies=[needs(Act.READ)])
    def message(proposal_id: str) -> HTMLResponse:
        found = house.proposals.get(proposal_id).message

        async def render(desk: Any, _carrier: Any) -> str:
            return html_as_it_arrives(desk, found)

        return HTMLResponse(house.desk.do(render), headers=BARE)

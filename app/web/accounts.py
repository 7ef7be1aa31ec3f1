"""Accounts: search, and one company's page with its people, engagement, deals and what may come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.account_view import account_view
from app.web.bars import week_bars
from app.web.guard import Caller, needs
from app.web.paging import PAGE_SIZE, page_number, page_of
from app.web.searches import DID, QUIET, WITHIN, account_search
from app.web.shell import Shell
from domain.staff import Act

Reader = Annotated[Caller, needs(Act.READ)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/accounts")
    def listed(request: Request, caller: Reader) -> HTMLResponse:
        search = account_search(request.query_params)
        lines, total = house.finder.accounts(search, PAGE_SIZE, (page_number(request) - 1) * PAGE_SIZE)
        page = page_of(request, total)
        if page.number != page_number(request):
            lines, _ = house.finder.accounts(search, PAGE_SIZE, page.offset)
        return shell.page(
            request,
            caller,
            "accounts.html",
            lines=lines,
            page=page,
            search=search,
            asked=request.query_params,
            choices=house.finder.account_choices(),
            did=DID,
            quiet=QUIET,
            within=WITHIN,
        )

    @routes.get("/accounts/{account_id}")
    def show(request: Request, caller: Reader, account_id: str) -> HTMLResponse:
        view = account_view(house, account_id)
        return shell.page(
            request,
            caller,
            "account.html",
            view=view,
            bars=week_bars(view.weeks, shell.now()),
            paths=shell.paths,
        )

    return routes

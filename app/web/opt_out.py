"""One-click opt-out (RFC 8058) and its page: POST stops everything, GET changes nothing.

A POST needs no cookie, no login and no body, and is answered without a redirect. Link scanners send GETs.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.web.pages import LINKED, Pages, masked

PATH = "/unsubscribe"


def router(pages: Pages) -> APIRouter:
    """Return the routes; the path of the sender profile's `unsubscribe_url` leads here as well."""
    routes = APIRouter()

    def show(request: Request) -> HTMLResponse:
        outbox_id = pages.outbox_id(request)
        known = pages.preferences.of(outbox_id) if outbox_id else None
        if known is None:
            return pages.no_such_link(request)
        if known.is_opted_out:
            return pages.page("stopped.html", address=masked(known.address))
        token = quote(request.query_params["c"], safe="")
        return pages.page("unsubscribe.html", address=masked(known.address), token=token)

    async def stop(request: Request) -> HTMLResponse:
        outbox_id = pages.outbox_id(request)
        if outbox_id is None:
            return pages.no_such_link(request)
        is_one_click = b"List-Unsubscribe=One-Click" in await request.body()
        source = "one-click opt-out" if is_one_click else "opt-out page"
        known = await run_in_threadpool(pages.preferences.opt_out, outbox_id, source)
        if known is None:
            return pages.no_such_link(request)
        return pages.page("stopped.html", address=masked(known.address))

    for path in dict.fromkeys((PATH, urlsplit(str(pages.house.sender.unsubscribe_url)).path or PATH)):
        routes.add_api_route(path, show, methods=["GET"], response_class=HTMLResponse, **LINKED)
        routes.add_api_route(path, stop, methods=["POST"], response_class=HTMLResponse, **LINKED)
    return routes

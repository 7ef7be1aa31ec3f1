"""Builds the application: one router a file, the limits and headers around all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.web import (
    accounts,
    assets,
    autonomy,
    campaign_edit,
    campaign_wizard,
    campaigns,
    chat,
    contact_rights,
    contacts,
    content,
    health,
    hooks,
    inbox,
    keyring,
    leads,
    links,
    mcp,
    me,
    members,
    opt_out,
    preferences,
    result_charts,
    results,
    rules,
    runs,
    signing_in,
    single_sign_on,
    team,
)
from app.web.api import routes
from app.web.errors import answer_errors
from app.web.guard import unguarded
from app.web.headers import SecurityHeaders
from app.web.limits import BodyLimit, Misses
from app.web.pages import Pages
from app.web.shell import MOST_A_MINUTE, Shell

if TYPE_CHECKING:
    from app.wiring import House

HERE = Path(__file__).parent

WEB_ROUTERS = (
    assets.router,
    signing_in.router,
    links.router,
    inbox.router,
    autonomy.router,
    single_sign_on.router,
    campaign_wizard.router,
    campaigns.router,
    campaign_edit.router,
    runs.router,
    content.router,
    rules.router,
    results.router,
    result_charts.router,
    chat.router,
    contacts.router,
    contact_rights.router,
    accounts.router,
    leads.router,
    team.router,
    members.router,
    me.router,
    keyring.router,
    mcp.router,
    routes.router,
)
"""The web app for the team, one router a place; each route names whom it lets in (`guard.needs`)."""


def make_app(house: House, requests_a_minute: int = MOST_A_MINUTE) -> FastAPI:
    """Return the door of one opened workspace; the caller keeps the house open while it is served.

    `requests_a_minute`: how many the API answers one member.

    Raises:
        SettingsInvalid: a webhook's secret is not what its provider gives out.
        RuntimeError: a route of the web app does not say whom it lets in.

    """
    app = FastAPI(
        title="Attune",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=mcp.open_mcp,
    )
    pages = Pages(house, HERE / "templates", Misses())
    app.include_router(opt_out.router(pages))
    app.include_router(preferences.router(pages))
    app.include_router(hooks.router(house))
    app.include_router(health.router(house, HERE / "static" / "style.css"))
    _add_web_app(app, house, requests_a_minute)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    return app


def _add_web_app(app: FastAPI, house: House, requests_a_minute: int) -> None:
    shell = app.state.shell = Shell(house, requests_a_minute)
    paths: set[str] = set()
    for router in WEB_ROUTERS:
        routes = router(shell)
        if open_ones := list(unguarded(routes)):
            raise RuntimeError(
                f"{router.__module__}: {', '.join(open_ones)} say not whom they let in (guard.needs)"
            )
        paths |= {route.path for route in routes.routes if isinstance(route, APIRoute)}
        app.include_router(routes)
    shell.paths = frozenset(paths)
    answer_errors(app, shell)

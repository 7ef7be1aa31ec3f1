"""Builds the application: one router a file, the limits and headers around all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.web import health, hooks, opt_out, preferences
from app.web.headers import SecurityHeaders
from app.web.limits import BodyLimit, Misses
from app.web.pages import Pages

if TYPE_CHECKING:
    from app.wiring import House

HERE = Path(__file__).parent


def make_app(house: House) -> FastAPI:
    """Return the door of one opened workspace; the caller keeps the house open while it is served.

    Raises:
        SettingsInvalid: a webhook's secret is not what its provider gives out.

    """
    app = FastAPI(title="Attune", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    pages = Pages(house, HERE / "templates", Misses())
    app.include_router(opt_out.router(pages))
    app.include_router(preferences.router(pages))
    app.include_router(hooks.router(house))
    app.include_router(health.router(house, HERE / "static" / "style.css"))
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    return app

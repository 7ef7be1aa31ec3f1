"""Whether the door is open, the database behind it answers, and how the process it belongs to fares; and the pages' one
style sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.web.pages import beside

if TYPE_CHECKING:
    from app.wiring import House


FARES = "fares"
"""Where the application keeps what tells how its process fares."""


def router(house: House, style: Path) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/health", responses={503: {"description": "the database or the process does not work"}})
    def health(request: Request) -> JSONResponse:
        try:
            with house.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"status": "no database"}, status_code=503)
        # `attune serve` says how its process fares; a door alone has no more to tell.
        fares: Callable[[], dict[str, Any]] | None = getattr(request.app.state, FARES, None)
        told = fares() if fares else {"ok": True}
        status = {"status": "ok" if told["ok"] else "failing"}
        return JSONResponse({**status, **told} if fares else status, status_code=200 if told["ok"] else 503)

    def style_sheet() -> FileResponse:
        return FileResponse(style, media_type="text/css", headers={"cache-control": "max-age=3600"})

    for path in beside(house, "style.css"):
        routes.add_api_route(
            path, style_sheet, methods=["GET"], response_class=FileResponse, include_in_schema=False
        )
    return routes

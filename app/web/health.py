"""Whether the door is open and the database behind it answers; and the pages' one style sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from app.wiring import House


def router(house: House, style: Path) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/health")
    def health() -> JSONResponse:
        try:
            with house.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"status": "no database"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @routes.get("/style.css")
    def style_sheet() -> FileResponse:
        return FileResponse(style, media_type="text/css", headers={"cache-control": "max-age=3600"})

    return routes

"""The HTTP door of `attune serve`: everything of `app.web`, its `/health` telling of the whole process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.web import make_app
from app.web.health import FARES

if TYPE_CHECKING:
    from app.serving import Server


def http_app(server: Server) -> FastAPI:
    """Return the application to serve."""
    door = make_app(server.house)
    setattr(door.state, FARES, lambda: server.health.as_record(server.house.clock()))
    return door

"""The HTTP door of `attune serve`: `/health`, and everything of `app.web` where that is installed beside it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response

if TYPE_CHECKING:
    from app.serving import Server


def http_app(server: Server) -> FastAPI:
    """Return the application to serve: `/health` first, then the rest."""
    door = FastAPI(title="Attune", docs_url=None, redoc_url=None, openapi_url=None)

    @door.get("/health")
    def health(response: Response) -> dict[str, Any]:
        told = server.health.as_record(server.house.clock())
        response.status_code = 200 if told["ok"] else 503
        return told

    if find_spec("app.web") is not None:
        door.mount("/", import_module("app.web").make_app(server.house))
    return door

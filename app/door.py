"""The HTTP door of `attune serve`: `/health`, and everything of `app.web`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response

from app.web import make_app

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

    door.mount("/", make_app(server.house))
    return door

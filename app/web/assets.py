"""Files of ours that pages need: style sheets, scripts, the mark. Nothing comes from elsewhere."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from app.web.guard import anyone, not_found
from app.web.shell import STATIC, Shell

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def router(_shell: Shell) -> APIRouter:
    """Return the routes; a file's address holds its version, so it may be kept for good."""
    routes = APIRouter(dependencies=[anyone("the sign-in page needs them as well")])
    files = {file.name: file for file in STATIC.iterdir() if file.suffix in TYPES}

    @routes.get("/static/{name}")
    def static(name: str) -> FileResponse:
        if name not in files:
            raise not_found("There is no such file.")
        kept = {"cache-control": "public, max-age=31536000, immutable"}
        return FileResponse(files[name], media_type=TYPES[files[name].suffix], headers=kept)

    return routes

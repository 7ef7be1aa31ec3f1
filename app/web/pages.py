"""What the pages share: the templates, whose link this is, and who to write to when it is nobody's."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agents.letter import outbox_id_of
from app.web.limits import MISSES_SECONDS, Misses, address_of
from memory.crm.preferences import PreferenceStore

if TYPE_CHECKING:
    from app.wiring import House

MOST_TOKEN_CHARS = 300

LINKED: dict[str, Any] = {
    "responses": {
        404: {"description": "the link is not one of ours", "content": {"text/html": {}}},
        413: {"description": "the body is too large", "content": {"text/plain": {}}},
        429: {"description": "too many wrong links came from this network", "content": {"text/html": {}}},
    },
    "openapi_extra": {
        "parameters": [
            {
                "name": "c",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "the message's signed id",
            }
        ]
    },
}
"""What is said of every page that a message's link leads to."""


class Pages:
    """Renders pages for the holder of a message's link."""

    def __init__(self, house: House, templates: Path, misses: Misses) -> None:
        self.house = house
        self.preferences = PreferenceStore(house.engine, house.audit, house.clock)
        self._key = house.link_key
        self._misses = misses
        self._templates = Environment(
            loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined
        )

    def outbox_id(self, request: Request) -> str | None:
        """The message whose signed id (`c`) the address carries, or None where the signature is not ours."""
        token = request.query_params.get("c", "")
        return outbox_id_of(token, self._key) if len(token) <= MOST_TOKEN_CHARS else None

    def page(self, name: str, status: int = 200, **words: Any) -> HTMLResponse:
        """Render one page in the sender's name."""
        sender = self.house.sender
        html = self._templates.get_template(name).render(
            organisation=sender.organisation, mailbox=str(sender.reply_to or sender.from_email), **words
        )
        return HTMLResponse(html, status_code=status)

    def no_such_link(self, request: Request) -> HTMLResponse:
        """Say that the link is not one of ours, and what to do instead."""
        if self._misses.is_too_many(address_of(request)):
            answer = self.page(
                "problem.html", 429, said="Too many wrong links came from your network just now."
            )
            answer.headers["retry-after"] = str(round(MISSES_SECONDS))
            return answer
        return self.page("problem.html", 404, said="This link is not complete, or not one of ours.")


def beside(house: House, name: str) -> tuple[str, ...]:
    """The paths of a page: its own, and the one beside the opt-out address that stands in messages.

    Pages link to each other by name alone, so they lead on wherever a proxy puts them.
    """
    folder = posixpath.dirname(urlsplit(str(house.sender.unsubscribe_url)).path).rstrip("/")
    return tuple(dict.fromkeys((f"/{name}", f"{folder}/{name}")))


def masked(address: str) -> str:
    """An address its owner recognises and a stranger does not learn: `d…@northwind.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"

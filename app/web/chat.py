"""The place of the assistant: what will be here, and what does the same today."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.web.guard import Caller, needs
from app.web.shell import Shell
from policies.rights import Act

TODAY = (
    (
        "Who would a campaign reach?",
        "attune campaign check FILE",
        "each condition, and how many contacts it leaves",
    ),
    (
        "What would it write?",
        "attune run FILE --dry-run",
        "real decisions and drafts; nothing leaves the house",
    ),
    (
        "Why did someone get this, or nothing?",
        "attune explain CONTACT",
        "the decision, its odds, what would turn it",
    ),
    ("What works?", "attune metrics", "outcomes, lift against the holdout, and what cannot be told yet"),
    ("Whom should sales call?", "attune handoff", "contacts ready for a person, with the reasons"),
)


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/chat")
    def show(request: Request, caller: Annotated[Caller, needs(Act.CHAT)]) -> HTMLResponse:
        return shell.page(request, caller, "chat.html", today=TODAY)

    return routes

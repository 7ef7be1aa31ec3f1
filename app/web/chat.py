"""The place of the assistant: what will be here, and what does the same today."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.web.guard import Caller, needs
from app.web.shell import Shell
from domain.base import Noun
from domain.staff import Act


class Question(Noun):
    """Something one would ask, and what answers it until the assistant does."""

    words: str
    place: str
    command: str
    tells: str


TODAY = (
    Question(
        words="Who would a campaign reach?",
        place="/campaigns",
        command="attune campaign check CAMPAIGN",
        tells="each condition, and how many contacts it leaves",
    ),
    Question(
        words="What would it write?",
        place="/campaigns",
        command="attune run CAMPAIGN --dry-run",
        tells="real decisions and drafts; nothing leaves the house",
    ),
    Question(
        words="What waits for a person?",
        place="/inbox",
        command="attune review list",
        tells="each message, why it waits, and what it rests on",
    ),
    Question(
        words="Why did someone get this, or nothing?",
        place="/contacts",
        command="attune explain CONTACT",
        tells="the decision, its odds, and what would turn it",
    ),
    Question(
        words="What works?",
        place="/results",
        command="attune metrics",
        tells="outcomes, lift against the holdout, and what cannot be told yet",
    ),
    Question(
        words="Whom should sales call?",
        place="/leads",
        command="attune handoff",
        tells="contacts ready for a person, with the reasons",
    ),
)


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/chat")
    def show(request: Request, caller: Annotated[Caller, needs(Act.CHAT)]) -> HTMLResponse:
        return shell.page(request, caller, "chat.html", today=TODAY, there=shell.paths)

    return routes

"""One run: how far it is, live; who ended where and why; what a dry run would say; giving it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from app.run_board import contacts_of, progress_of, run_page
from app.run_words import WORDS
from app.runs import cancel, retry
from app.web.guard import Caller, needs
from app.web.shell import Shell, see_other
from domain.errors import NotFound
from domain.run import ContactOutcome
from domain.staff import Act
from policies.explain import describe

LINES = 50
LOOK_SECONDS = 1.0
STREAM_SECONDS = 30.0
"""A stream ends after so long and the browser asks again, so that a session that ended is noticed."""

Writer = Annotated[Caller, needs(Act.CAMPAIGN_WRITE)]
Reader = Annotated[Caller, needs(Act.READ)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    house = shell.house

    @routes.get("/runs/{run_id}")
    def run(request: Request, caller: Reader, run_id: str) -> Response:
        found = run_page(house, run_id)
        asked = request.query_params.get("outcome", "")
        outcome = ContactOutcome(asked) if asked in set(ContactOutcome) else None
        rule_id = request.query_params.get("rule", "")[:20] or None
        after = request.query_params.get("after", "")[:100]
        lines = contacts_of(house, run_id, outcome, rule_id, after, LINES)
        return shell.page(
            request,
            caller,
            "run.html",
            found=found,
            progress=found.progress,
            lines=lines,
            more_after=lines[-1][0].contact_id if len(lines) == LINES else None,
            outcome=asked if outcome else "",
            rule=rule_id or "",
            after=after,
            words=WORDS,
            can_write=caller.may(Act.CAMPAIGN_WRITE),
            rules={rule_id: _title(rule_id) for rule_id, _ in found.refusals},
        )

    @routes.get("/runs/{run_id}/events")
    async def events(request: Request, caller: Reader, run_id: str) -> Response:
        await run_in_threadpool(house.runs.get, run_id)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(
            told(request, caller, run_id), media_type="text/event-stream", headers=headers
        )

    async def told(request: Request, caller: Caller, run_id: str) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        before, until = "", asyncio.get_running_loop().time() + STREAM_SECONDS
        while asyncio.get_running_loop().time() < until and not await request.is_disconnected():
            progress, html = await run_in_threadpool(shown, request, caller, run_id)
            if html != before:
                before = html
                yield "event: progress\n" + "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
            if not progress:
                yield "event: end\ndata: ended\n\n"
                return
            await asyncio.sleep(LOOK_SECONDS)

    def shown(request: Request, caller: Caller, run_id: str) -> tuple[bool, str]:
        progress = progress_of(house, run_id)
        page = shell.page(request, caller, "run_progress.html", progress=progress)
        return progress.is_open, bytes(page.body).decode()

    @routes.post("/runs/{run_id}/cancel")
    async def give_up(request: Request, caller: Writer, run_id: str) -> Response:
        await shell.form(request, caller)
        await run_in_threadpool(cancel, house, run_id, caller.member.member_id)
        response = see_other(f"/runs/{run_id}")
        shell.say(response, caller, "Given up. Whoever was still queued is not reached.")
        return response

    @routes.post("/runs/{run_id}/retry")
    async def again(request: Request, caller: Writer, run_id: str) -> Response:
        await shell.form(request, caller)
        many = await run_in_threadpool(retry, house, run_id)
        response = see_other(f"/runs/{run_id}")
        shell.say(
            response, caller, f"{many:,} on the queue again." if many else "Nothing of this run is parked."
        )
        return response

    return routes


def _title(rule_id: str) -> str:
    try:
        return describe(rule_id).title
    except NotFound:
        return rule_id

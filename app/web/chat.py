"""The place of the assistant: conversations, what was said in them, and asking on. Acts on them: `chat_acts.py`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from app.answer_words import next_page
from app.web.chat_acts import add_acts
from app.web.chat_room import ChatRoom
from app.web.guard import Caller, needs, not_found
from app.web.paging import page_number
from app.web.shell import Shell, see_other
from app.web.talks import Talk
from domain.assistant import Exchange, Found
from domain.staff import Act

STREAM_SECONDS = 30.0
"""A stream ends after so long and the browser asks again, so that a session that ended is noticed."""

Talker = Annotated[Caller, needs(Act.CHAT)]
Reader = Annotated[Caller, needs(Act.READ)]


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    room = ChatRoom(shell)

    @routes.get("/chat")
    def start(request: Request, caller: Talker) -> HTMLResponse:
        return room.start_page(request, caller)

    @routes.get("/decisions/{decision_id}")
    def decision(caller: Reader, decision_id: str) -> Response:
        found = shell.house.crm.decision(decision_id)
        return see_other(f"/contacts/{found.contact_id}/decisions/{found.id}")

    @routes.get("/chat/{conversation_id}")
    def conversation(request: Request, caller: Talker, conversation_id: str) -> HTMLResponse:
        return room.page(request, caller, conversation_id)

    @routes.get("/chat/{conversation_id}/table")
    def further(request: Request, caller: Talker, conversation_id: str) -> HTMLResponse:
        found = _call_of(room, caller, conversation_id, request.query_params.get("call", "")[:200])
        page = page_number(request)
        answer = room.looked(caller, next_page(found.call, page))
        return shell.page(
            request,
            caller,
            "chat_table.html",
            conversation=room.conversation(caller, conversation_id),
            call=found.call,
            answer=answer,
            page=page,
            **room.words(caller),
        )

    @routes.get("/chat/{conversation_id}/events")
    async def events(request: Request, caller: Talker, conversation_id: str) -> Response:
        await run_in_threadpool(room.conversation, caller, conversation_id)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(
            told(request, caller, conversation_id), media_type="text/event-stream", headers=headers
        )

    async def told(request: Request, caller: Caller, conversation_id: str) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        talk = room.talks.latest(conversation_id)
        if talk is None:
            yield _event("end", {})
            return
        event, sent, until = talk.watch(), _Sent(), asyncio.get_running_loop().time() + STREAM_SECONDS
        try:
            while asyncio.get_running_loop().time() < until and not await request.is_disconnected():
                event.clear()
                is_over = talk.is_over
                for line in await run_in_threadpool(
                    _news, room, request, caller, conversation_id, talk, sent
                ):
                    yield line
                if is_over:
                    yield _event("end", {})
                    return
                try:
                    await asyncio.wait_for(event.wait(), 5)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            talk.leave(event)

    add_acts(routes, room)
    return routes


class _Sent:
    """What one browser has been sent of an answer."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}
        self.said: str | None = None


def _news(
    room: ChatRoom, request: Request, caller: Caller, conversation_id: str, talk: Talk, sent: _Sent
) -> list[str]:
    """The events that bring a browser up to date; the first ones of a connection bring everything."""
    events = []
    said = talk.said
    shown = room.live_round(caller, conversation_id, talk)
    for part in shown.parts:
        html = room.part(request, caller, conversation_id, shown, part)
        if sent.parts.get(part.id) != html:
            sent.parts[part.id] = html
            events.append(_event("part", {"id": part.id, "html": html, "place": shown.place}))
    if said != sent.said:
        is_more = sent.said is not None and said.startswith(sent.said)
        news = said[len(sent.said or "") :] if is_more else said
        events.append(_event("said", {"text": news, "whole": not is_more}))
        sent.said = said
    if talk.is_over and talk.problem:
        html = room.problem(request, caller, conversation_id, shown)
        events.append(_event("part", {"id": "problem", "html": html, "place": shown.place}))
    return events


def _event(name: str, told: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"


def _call_of(room: ChatRoom, caller: Caller, conversation_id: str, call_id: str) -> Found:
    exchanges: tuple[Exchange, ...] = room.exchanges(caller, conversation_id)
    for exchange in exchanges:
        for one in exchange.happenings:
            if isinstance(one, Found) and one.call.id == call_id and one.answer is not None:
                return one
    raise not_found("There is no such table in this conversation.")

"""The preference page: some topics not, a pause, or nothing more at all. No login, no fee, no script."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from app.web.pages import LINKED, Pages, beside, masked
from memory.crm.preferences import Preferences

NAME = "preferences"
PAUSES = {30: "a month", 90: "three months", 180: "half a year"}
MOST_FIELDS = 200

FORM: dict[str, Any] = {
    **LINKED,
    "responses": {
        **LINKED["responses"],
        400: {"description": "the form cannot be read", "content": {"application/json": {}}},
    },
}


def router(pages: Pages) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    def topics() -> tuple[str, ...]:
        assets = pages.house.crm.assets(only_active=True)
        return tuple(sorted({topic for asset in assets for topic in asset.topics}))

    def shown(known: Preferences, is_saved: bool) -> HTMLResponse:
        if known.is_opted_out:
            return pages.page("stopped.html", address=masked(known.address))
        listed = [(topic, _title(topic), topic not in known.unwanted_topics) for topic in topics()]
        return pages.page(
            "preferences.html",
            address=masked(known.address),
            topics=listed,
            pauses=PAUSES,
            paused_until=_day(known.paused_until),
            is_saved=is_saved,
        )

    def show(request: Request) -> HTMLResponse:
        outbox_id = pages.outbox_id(request)
        known = pages.preferences.of(outbox_id) if outbox_id else None
        return shown(known, is_saved=False) if known else pages.no_such_link(request)

    async def choose(request: Request) -> HTMLResponse:
        outbox_id = pages.outbox_id(request)
        if outbox_id is None:
            return pages.no_such_link(request)
        async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
            said = _said(form)
        known = await run_in_threadpool(keep, outbox_id, said)
        return shown(known, is_saved=True) if known else pages.no_such_link(request)

    def keep(outbox_id: str, said: dict[str, Any]) -> Preferences | None:
        if said["stop"]:
            return pages.preferences.opt_out(outbox_id, "preference page")
        offered = topics()
        unwanted = [topic for topic in offered if topic not in said["topics"]] if said["chose"] else []
        return pages.preferences.choose(
            outbox_id, unwanted, offered if said["chose"] else (), said["pause_days"]
        )

    for path in beside(pages.house, NAME):
        routes.add_api_route(path, show, methods=["GET"], response_class=HTMLResponse, **LINKED)
        routes.add_api_route(path, choose, methods=["POST"], response_class=HTMLResponse, **FORM)
    return routes


def _said(form: FormData) -> dict[str, Any]:
    """What a form says; a value nobody offered says nothing."""
    values = {name: [v for v in form.getlist(name) if not isinstance(v, UploadFile)] for name in form}
    pause = (values.get("pause") or [""])[0]
    is_offered = pause.isascii() and pause.isdigit() and len(pause) <= 3 and int(pause) in {0, *PAUSES}
    return {
        "stop": values.get("act") == ["stop"],
        "chose": values.get("act") == ["save"],
        "topics": set(values.get("topic", ())),
        "pause_days": int(pause) if is_offered else None,
    }


def _title(topic: str) -> str:
    words = topic.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _day(moment: datetime | None) -> str | None:
    return f"{moment:%-d %B %Y}" if moment else None

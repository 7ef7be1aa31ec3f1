"""What every page of the web app shares: its frame, its forms, what it says on the next page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData

from app.web import words
from app.web.api.repeats import Repeats
from app.web.attempts import Attempts
from app.web.guard import Caller, read_form
from app.web.navigation import Place, places_of
from memory.crm.sessions import SessionStore
from memory.crm.staff import StaffStore

if TYPE_CHECKING:
    from app.wiring import House

HERE = Path(__file__).parent
STATIC = HERE / "static"
NOTICE = "__Host-attune-notice"
THEME = "attune-theme"
KEYS = "attune-keys"
THEMES = ("light", "dark")
MOST_NOTICE_CHARS = 400
"""What fits into a cookie, whatever the script it is written in."""

MOST_A_MINUTE = 600
"""Requests of one member's programs, whatever tokens they come with and whichever door."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # With `no-referrer`, as the public door has it, browsers post forms with `Origin: null`.
    "referrer-policy": "same-origin",
}
"""Where pages for the team differ from the public door: our own script, frames and requests of our own."""


class Shell:
    """Renders pages for one signed-in person."""

    def __init__(self, house: House, requests_a_minute: int = MOST_A_MINUTE) -> None:
        self.house = house
        self.staff = StaffStore(house.engine, house.audit, house.clock)
        self.sessions = SessionStore(house.engine, house.audit, house.clock)
        self.public_url = house.settings.public_url or ""
        self.attempts = Attempts()
        """Tries of passwords, wherever one is asked for."""
        self.pace = Attempts(most=requests_a_minute)
        """Requests of programs, by member."""
        self.repeats = Repeats(self.now, house.erased.count)
        """What programs' requests with a key were answered."""
        self.counters: dict[str, Callable[[Caller], int]] = {}
        """Of a place of the navigation, by path: how many things wait there for this person."""
        self.paths: frozenset[str] = frozenset()
        """Every path of the built app; set by `make_app`."""
        self._signer = URLSafeSerializer(house.link_key, salt="attune notice")
        self._versions = {file.name: _version(file) for file in STATIC.iterdir() if file.is_file()}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(words.FILTERS)
        self._templates.globals["asset"] = self.asset

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return self.house.clock()

    def asset(self, name: str) -> str:
        """The address of a file of ours; it changes with the file, so browsers may keep it for good."""
        return f"/static/{name}?v={self._versions[name]}"

    def page(
        self, request: Request, caller: Caller | None, template: str, *, status: int = 200, **more: Any
    ) -> HTMLResponse:
        """Render a template of `templates/app/` for this person.

        Templates have, besides `more`: `caller`, `request`, `places` (the navigation), `notice`, `theme`, `now`,
        `label` (what a sample workspace's data is).
        """
        notice = self._notice(request, caller)
        html = self._templates.get_template(f"app/{template}").render(
            caller=caller,
            request=request,
            places=self._places(request, caller),
            notice=notice,
            theme=_chosen(request, THEME, THEMES),
            keys_are_off=_chosen(request, KEYS, ("off",)) == "off",
            now=self.now(),
            zone=caller.member.zone if caller else self.house.settings.time_zone,
            label=self.house.label,
            **more,
        )
        answer = HTMLResponse(html, status_code=status, headers=HEADERS)
        if notice:
            answer.delete_cookie(NOTICE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    def piece(self, caller: Caller, template: str, **more: Any) -> str:
        """Render a part of a page by itself, for a page that is open already: without its frame, for this person."""
        return self._templates.get_template(f"app/{template}").render(
            caller=caller, now=self.now(), zone=caller.member.zone, **more
        )

    def say(
        self, response: Response, caller: Caller | None, words: str, kind: Literal["good", "bad"] = "good"
    ) -> None:
        """Let the next page say this once. It travels in a signed cookie of this session."""
        session_id = caller.session_id if caller else ""
        told = self._signer.dumps([session_id, words[:MOST_NOTICE_CHARS], kind])
        text = told if isinstance(told, str) else told.decode()
        response.set_cookie(NOTICE, text, path="/", secure=True, httponly=True, samesite="lax")

    def said_at(self, path: str, caller: Caller, words: str) -> RedirectResponse:
        """Answer a POST that did what was asked: go to a page of ours, which says so once."""
        answer = see_other(path)
        self.say(answer, caller, words)
        return answer

    async def form(self, request: Request, caller: Caller) -> FormData:
        """Parse a posted form after checking where it comes from and its CSRF token. A 403 page tells why not."""
        return await read_form(request, caller)

    def _notice(self, request: Request, caller: Caller | None) -> tuple[str, str] | None:
        try:
            session_id, told, kind = self._signer.loads(request.cookies.get(NOTICE, ""))
        except (BadSignature, ValueError, TypeError):
            return None
        return (told, kind) if session_id in ("", caller.session_id if caller else "") else None

    def _places(self, request: Request, caller: Caller | None) -> list[Place]:
        if caller is None:
            return []
        return places_of(self.paths, caller, request.url.path, self.counters)


def see_other(path: str) -> RedirectResponse:
    """Answer a POST: 303 to a page of ours. The path is ours, never taken from what came in."""
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise ValueError(f"{path!r} is not a path of ours")
    return RedirectResponse(path, status_code=303)


def _chosen(request: Request, cookie: str, offered: tuple[str, ...]) -> str | None:
    value = request.cookies.get(cookie)
    return value if value in offered else None


def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]

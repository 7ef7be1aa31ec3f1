"""Who asks, and whether they may: every route of the web app carries `needs(...)`, or `anyone` with its reason.

`make_app` refuses to build with a route that carries neither, so a forgotten guard is found before anybody else
finds it (W-01, W-02).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from domain.base import Noun
from domain.errors import AttuneError
from domain.staff import Act, Member
from policies.rights import BY_TOKEN, may

COOKIE = "__Host-attune"
"""Browsers take a `__Host-` cookie only with Secure, for this host and all of it: no neighbour can plant one."""

MOST_FIELDS = 500


class Caller(Noun):
    """Who asks. A program that came with an API token has no session and needs no CSRF token.

    `made_by`: the other member whose link the session began by.
    """

    member: Member
    session_id: str = ""
    way: str = ""
    made_by: str | None = None
    csrf: str = ""
    token_id: str | None = None
    token_name: str = ""

    def may(self, act: Act) -> bool:
        """Tell whether this person may do this, in the way they came; templates ask it before they show a button."""
        return may(self.member.role, act) and (self.token_id is None or act in BY_TOKEN)


class NotSignedIn(AttuneError):
    """Nobody is signed in here."""


class NotAllowed(AttuneError):
    """A member asked for what their role does not allow."""

    def __init__(self, caller: Caller, act: Act) -> None:
        super().__init__(
            f"You are a {caller.member.role.value}, and a {caller.member.role.value} may not {act.value}. "
            "Ask an admin of your team to do it, or to change your role."
        )
        self.act = act


class NotByToken(AttuneError):
    """A program asked for what only a person may do."""


class ForgedForm(AttuneError):
    """A form that did not come from a page of ours, or not from this session."""


class Needs:
    """The dependency behind `needs`: finds the caller, and refuses whoever may not."""

    def __init__(self, act: Act) -> None:
        self.act = act

    def __call__(self, request: Request) -> Caller:
        """Return who asks. Raises `NotSignedIn` or `NotAllowed`."""
        caller = caller_of(request)
        if caller is None:
            raise NotSignedIn("Sign in first.")
        if not may(caller.member.role, self.act):
            raise NotAllowed(caller, self.act)
        if not caller.may(self.act):
            raise NotByToken(f"An API token may not {self.act.value}. Sign in with a browser for that.")
        return caller


class Anyone:
    """Marks a route that needs nobody to be signed in, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self) -> None:
        """Let pass."""


def needs(act: Act) -> Any:
    """Let only those in who may do this act.

    A route writes it as `caller: Annotated[Caller, needs(Act.READ)]`.
    """
    return Depends(Needs(act))


def anyone(reason: str) -> Any:
    """Let everybody in, and say why; a route writes `dependencies=[anyone("…")]`."""
    return Depends(Anyone(reason))


def caller_of(request: Request) -> Caller | None:
    """Who asks, by API token or session cookie, or None. Asked once a request."""
    if not hasattr(request.state, "caller"):
        request.state.caller = _find(request)
    found: Caller | None = request.state.caller
    return found


def _find(request: Request) -> Caller | None:
    sessions = request.app.state.shell.sessions
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        known = sessions.who_by_token(secret.strip())
        if known is None:
            return None
        token, member = known
        return Caller(member=member, token_id=token.token_id, token_name=token.name)
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        return None
    known = sessions.who(secret)
    if known is None:
        return None
    session, member = known
    return Caller(
        member=member,
        session_id=session.session_id,
        way=session.way,
        made_by=session.made_by,
        csrf=csrf_token(secret),
    )


def csrf_token(secret: str) -> str:
    """The token each form of a session carries. Derived from the cookie, which no other site can read."""
    return hmac.new(secret.encode(), b"attune csrf", hashlib.sha256).hexdigest()


async def read_form(request: Request, caller: Caller | None) -> FormData:
    """Parse a posted form after proving where it came from; without a caller, by its origin alone.

    Raises:
        ForgedForm: another site posted it, or its token is not this session's.
    """
    if caller is None or caller.token_id is None:
        refuse_other_origins(request, must_tell=caller is None)
    form = await request.form(max_fields=MOST_FIELDS, max_files=0)
    if caller is not None and caller.token_id is None:
        given = form.get("csrf")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), caller.csrf.encode()):
            raise ForgedForm("This page is older than your session. Go back, reload it, and do it again.")
    return form


def refuse_other_origins(request: Request, *, must_tell: bool) -> None:
    """Refuse a request that a page of another site made.

    Args:
        request: what came.
        must_tell: refuse also where the browser does not say who made it.

    Raises:
        ForgedForm: it did.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    hosts = {request.headers.get("host", ""), urlsplit(request.app.state.shell.public_url).netloc}
    is_ours = origin is not None and urlsplit(origin).netloc in hosts - {""}
    if (
        (site is not None and site not in {"same-origin", "none"})
        or (origin is not None and not is_ours)
        or (must_tell and site is None and origin is None)
    ):
        raise ForgedForm(
            "This form did not come from a page of this Attune, so nothing was done. Behind a reverse proxy, let it "
            "pass the Host header on, or set ATTUNE_PUBLIC_URL."
        )


def sign_in_path(request: Request) -> str:
    """Where to send somebody who has to sign in first, and back to what they asked for."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/sign-in" if request.method != "GET" or asked == "/" else f"/sign-in?next={quote(asked, safe='')}"


def unguarded(routes: APIRouter) -> Iterator[str]:
    """Yield the routes that say neither whom they let in nor that they let in anyone."""
    for route in routes.routes:
        if not isinstance(route, APIRoute) or guard_of(route) is None:
            yield f"{getattr(route, 'path', route)}"


def guard_of(route: APIRoute) -> Needs | Anyone | None:
    """What guards a route, or None."""
    return next(_guards(route.dependant), None)


def _guards(dependant: Dependant) -> Iterator[Needs | Anyone]:
    for part in dependant.dependencies:
        if isinstance(part.call, Needs | Anyone):
            yield part.call
        yield from _guards(part)


def not_found(words: str) -> HTTPException:
    """An answer of 404 with words for a person."""
    return HTTPException(404, words)

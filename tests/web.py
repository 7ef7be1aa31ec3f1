"""The web app, and somebody signed in with a role: what tests of pages start from."""

from __future__ import annotations

import re
from html import unescape

from fastapi import FastAPI
from starlette.testclient import TestClient

from app.web import make_app
from app.web.guard import COOKIE
from app.web.shell import Shell
from app.wiring import House
from domain.staff import Member, Role

SITE = "https://attune.test"


class Visitor(TestClient):
    """A browser as far as HTTP goes: it asks for pages, and posts forms with the CSRF token of a page it saw.

    Redirects are not followed: a test says where a POST leads.
    """

    member: Member | None = None

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            app,
            base_url=SITE,
            follow_redirects=False,
            raise_server_exceptions=False,
            headers={"accept": "text/html"},
        )

    def token(self, path: str = "/me") -> str:
        """The CSRF token a page's forms carry."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found, f"{path} has no form with a CSRF token"
        return unescape(found[1])


def shell_of(app: FastAPI) -> Shell:
    """The shell of a built app."""
    shell: Shell = app.state.shell
    return shell


def member(app: FastAPI, role: Role, name: str = "") -> Member:
    """A member with this role, made when first asked for."""
    staff, name = shell_of(app).staff, name or role.value.title()
    email = f"{name.lower().replace(' ', '.')}@team.example"
    return staff.by_email(email) or staff.join(email, name, role, "Europe/Berlin", how="test")


def id_of(visitor: Visitor) -> str:
    """The member id of who is signed in."""
    assert visitor.member is not None
    return visitor.member.member_id


def signed_in(house: House, role: Role, app: FastAPI | None = None, name: str = "") -> Visitor:
    """A visitor signed in with this role; give `app` to let several share one."""
    app = app or make_app(house)
    visitor = Visitor(app)
    visitor.member = member(app, role, name)
    visitor.cookies.set(COOKIE, shell_of(app).sessions.begin(visitor.member, "test"), domain="attune.test")
    return visitor

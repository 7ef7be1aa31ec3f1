"""The web app's guard: nobody gets in anonymously, each role gets what the table says, no other site posts a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.web import building, make_app
from app.web.guard import Anyone, Needs, guard_of, unguarded
from app.wiring import House
from domain.staff import Act, Role
from policies.rights import RIGHTS
from tests.learning_workspace import open_workspace
from tests.web import SITE, Visitor, shell_of, signed_in

OPEN = {
    "/static/{name}",
    "/sign-in",
    "/sign-in/kept",
    "/sign-in/link/{token}",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
}
"""What anyone may ask for: what it takes to sign in. A new one is a decision to be made here."""

PUBLIC_DOOR = {
    "/unsubscribe",
    "/preferences",
    "/webhooks/{provider}",
    "/inbound/{provider}",
    "/health",
    "/style.css",
}
"""What readers of our messages and their providers ask for: proven by signed links and signatures, or of no concern."""

API = "/api/v1/"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    return make_app(house)


def web_routes(app: FastAPI) -> list[APIRoute]:
    """Every route of the web app: of each router, as it is built."""
    shell = shell_of(app)
    return [
        route
        for router in building.WEB_ROUTERS
        for route in router(shell).routes
        if isinstance(route, APIRoute)
    ]


def paths_of(route: APIRoute) -> Iterator[tuple[str, str]]:
    for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
        yield method, re.sub(r"\{[^}]+\}", "x", route.path)


def test_every_route_of_the_web_app_says_whom_it_lets_in(app: FastAPI) -> None:
    routes = web_routes(app)
    assert len(routes) > 5
    assert {route.path for route in routes if isinstance(guard_of(route), Anyone)} == OPEN
    assert all(isinstance(guard_of(route), Needs) for route in routes if route.path not in OPEN)


def test_nothing_is_served_beside_the_web_app_and_the_public_door(app: FastAPI) -> None:
    web = {route.path for route in web_routes(app)}
    assert set(all_paths(app.routes)) - web == PUBLIC_DOOR


def all_paths(routes: Iterable[Any]) -> Iterator[str]:
    """Every path under these routes, routers within routers included."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route.path
        else:
            yield from all_paths(inner.routes)


def test_a_route_without_a_guard_is_not_built(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
    def careless(_shell: object) -> APIRouter:
        routes = APIRouter()

        @routes.get("/careless")
        def show() -> str:
            return "everything"

        return routes

    assert list(unguarded(careless(None))) == ["/careless"]
    monkeypatch.setattr(building, "WEB_ROUTERS", (*building.WEB_ROUTERS, careless))
    with pytest.raises(RuntimeError, match="/careless"):
        make_app(house)


def test_nobody_gets_in_anonymously(app: FastAPI) -> None:
    visitor = Visitor(app)
    for route in web_routes(app):
        if route.path in OPEN:
            continue
        for method, path in paths_of(route):
            if not path.startswith(API):
                answer = visitor.request(method, path)
                assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in"), (
                    method,
                    path,
                )
            plain = visitor.request(method, path, headers={"accept": "application/json"})
            assert (plain.status_code, plain.headers["www-authenticate"]) == (401, "Bearer"), (method, path)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_exactly_what_the_table_says(app: FastAPI, house: House, role: Role) -> None:
    visitor = signed_in(house, role, app)
    for route in web_routes(app):
        guard = guard_of(route)
        if not isinstance(guard, Needs):
            continue
        for method, path in paths_of(route):
            # A POST without its CSRF token is refused as well: the error's name tells which it was.
            answer = visitor.request(method, path, headers={"accept": "application/json"})
            refused = answer.status_code == 403 and "NotAllowed" in (
                answer.json().get("error"),
                answer.json().get("type", "").removeprefix("urn:attune:"),
            )
            assert refused == (guard.act not in RIGHTS[role]), (method, path, role)


def test_an_unlisted_act_is_nobodys() -> None:
    assert RIGHTS[Role.ADMIN] == frozenset(Act)
    assert Act.ADMIN not in RIGHTS[Role.MARKETER] | RIGHTS[Role.REVIEWER]
    assert Act.REVIEW not in RIGHTS[Role.MARKETER]
    assert Act.CAMPAIGN_WRITE not in RIGHTS[Role.REVIEWER]


def test_a_form_of_another_site_does_nothing(house: House, app: FastAPI) -> None:
    visitor = signed_in(house, Role.ADMIN, app)
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"{SITE}.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert visitor.post("/sign-out", headers=headers).status_code == 403, headers
        assert visitor.post("/sign-in", data={"email": "a@b.example"}, headers=headers).status_code == 403
    assert visitor.post("/sign-out", headers={"origin": SITE}).status_code == 403
    assert visitor.get("/chat").status_code == 200


def test_where_a_sign_in_leads_is_never_another_site(app: FastAPI) -> None:
    visitor = Visitor(app)
    for asked in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:x",
        "/%0d",
    ):
        page = visitor.get("/sign-in", params={"next": asked}).text
        assert "evil" not in page
        assert 'name="next" value="/"' in page or "Nobody is here yet" in page


def test_unknown_pages_are_told_in_words(house: House, app: FastAPI) -> None:
    answer = signed_in(house, Role.MARKETER, app).get("/nowhere")
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert (
        Visitor(app).get("/webhooks/none", headers={"accept": "*/*"}).headers["content-type"]
        == "application/json"
    )

"""The API's routes, one for each operation, and the description of them all."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from app.web.api.answering import Answering
from app.web.api.conversations import conversation_operations
from app.web.api.of_tools import tool_operations
from app.web.api.openapi import describe
from app.web.api.operations import BASE, Operation
from app.web.api.standing import standing_operations
from app.web.guard import Caller, needs
from domain.staff import Act

if TYPE_CHECKING:
    from app.web.shell import Shell


def router(shell: Shell) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    operations = operations_of(shell)
    answering = Answering(shell)
    described: dict[str, Any] = {}

    @routes.get(f"{BASE}/openapi.json", include_in_schema=False)
    def openapi(caller: Annotated[Caller, needs(Act.READ)]) -> JSONResponse:
        if not described:
            described.update(describe(operations, version("attune")))
        return JSONResponse(described)

    @routes.get("/api", include_in_schema=False)
    def reference(request: Request, caller: Annotated[Caller, needs(Act.READ)]) -> HTMLResponse:
        tags = dict.fromkeys(one.tag for one in operations)
        groups = [(tag, [one for one in operations if one.tag == tag]) for tag in sorted(tags)]
        return shell.page(request, caller, "api.html", groups=groups, base=BASE)

    for one in operations:
        routes.add_api_route(
            BASE + one.path,
            answering.endpoint(one),
            methods=[one.method],
            name=one.name,
            operation_id=one.name,
            include_in_schema=False,
        )
    return routes


def operations_of(shell: Shell) -> list[Operation]:
    """Every operation. Raises `TypeError` where two would answer at one address."""
    house = shell.house
    operations = [
        *standing_operations(house),
        *tool_operations(house.toolset),
        *conversation_operations(lambda: house.assistant),
    ]
    many = Counter((one.method, one.path) for one in operations)
    if doubled := [f"{method} {path}" for (method, path), count in many.items() if count > 1]:
        raise TypeError(f"two operations at {', '.join(doubled)}")
    # An address without a name in it comes before one that a name would fit: `/drafts/new` before `/drafts/{draft}`.
    return sorted(operations, key=lambda one: one.path.replace("{", "\x7f"))

"""The MCP server at `/mcp`, by streamable HTTP: with an API token, one request at a time, no sessions to steal.

Host and Origin are checked, so that no page of another site reaches it by a name it made point here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from app.web.asking import asker_of, keep_pace
from app.web.errors import answer_errors
from app.web.guard import Caller, NotSignedIn, caller_of, needs
from app.web.headers import SecurityHeaders
from app.web.limits import MOST_BYTES, BodyLimit
from app.web.shell import Shell
from domain.assistant import Asker, Door
from domain.staff import Act

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    from app.wiring import House

PATH = "/mcp"
THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


class _Handled(Response):
    """An answer the MCP server writes by itself."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on as it came; its body is still unread."""
        await self._manager.handle_request(scope, receive, send)


def router(shell: Shell) -> APIRouter:
    """Return the route. The manager behind it runs as long as the application does (`open_mcp`)."""
    routes = APIRouter()

    @routes.post(PATH, include_in_schema=False)
    async def serve(request: Request, caller: Annotated[Caller, needs(Act.CHAT)]) -> Response:
        if caller.token_id is None:
            raise NotSignedIn("Programs come with an API token here, not with a browser's session.")
        keep_pace(shell.pace, caller)
        return _Handled(request.app.state.mcp)

    return routes


def open_mcp(app: FastAPI) -> AbstractAsyncContextManager[None]:
    """Keep the MCP server ready while the web app is served, whose pages answer where a request came in."""
    return _open(app, at=_came_in_by)


def _open_alone(app: FastAPI) -> AbstractAsyncContextManager[None]:
    return _open(app, at=None)


@asynccontextmanager
async def _open(app: FastAPI, at: Callable[[Any], str] | None) -> AsyncIterator[None]:
    # Loaded here, as it takes a second: a test or a command that only asks for pages does not wait for it.
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from app.mcp.opened import mcp_of

    house = app.state.shell.house
    app.state.mcp = StreamableHTTPSessionManager(
        app=mcp_of(house, who=_who, at=at),
        json_response=True,
        stateless=True,
        security_settings=security_of(house.settings.public_url),
        max_request_body_size=MOST_BYTES,
    )
    async with app.state.mcp.run():
        yield


def make_mcp_app(house: House) -> FastAPI:
    """Return the MCP server alone, for `attune mcp --http`."""
    app = FastAPI(title="Attune", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_open_alone)
    shell = app.state.shell = Shell(house)
    app.include_router(router(shell))
    answer_errors(app, shell)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    return app


def security_of(public_url: str | None) -> TransportSecuritySettings:
    """The hosts this server answers as, and the pages whose scripts may call it: this machine's, and our own."""
    from mcp.server.transport_security import TransportSecuritySettings

    hosts = [f"{name}{end}" for name in THIS_MACHINE for end in ("", ":*")]
    origins = [f"http://{host}" for host in hosts]
    if public_url:
        ours = urlsplit(public_url)
        hosts.append(ours.netloc)
        origins.append(f"{ours.scheme}://{ours.netloc}")
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


async def _who(ctx: Any) -> Asker:
    caller = caller_of(ctx.request)
    if caller is None or caller.token_id is None:
        raise NotSignedIn("Come with an API token.")
    return asker_of(caller, Door.MCP)


def _came_in_by(ctx: Any) -> str:
    """Where a request came in, such as `http://127.0.0.1:8760`; its host is one of ours (`security_of`)."""
    url = ctx.request.url
    return f"{url.scheme}://{url.netloc}"

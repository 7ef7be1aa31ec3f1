"""`attune mcp`: our tools for other assistants, over stdin and stdout or over HTTP on this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import err, line
from domain.errors import AttuneError

if TYPE_CHECKING:
    from app.wiring import House

HOST = "127.0.0.1"


def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Answer over HTTP on 127.0.0.1 instead of stdin and stdout.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="Port of --http; 0 takes any free one and says which.", min=0, max=65535)
    ] = 8751,
) -> None:
    """Serve Attune's tools over the Model Context Protocol; until the host ends it, or Ctrl-C.

    Over stdin and stdout it acts as the owner of the API token in ATTUNE_TOKEN. Over HTTP each program brings its own
    (Authorization: Bearer …). `attune serve` answers at /mcp as well. Changes are only proposed: the member says yes
    in Attune. See docs/mcp.md.
    """
    house = doors.house()
    if http:
        _over_http(house, port)
    else:
        _over_stdio(house)


def _over_stdio(house: House) -> None:
    from mcp.server.stdio import stdio_server

    from app.mcp.opened import SPENT, UNNAMED, WhoIsThis, by_token, mcp_of
    from memory.crm.sessions import SessionStore

    token = house.settings.token
    secret = token.get_secret_value() if token else ""
    if not secret:
        raise WhoIsThis(UNNAMED)
    known = SessionStore(house.engine, house.audit, house.clock).who_by_token(secret)
    if known is None:
        raise WhoIsThis(SPENT)
    server = mcp_of(house, by_token(house, secret))
    # Stdout is the wire; what is said to a person goes to stderr.
    err.print(
        f"Attune's tools for {known[1].name} ({known[1].role.value}), over stdin and stdout.", style="dim"
    )

    async def serve() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    loop.run(serve())


def _over_http(house: House, port: int) -> None:
    import uvicorn

    from app.serving import listen
    from app.web.mcp import PATH, make_mcp_app

    logging.getLogger("mcp").setLevel(logging.ERROR)
    listening = listen(HOST, port)
    line(
        f"Attune's tools at http://{HOST}:{listening.getsockname()[1]}{PATH}, with an API token. Ctrl-C ends it."
    )
    config = uvicorn.Config(
        make_mcp_app(house), log_config=None, log_level="warning", access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    loop.run(server.serve(sockets=[listening]))
    if not server.started:
        raise AttuneError("It could not be served. Nothing was changed.")

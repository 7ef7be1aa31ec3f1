"""The MCP server on one opened house: its tools, its assistant to propose by, and who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp.server import Server

from app.mcp.server import Context, McpDoor, Who, make_mcp
from app.ways_in import LOCAL
from domain.assistant import Asker, Conversation, Door, Effect, ToolCall
from domain.errors import AttuneError
from domain.staff import ApiToken, Member
from memory.crm.sessions import SessionStore

if TYPE_CHECKING:
    from app.wiring import House

UNNAMED = (
    "Whose assistant is this? Set ATTUNE_TOKEN to an API token: make one in the web app under /me, or by "
    "`attune team token EMAIL` on this machine."
)
SPENT = (
    "ATTUNE_TOKEN opens nothing: it was revoked, is too old, or was never one of this workspace's. Make another in "
    "the web app under /me, or by `attune team token EMAIL`."
)


class WhoIsThis(AttuneError):
    """A program came to the MCP server without a token that opens it."""


def mcp_of(house: House, who: Who, at: Callable[[Context], str] | None = None) -> Server[Any]:
    """Return the server over this house's tools.

    Args:
        house: the opened workspace, whose `public_url` counts first as where the web app answers.
        who: says who asks.
        at: the address a request came in by, where the web app answers at it as well; else this machine's usual port.
    """

    async def propose(asker: Asker, call: ToolCall) -> tuple[Conversation, Effect]:
        return await house.assistant.propose(asker, call)

    def web(ctx: Context) -> str:
        return (house.settings.public_url or (at(ctx) if at else LOCAL)).rstrip("/")

    return make_mcp(McpDoor(tools=house.toolset, propose=propose, who=who, web=web))


def by_token(house: House, secret: str) -> Who:
    """Say who asks where one program holds the other end: the owner of the token it was started with."""
    sessions = SessionStore(house.engine, house.audit, house.clock)

    async def who(_: Context) -> Asker:
        known = await asyncio.to_thread(sessions.who_by_token, secret)
        if known is None:
            raise WhoIsThis(SPENT if secret else UNNAMED)
        return asker_by(*known)

    return who


def asker_by(token: ApiToken, member: Member) -> Asker:
    """Whoever asks with this token: its owner, with what programs may of their role."""
    return Asker(
        member_id=member.member_id,
        name=member.name,
        role=member.role,
        door=Door.MCP,
        zone=member.zone,
        token_id=token.token_id,
        token_name=token.name,
    )

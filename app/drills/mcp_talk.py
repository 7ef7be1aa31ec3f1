"""A host talks with `attune mcp` by the SDK's own client: `python -m app.drills.mcp_talk WORKSPACE`.

Prints what was asked and what came back, as docs/mcp.md keeps it. Makes a member and a token in the workspace for it;
the change it proposes is left waiting, and done by nobody.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters, types

from app.settings import read_settings
from app.wiring import open_house
from domain.staff import Role
from memory.crm.sessions import SessionStore

EMAIL = "host@team.example"
MOST_CHARS = 700


def main() -> None:
    """Make a token, start the server, talk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    given = parser.parse_args()
    house = open_house(read_settings(workspace=given.workspace))
    try:
        member = house.staff.by_email(EMAIL) or house.staff.join(
            EMAIL, "Mara", Role.MARKETER, "UTC", how="drill"
        )
        _, secret = SessionStore(house.engine, house.audit).make_token(member, "drill", timedelta(hours=1))
        campaign = sorted(file.stem for file in house.workspace.campaigns.glob("*.yaml"))[0]
    finally:
        house.close()
    asyncio.run(_talk(given.workspace, secret, campaign))


async def _talk(workspace: Path, secret: str, campaign: str) -> None:
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "app.cli", "-w", str(workspace), "mcp"],
        env={"ATTUNE_TOKEN": secret},
    )
    async with Client(started, read_timeout_seconds=120) as client:
        info = client.server_info
        _told(
            "connect",
            f"{info.title if info else ''} {info.version if info else ''}, {client.protocol_version}",
        )
        tools = (await client.list_tools()).tools
        looks = [tool.name for tool in tools if tool.annotations and tool.annotations.read_only_hint]
        changes = [tool.name for tool in tools if tool.name not in looks]
        _told(
            "tools/list",
            f"{len(looks)} that look: {', '.join(looks)}\n{len(changes)} that propose: {', '.join(changes)}",
        )
        found = await client.call_tool("contact_find", {"words": "operations"})
        _told('tools/call contact_find {"words": "operations"}', _text(found))
        first = found.structured_content["data"]["records"][0]
        uri = f"{first['kind']}://{first['id']}"
        [content] = (await client.read_resource(uri)).contents
        _told(f"resources/read {uri}", getattr(content, "text", ""))
        asked = {"campaign": campaign, "reason": "A word with sales first."}
        _told(
            f"tools/call campaign_pause {json.dumps(asked)}",
            _text(await client.call_tool("campaign_pause", asked)),
        )
        asked = {"proposal": "p_1", "version": 1}
        _told(
            f"tools/call proposal_approve {json.dumps(asked)}",
            _text(await client.call_tool("proposal_approve", asked)),
        )
        prompt = await client.get_prompt("results_weekly")
        _told("prompts/get results_weekly", _text(prompt.messages[0]))


def _text(answer: Any) -> str:
    content = answer.content if isinstance(answer.content, list) else [answer.content]
    said = "\n".join(one.text for one in content if isinstance(one, types.TextContent))
    return f"(isError) {said}" if getattr(answer, "is_error", False) else said


def _told(asked: str, answer: str) -> None:
    cut = answer if len(answer) <= MOST_CHARS else f"{answer[:MOST_CHARS]} … ({len(answer):,} characters)"
    print(f"→ {asked}\n{cut}\n")


if __name__ == "__main__":
    main()

"""Records a host can attach by address: a contact, a campaign, a proposal; each is what the tool of that name finds."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from mcp import types

from domain.assistant import Asker, ToolCall
from domain.assistant_ports import AssistantTools

BY_KIND: dict[str, tuple[str, str, str]] = {
    "contact": (
        "contact_show",
        "who",
        "One contact: who they are, what they did, what we sent, what comes next.",
    ),
    "campaign": (
        "campaign_show",
        "campaign",
        "One campaign: its goal, limits, standing, and what came of it.",
    ),
    "proposal": (
        "proposal_show",
        "proposal",
        "One message that waits for a person, with its evidence and findings.",
    ),
}
"""By the scheme of the address: the tool that finds it, the argument that takes the id, what it is."""


def templates(tools: AssistantTools, asker: Asker) -> list[types.ResourceTemplate]:
    """The addresses this asker may read."""
    known = {card.name for card in tools.cards(asker)}
    return [
        types.ResourceTemplate(
            name=kind,
            title=kind.capitalize(),
            uri_template=f"{kind}://{{id}}",
            description=words,
            mime_type="application/json",
        )
        for kind, (tool, _, words) in BY_KIND.items()
        if tool in known
    ]


def call_of(uri: str) -> ToolCall | None:
    """The look that finds what stands at an address, or None where it is none of ours."""
    address = urlsplit(uri)
    meant = BY_KIND.get(address.scheme)
    # Not `netloc` by way of `hostname`: ids keep their case.
    id_ = unquote(address.netloc + address.path)
    if meant is None or not id_:
        return None
    tool, argument, _ = meant
    arguments: dict[str, Any] = {argument: id_}
    return ToolCall(id="resource", name=tool, arguments=arguments)

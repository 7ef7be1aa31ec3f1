"""The tools as operations, made from their cards: nouns for the addresses, GET for what looks, POST for the rest.

A change is told first and done second: without a seal the answer is the effect; with the seal of that effect it is
done, if it would still do what was told.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.web.api.operations import Asked, Method, Nothing, Operation
from domain.assistant import Asker, Door, Effect, ToolAnswer, ToolCall, ToolCard
from domain.assistant_ports import AssistantTools
from domain.base import Noun
from domain.staff import Act, Role
from tools.toolset import Arguments

PATHS: dict[str, str] = {
    "contact_find": "/contacts",
    "contact_show": "/contacts/{who}",
    "contact_story": "/contacts/{who}/story",
    "contact_recall": "/contacts/{who}/memory",
    "contact_signals": "/contacts/{who}/signals",
    "account_find": "/accounts",
    "account_show": "/accounts/{account}",
    "lead_list": "/leads",
    "churn_list": "/churn",
    "decision_list": "/decisions",
    "decision_explain": "/decisions/explain",
    "decision_compare": "/decisions/compare",
    "decision_suppose": "/decisions/suppose",
    "campaign_list": "/campaigns",
    "campaign_save": "/campaigns",
    "campaign_show": "/campaigns/{campaign}",
    "campaign_count": "/audiences/count",
    "campaign_pause": "/campaigns/{campaign}/pause",
    "campaign_resume": "/campaigns/{campaign}/resume",
    "campaign_stop": "/campaigns/{campaign}/stop",
    "run_start": "/campaigns/{campaign}/runs",
    "run_list": "/runs",
    "run_show": "/runs/{run}",
    "message_draft": "/drafts",
    "message_propose": "/proposals",
    "proposal_list": "/proposals",
    "proposal_show": "/proposals/{proposal}",
    "proposal_approve": "/proposals/{proposal}/approve",
    "proposal_reject": "/proposals/{proposal}/reject",
    "proposal_redraft": "/proposals/{proposal}/redraft",
    "result_show": "/results",
    "result_funnel": "/results/funnel",
    "learning_show": "/learning",
    "content_list": "/content",
    "content_show": "/content/{content}",
    "rule_list": "/rules",
    "rule_explain": "/rules/{rule}",
}
"""Where each tool answers; names in braces are arguments of it. A tool that stands not here is under `/tools/`."""


SPENDING = frozenset({"message_draft"})
"""Looks that ask a model: what may be fetched ahead, or twice, must not spend."""


class Told(Noun):
    """What it would do (`effect`), or what came of it (`answer`); `done` says that something was changed."""

    done: bool
    effect: Effect | None = None
    answer: ToolAnswer | None = None


class ToolLine(Noun):
    """One tool as a program sees it; `arguments` is a JSON schema."""

    name: str
    words: str
    changes: bool
    needs: str
    method: Literal["GET", "POST"]
    path: str
    arguments: dict[str, Any]


class ToolLines(Noun):
    """The tools this caller may use."""

    tools: tuple[ToolLine, ...]


class CallTool(Arguments):
    """A call by the tool's name, as models make them."""

    tool: str = Field(max_length=60, description="The tool's name.")
    arguments: dict[str, Any] = Field(default_factory=dict, description="Its arguments.")


EVERYONE = Asker(member_id="", name="", role=Role.ADMIN, door=Door.API)
"""Of an admin who came in person every tool is."""


def tool_operations(tools: AssistantTools) -> list[Operation]:
    """Every tool under its noun, the list of them, and one address that takes any by name."""
    cards = tools.cards(EVERYONE)
    return [*(_of_card(tools, card) for card in cards), _list(tools), _call(tools)]


def path_of(card: ToolCard) -> str:
    """Where a tool answers."""
    return PATHS.get(card.name, f"/tools/{card.name}")


def method_of(card: ToolCard) -> Literal["GET", "POST"]:
    """How a tool is asked."""
    return "POST" if card.changes or card.name in SPENDING else "GET"


def _of_card(tools: AssistantTools, card: ToolCard) -> Operation:
    async def look(asked: Asked) -> BaseModel:
        return await tools.look(asked.asker, _call_of(card.name, asked.given))

    async def change(asked: Asked) -> BaseModel:
        return await _changed(tools, asked.asker, _call_of(card.name, asked.given), asked.seal)

    noun, _, verb = card.name.partition("_")
    method: Method = method_of(card)
    return Operation(
        name=card.name,
        method=method,
        path=path_of(card),
        tag=noun,
        title=f"{noun}: {verb.replace('_', ' ')}".capitalize(),
        words=card.words,
        needs=card.needs,
        takes=card.arguments,
        brings=Told if card.changes else ToolAnswer,
        does=change if card.changes else look,
        sealed=card.changes,
    )


async def _changed(tools: AssistantTools, asker: Asker, call: ToolCall, seal: str | None) -> Told:
    if seal is None:
        return Told(done=False, effect=await tools.plan(asker, call))
    return Told(done=True, answer=await tools.carry_out(asker, call, seal))


def _call_of(name: str, given: BaseModel) -> ToolCall:
    return ToolCall(
        id=secrets.token_hex(6), name=name, arguments=given.model_dump(mode="json", exclude_unset=True)
    )


def _list(tools: AssistantTools) -> Operation:
    async def lines(asked: Asked) -> BaseModel:
        return ToolLines(
            tools=tuple(
                ToolLine(
                    name=card.name,
                    words=card.words,
                    changes=card.changes,
                    needs=card.needs.value,
                    method=method_of(card),
                    path=path_of(card),
                    arguments=card.arguments.model_json_schema(),
                )
                for card in tools.cards(asked.asker)
            )
        )

    return Operation(
        name="tool_list",
        method="GET",
        path="/tools",
        tag="tools",
        title="List the tools",
        words="The tools this caller may use, with the JSON schema of their arguments.",
        needs=Act.READ,
        takes=Nothing,
        brings=ToolLines,
        does=lines,
    )


def _call(tools: AssistantTools) -> Operation:
    async def call(asked: Asked) -> BaseModel:
        asker, given = asked.asker, asked.given
        meant = ToolCall(id=secrets.token_hex(6), name=given.tool, arguments=given.arguments)
        if any(card.name == given.tool and card.changes for card in tools.cards(asker)):
            return await _changed(tools, asker, meant, asked.seal)
        return Told(done=False, answer=await tools.look(asker, meant))

    return Operation(
        name="tool_call",
        method="POST",
        path="/tools",
        tag="tools",
        title="Call a tool by its name",
        words="Any tool by its name, for programs that choose from the list. A change is told first, as by its noun.",
        needs=Act.READ,
        takes=CallTool,
        brings=Told,
        does=call,
        sealed=True,
    )

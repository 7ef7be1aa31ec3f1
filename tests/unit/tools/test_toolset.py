"""One list of tools behind every door: who may, what fits, and that a yes holds for what was told only."""

from __future__ import annotations

import pytest
from pydantic import Field

from domain.assistant import Asker, Door, Effect, ToolAnswer, ToolCall
from domain.errors import EffectChanged, ToolRefused
from domain.staff import Act, Role
from tools.toolset import Arguments, Tool, Toolset


class Named(Arguments):
    name: str = Field(max_length=20)


class Shelf:
    """Something that can be looked at and changed; the seal tells its state."""

    def __init__(self) -> None:
        self.things: list[str] = []

    def look(self, asker: Asker, given: Named) -> ToolAnswer:
        return ToolAnswer(words=f"{len(self.things)} things", facts={"asked": given.name})

    def plan(self, asker: Asker, given: Named) -> Effect:
        return Effect(title=f"put {given.name} there", lines=(), seal=str(len(self.things)))

    def do(self, asker: Asker, given: Named) -> ToolAnswer:
        self.things.append(given.name)
        return ToolAnswer(words=f"{given.name} is there")


def toolset(shelf: Shelf) -> Toolset:
    return Toolset(
        [
            Tool("thing_find", "Find a thing.", Named, Act.READ, look=shelf.look),
            Tool("thing_put", "Put a thing.", Named, Act.CAMPAIGN_WRITE, plan=shelf.plan, do=shelf.do),
            Tool("high_decide", "Decide.", Named, Act.REVIEW_HIGH, plan=shelf.plan, do=shelf.do),
        ]
    )


def asker(role: Role, token_id: str | None = None) -> Asker:
    return Asker(member_id="m-1", name="Ana", role=role, door=Door.API, token_id=token_id)


def call(tool: str, **arguments: object) -> ToolCall:
    return ToolCall(id="1", name=tool, arguments=arguments or {"name": "lamp"})


def test_everybody_sees_the_tools_of_their_role_and_programs_fewer() -> None:
    tools = toolset(Shelf())
    assert [card.name for card in tools.cards(asker(Role.MARKETER))] == ["thing_find", "thing_put"]
    assert [card.name for card in tools.cards(asker(Role.REVIEWER))] == ["thing_find", "high_decide"]
    assert len(tools.cards(asker(Role.ADMIN))) == 3
    assert [card.name for card in tools.cards(asker(Role.ADMIN, "t-1"))] == ["thing_find", "thing_put"]


@pytest.mark.parametrize(
    ("who", "wanted", "says"),
    [
        (asker(Role.REVIEWER), call("thing_put"), "reviewer may not make, change"),
        (asker(Role.ADMIN, "t-1"), call("high_decide"), "A program may not"),
        (asker(Role.ADMIN), call("thing_burn"), "no tool 'thing_burn'"),
        (asker(Role.ADMIN), call("thing_put", name="x" * 21), "do not fit"),
        (asker(Role.ADMIN), call("thing_put", name="x", more=1), "more"),
    ],
)
async def test_what_may_not_be_or_does_not_fit_is_refused_at_every_step(
    who: Asker, wanted: ToolCall, says: str
) -> None:
    shelf = Shelf()
    tools = toolset(shelf)
    for step in (tools.look(who, wanted), tools.plan(who, wanted), tools.carry_out(who, wanted, "0")):
        with pytest.raises(ToolRefused, match=says):
            await step
    assert shelf.things == []


async def test_a_change_is_only_told_until_it_is_carried_out_and_a_look_is_no_change() -> None:
    shelf = Shelf()
    tools, who = toolset(shelf), asker(Role.MARKETER)
    with pytest.raises(ToolRefused, match="told first"):
        await tools.look(who, call("thing_put"))
    with pytest.raises(ToolRefused, match="only looks"):
        await tools.carry_out(who, call("thing_find"), "0")
    effect = await tools.plan(who, call("thing_put"))
    assert shelf.things == []
    done = await tools.carry_out(who, call("thing_put"), effect.seal)
    assert (done.words, shelf.things) == ("lamp is there", ["lamp"])


async def test_a_yes_holds_for_what_was_told_only() -> None:
    shelf = Shelf()
    tools, who = toolset(shelf), asker(Role.MARKETER)
    effect = await tools.plan(who, call("thing_put"))
    shelf.things.append("chair")
    with pytest.raises(EffectChanged, match="something else"):
        await tools.carry_out(who, call("thing_put"), effect.seal)
    assert shelf.things == ["chair"]


async def test_langchain_gets_what_only_looks() -> None:
    (tool,) = toolset(Shelf()).langchain_tools(asker(Role.ADMIN))
    message = await tool.ainvoke(
        {"type": "tool_call", "id": "c", "name": "thing_find", "args": {"name": "lamp"}}
    )
    assert message.content == "0 things"
    assert message.artifact["facts"] == {"asked": "lamp"}


def test_a_tool_either_looks_or_tells_and_does() -> None:
    with pytest.raises(TypeError, match="look, or plan and do"):
        Tool("thing_put", "Put.", Named, Act.READ, plan=Shelf().plan)

"""The assistant's tools, whoever asks for them and through whichever door: one list, one check of rights (A-10).

A file beside this one says of each tool what it is called, what a model is told of it, what it takes and what it needs
(`tools/crm.py`, `tools/campaigns.py`, …); `app/assistant/` does the work behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.assistant import Asker, Effect, ToolAnswer, ToolCall, ToolCard
from domain.errors import EffectChanged, ToolForbidden, ToolRefused, ToolUnknown
from domain.staff import Act
from policies.rights import BY_TOKEN, may
from tools.models.completion import in_words

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool


class Arguments(BaseModel):
    """What a tool takes. Frozen; an unknown argument is an error that is told back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Given = TypeVar("Given", bound=Arguments)


@dataclass(frozen=True)
class Tool(Generic[Given]):
    """One tool. `look` for what only looks; `plan` and `do` for what changes something. All may take a while.

    `do_as_sealed` in place of `do` is given the seal, too: it reckons the seal of the very things it acts on, so that
    nothing can come between, and refuses by `require_sealed` where it differs.
    """

    name: str
    words: str
    arguments: type[Given]
    needs: Act
    look: Callable[[Asker, Given], ToolAnswer] | None = None
    plan: Callable[[Asker, Given], Effect] | None = None
    do: Callable[[Asker, Given], ToolAnswer] | None = None
    do_as_sealed: Callable[[Asker, Given, str], ToolAnswer] | None = None

    def __post_init__(self) -> None:
        """Refuse a tool that neither looks nor tells what it would change."""
        ways = [way for way in (self.do, self.do_as_sealed) if way is not None]
        if (self.look is None) == (self.plan is None) or len(ways) != (self.plan is not None):
            raise TypeError(f"{self.name} must either look, or plan and do")

    @property
    def card(self) -> ToolCard:
        """What callers see of it."""
        return ToolCard(
            name=self.name,
            words=self.words,
            arguments=self.arguments,
            needs=self.needs,
            changes=self.look is None,
        )


class Toolset:
    """Implements `domain.assistant_ports.AssistantTools` over a list of tools. Tools work in threads."""

    def __init__(self, tools: Iterable[Tool[Any]]) -> None:
        self._tools: Mapping[str, Tool[Any]] = {tool.name: tool for tool in tools}

    def cards(self, asker: Asker) -> tuple[ToolCard, ...]:
        """The tools this asker may use, in a stable order."""
        return tuple(tool.card for tool in self._tools.values() if _may(asker, tool.needs))

    async def look(self, asker: Asker, call: ToolCall) -> ToolAnswer:
        """See `AssistantTools.look`."""
        tool, given = self._meant(asker, call)
        if tool.look is None:
            raise ToolRefused(f"{tool.name} changes something: it is told first, and done after a yes.")
        return await asyncio.to_thread(tool.look, asker, given)

    async def plan(self, asker: Asker, call: ToolCall) -> Effect:
        """See `AssistantTools.plan`."""
        tool, given = self._meant(asker, call)
        if tool.plan is None:
            raise ToolRefused(f"{tool.name} only looks; there is nothing to say yes to.")
        return await asyncio.to_thread(tool.plan, asker, given)

    async def carry_out(self, asker: Asker, call: ToolCall, seal: str) -> ToolAnswer:
        """See `AssistantTools.carry_out`."""
        tool, given = self._meant(asker, call)
        if tool.plan is None:
            raise ToolRefused(f"{tool.name} only looks; there is nothing to say yes to.")
        require_sealed(await asyncio.to_thread(tool.plan, asker, given), seal)
        if tool.do_as_sealed is not None:
            return await asyncio.to_thread(tool.do_as_sealed, asker, given, seal)
        assert tool.do is not None
        return await asyncio.to_thread(tool.do, asker, given)

    def langchain_tools(self, asker: Asker) -> tuple[StructuredTool, ...]:
        """The tools that only look, as LangChain knows them, for graphs and agents built on it."""
        from langchain_core.tools import StructuredTool

        def made(card: ToolCard) -> StructuredTool:
            async def look(**arguments: Any) -> tuple[str, dict[str, Any]]:
                answer = await self.look(asker, ToolCall(id="langchain", name=card.name, arguments=arguments))
                return answer.words, answer.model_dump(mode="json")

            return StructuredTool.from_function(
                coroutine=look,
                name=card.name,
                description=card.words,
                args_schema=card.arguments,
                response_format="content_and_artifact",
            )

        return tuple(made(card) for card in self.cards(asker) if not card.changes)

    def _meant(self, asker: Asker, call: ToolCall) -> tuple[Tool[Any], Arguments]:
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(card.name for card in self.cards(asker))
            raise ToolUnknown(f"There is no tool {call.name!r}. Tools: {known}.")
        if not _may(asker, tool.needs):
            raise ToolForbidden(_refusal(asker, tool))
        try:
            return tool, tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            raise ToolRefused(f"The arguments of {tool.name} do not fit.\n{in_words(error)}") from None


def require_sealed(now: Effect, seal: str) -> None:
    """Refuse what would be done now where it is not what was said yes to. Raises `EffectChanged`."""
    if now.seal != seal:
        raise EffectChanged(
            f"Meanwhile this would do something else: {now.title}. Nothing was done; ask again."
        )


def _may(asker: Asker, act: Act) -> bool:
    return may(asker.role, act) and (asker.token_id is None or act in BY_TOKEN)


def _refusal(asker: Asker, tool: Tool[Any]) -> str:
    if may(asker.role, tool.needs):
        return f"A program may not {tool.needs.value}. Sign in with a browser for that."
    return (
        f"You are a {asker.role.value}, and a {asker.role.value} may not {tool.needs.value}. "
        "Ask an admin of your team to do it, or to change your role."
    )

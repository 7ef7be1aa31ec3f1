"""The assistant: a conversation with tools, as a LangGraph graph.

    receive → think → look → think → … → the answer
                        ↓
                      plan → pause → decide → carry_out → think
                        ↑______ edit ____________|

Reads run at once. A change is told first, and done after the asker's yes, if it would still do what was said. The
pause stands alone in its node. What may be half done when a process dies is never begun again by itself: changes are
carried out one a step, and whatever was under way is told as unknown.

What happens is streamed as `Happening` dumps (stream mode `custom`) besides LangGraph's own streams.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Literal

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from agents.assistant_asking import decisions_in, pause_value
from agents.assistant_state import AssistantBench, AssistantState, Interrupts
from agents.assistant_thinking import (
    Show,
    Thought,
    Unusable,
    by_model,
    by_understudy,
    happening_of,
    in_words,
    told_by_understudy,
)
from agents.assistant_words import (
    OURS,
    brought,
    brought_nothing,
    calls_of,
    declined,
    found_of,
    open_calls,
    ours,
    was_asked,
    with_new_id,
)
from domain.assistant import Asking, ChangeAsked, Effect, Happening, Looking, ToolCall
from domain.errors import AttuneError, ModelError
from domain.message import Usage

MOST_CALLS_A_ROUND = 8

SOMETHING_ELSE = "Nothing was done: the person wrote something else instead of saying yes."
BROKEN_OFF_UNDER_WAY = (
    "It was broken off while it was being done; whether it was done is not known. Look at how things stand."
)
BROKEN_OFF_BEFORE = "It was broken off before this was begun. Nothing was done."
OURS_TO_MEND = "The tool failed by a fault of its own, which stands in the log. Nothing more is known."
TOO_MANY = f"Not called: at most {MOST_CALLS_A_ROUND} calls at a time. Ask again for what is still needed."

NOTHING_WAITS: Mapping[str, Any] = {"changes": [], "given": None, "objection": ""}

Bench = Runtime[AssistantBench]
AssistantGraph = CompiledStateGraph[AssistantState, AssistantBench, AssistantState, AssistantState]
Update = dict[str, Any]

log = logging.getLogger("attune.assistant")


async def receive(state: AssistantState, runtime: Bench) -> Command[Literal["think", "look"]]:
    """Take new words. What waited for a yes is declined by them: LangGraph drops its pause without a word."""
    messages = state["messages"]
    update: list[AnyMessage] = _dropped(state)
    for message in update:
        assert isinstance(message, ToolMessage)
        _show(runtime, found_of(ToolCall(id=message.tool_call_id, name=message.name or ""), message))
    newest = messages[-1] if messages else None
    if isinstance(newest, HumanMessage) and not ours(newest):
        kept = {**newest.additional_kwargs, OURS: {"at": runtime.context.clock().isoformat()}}
        update.append(newest.model_copy(update={"additional_kwargs": kept}))
    # A change that a program proposes comes as a call that nobody answered yet.
    goto: Literal["think", "look"] = "look" if newest is not None and calls_of(newest) else "think"
    return Command(goto=goto, update={"messages": update, **NOTHING_WAITS, "stand_in": {}})


def _dropped(state: AssistantState) -> list[AnyMessage]:
    told: list[AnyMessage] = []
    is_begun = False
    for dump in state.get("changes") or ():
        change = _asked(dump)
        why = SOMETHING_ELSE
        if "decision" in dump or state.get("given") is not None:
            is_yes = dump.get("decision", {}).get("type") == "yes"
            why = BROKEN_OFF_UNDER_WAY if is_yes and not is_begun else BROKEN_OFF_BEFORE
            is_begun = is_begun or is_yes
        # A front end may have put words of its own where the answer to a call belongs: ours replace them.
        foreign = next((one for one in state["messages"] if _answers(one, change)), None)
        message = brought_nothing(change.call, why, change)
        told.append(message.model_copy(update={"id": foreign.id}) if foreign else message)
    return told


def _answers(message: AnyMessage, change: ChangeAsked) -> bool:
    return isinstance(message, ToolMessage) and message.tool_call_id == change.asked_as


async def think(
    state: AssistantState, runtime: Bench, config: RunnableConfig
) -> Command[Literal["look", "__end__"]]:
    """Let the model go on, or the understudy where the model gives nothing usable."""
    bench = runtime.context
    show = functools.partial(_show, runtime)
    thought = await _thought(state, bench, _thread_id(config), show)
    told = happening_of(thought.update["messages"][-1])
    if told is not None and not thought.has_calls:
        show(told)
    goto: Literal["look", "__end__"] = "look" if thought.has_calls else "__end__"
    return Command(goto=goto, update=thought.update)


async def _thought(state: AssistantState, bench: AssistantBench, thread_id: str, show: Show) -> Thought:
    messages = state["messages"]
    if stand_in := state.get("stand_in"):
        return told_by_understudy(messages, bench, stand_in)
    why, usage = "", Usage()
    if bench.model is not None:
        try:
            return await by_model(messages, bench, thread_id, show)
        except (ModelError, Unusable) as problem:
            log.info("the understudy answers: %s", in_words(problem))
            why, usage = in_words(problem), problem.usage
    return by_understudy(messages, bench, why, usage)


async def look(state: AssistantState, runtime: Bench) -> Command[Literal["think", "plan"]]:
    """Call what only looks, side by side. Changes are left for `plan`."""
    bench = runtime.context
    calls = open_calls(state["messages"])
    changing = {card.name for card in bench.tools.cards(bench.asker) if card.changes}
    now, beyond = calls[:MOST_CALLS_A_ROUND], calls[MOST_CALLS_A_ROUND:]
    reads = [call for call in now if call.name not in changing]

    async def one(call: ToolCall) -> ToolMessage:
        _show(runtime, Looking(call=call))
        message = await _tried(call, lambda: bench.tools.look(bench.asker, call))
        _show(runtime, found_of(call, message))
        return message

    told = list(await asyncio.gather(*(one(call) for call in reads)))
    told += [brought_nothing(call, TOO_MANY) for call in beyond]
    goto: Literal["think", "plan"] = "plan" if len(reads) < len(now) else "think"
    return Command(goto=goto, update={"messages": told})


async def plan(state: AssistantState, runtime: Bench) -> Command[Literal["think", "pause"]]:
    """Reckon what each change would do, and put before the asker what can be done."""
    bench, told = runtime.context, list[AnyMessage]()
    changes: list[ChangeAsked] = []
    for call in open_calls(state["messages"]):
        _show(runtime, Looking(call=call))
        planned = await _planned(call, bench)
        if isinstance(planned, str):
            message = brought_nothing(call, planned)
            told.append(message)
            _show(runtime, found_of(call, message))
        else:
            changes.append(ChangeAsked(call=call, effect=planned))
    if changes:
        _show(runtime, Asking(changes=tuple(changes)))
    return Command(
        goto="pause" if changes else "think",
        update={"messages": told, "changes": [one.model_dump(mode="json") for one in changes]},
    )


async def _planned(call: ToolCall, bench: AssistantBench) -> Effect | str:
    try:
        return await bench.tools.plan(bench.asker, call)
    except AttuneError as problem:
        return str(problem)
    except Exception:
        log.exception("planning %s failed", call.name)
        return OURS_TO_MEND


def pause(form: Interrupts) -> Callable[[AssistantState], Update]:
    """The node that waits for the asker. Nothing but the pause may ever stand in it."""

    def wait(state: AssistantState) -> Update:
        changes = [_asked(one) for one in state["changes"]]
        return {"given": interrupt(pause_value(changes, form, state.get("objection") or ""))}

    return wait


async def decide(state: AssistantState, runtime: Bench) -> Command[Literal["carry_out", "pause"]]:
    """Read the answer, and plan anew what was edited: an edited change is asked again, never done at once."""
    changes = [_asked(one) for one in state["changes"]]
    is_first = not any(one.edited_from for one in changes) and not was_asked(state["messages"])
    decisions = decisions_in(state.get("given"), changes, is_first=is_first)
    decided: list[Update] = []
    for change, decision in zip(changes, decisions, strict=True):
        dump = change.model_dump(mode="json")
        if decision["type"] == "edit":
            dump = await _edited(change, decision["arguments"], runtime)
        elif decision["type"] != "later":
            dump["decision"] = decision
        decided.append(dump)
    is_settled = any("decision" in one for one in decided)
    if not is_settled:
        _show(runtime, Asking(changes=tuple(map(_asked, decided))))
    objection = next((one["why"] for one in decisions if "why" in one), "")
    return Command(
        goto="carry_out" if is_settled else "pause",
        update={"changes": decided, "given": None, "objection": objection},
    )


async def _edited(change: ChangeAsked, arguments: Update, runtime: Bench) -> Update:
    call = change.call.model_copy(update={"id": change.asked_as, "arguments": arguments})
    planned = await _planned(call, runtime.context)
    if isinstance(planned, str):
        _show(runtime, found_of(call, brought_nothing(call, planned)))
        return change.model_dump(mode="json")
    # Another id: a yes to what was shown before must never be one to this.
    edited = with_new_id(call)
    return ChangeAsked(call=edited, effect=planned, edited_from=change.asked_as).model_dump(mode="json")


async def carry_out(state: AssistantState, runtime: Bench) -> Command[Literal["carry_out", "pause", "think"]]:
    """Settle the first change that was decided; one a step, so that what was done is kept before the next begins."""
    bench, changes = runtime.context, list(state["changes"])
    place = next(n for n, one in enumerate(changes) if "decision" in one)
    dump = changes.pop(place)
    change, decision = _asked(dump), dump["decision"]
    if decision["type"] == "yes":
        message = await _tried(
            change.call,
            lambda: bench.tools.carry_out(bench.asker, change.call, change.effect.seal),
            change,
        )
    else:
        message = declined(change, str(decision.get("words") or ""))
    _show(runtime, found_of(change.call, message))
    goto: Literal["carry_out", "pause", "think"] = "think"
    if any("decision" in one for one in changes):
        goto = "carry_out"
    elif changes:
        goto = "pause"
        _show(runtime, Asking(changes=tuple(map(_asked, changes))))
    return Command(goto=goto, update={"messages": [message], "changes": changes})


async def _tried(
    call: ToolCall, act: Callable[[], Coroutine[Any, Any, Any]], change: ChangeAsked | None = None
) -> ToolMessage:
    try:
        return brought(call, await act(), change)
    except AttuneError as problem:
        return brought_nothing(call, str(problem), change)
    except Exception:
        log.exception("%s failed", call.name)
        return brought_nothing(call, OURS_TO_MEND, change)


def _asked(dump: Update) -> ChangeAsked:
    return ChangeAsked.model_validate({name: dump[name] for name in ChangeAsked.model_fields if name in dump})


def waiting_in(values: Update) -> tuple[ChangeAsked, ...]:
    """The changes a paused conversation's state holds."""
    return tuple(_asked(one) for one in values.get("changes") or ())


def _show(runtime: Bench, happening: Happening) -> None:
    runtime.stream_writer(happening.model_dump(mode="json"))


def _thread_id(config: RunnableConfig) -> str:
    return str(config.get("configurable", {}).get("thread_id", "chat"))


def build_assistant(
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    bench: AssistantBench | None = None,
    interrupts: Interrupts = "hitl",
) -> AssistantGraph:
    """Join the nodes.

    Args:
        checkpointer: where conversations are kept; None where the host brings its own.
        bench: binds the graph to one asker, for hosts that cannot pass a context.
        interrupts: the form its pauses have.
    """
    # A host that passes a context of its own, an empty one too, must not be asked to make a bench of it.
    graph = StateGraph(AssistantState, context_schema=AssistantBench if bench is None else None)
    nodes: dict[str, Any] = {
        "receive": receive,
        "look": look,
        "plan": plan,
        "decide": decide,
        "carry_out": carry_out,
    }
    for name, node in nodes.items():
        graph.add_node(name, node if bench is None else _bound(node, bench))
    thinks: Any = think if bench is None else _bound_think(bench)
    waits: Any = pause(interrupts)
    graph.add_node("think", thinks)
    graph.add_node("pause", waits)
    graph.add_edge(START, "receive")
    graph.add_edge("pause", "decide")
    return graph.compile(checkpointer=checkpointer, name="assistant")


def _bound(node: Callable[[AssistantState, Bench], Any], bench: AssistantBench) -> Any:
    @functools.wraps(node)
    async def with_bench(state: AssistantState, runtime: Bench) -> Any:
        return await node(state, runtime.override(context=bench))

    return with_bench


def _bound_think(bench: AssistantBench) -> Any:
    @functools.wraps(think)
    async def with_bench(state: AssistantState, runtime: Bench, config: RunnableConfig) -> Any:
        return await think(state, runtime.override(context=bench), config)

    return with_bench

"""A conversation as messages: how what happened is kept in them, and what of it a model reads.

Message contents are what a model reads; beside them stands what people see (`artifact`, `additional_kwargs`).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from pydantic import ValidationError

from agents.assistant_addresses import MARK, without_addresses
from domain.assistant import (
    Answered,
    ChangeAsked,
    Found,
    Program,
    RecordRef,
    TalkTurn,
    ToolAnswer,
    ToolCall,
)
from domain.message import Usage
from prompts.library import fence

OURS = "attune"
"""Under this name a message's `additional_kwargs` hold what is ours."""

MOST_RESULT_CHARACTERS = 14_000
MOST_CONVERSATION_CHARACTERS = 60_000
MOST_QUESTION_CHARACTERS = 8_000
MOST_ANSWER_CHARACTERS = 20_000
MOST_RECORDS_TOLD = 30

BROKEN_OFF = "It was broken off before it was called. Nothing was done."

_TOOL_NAME = re.compile(r"[a-z][a-z0-9_]*")


def question(words: str, at: datetime, program: Program | None = None) -> HumanMessage:
    """A question as it is kept, and whose it is."""
    whose = {} if program is None else {"program": program.model_dump(mode="json")}
    return HumanMessage(words, additional_kwargs={OURS: {"at": at.isoformat(), **whose}})


def program_of(message: AnyMessage) -> Program | None:
    """The program a question came from; None where it was a person."""
    kept = ours(message).get("program")
    return None if kept is None else Program.model_validate(kept)


def proposed(call: ToolCall) -> AIMessage:
    """A change a program proposes. Its arguments are the program's words: no model may take them for its own."""
    message = called("", [call])
    message.additional_kwargs[OURS]["is_proposed"] = True
    return message


def called(words: str, calls: Sequence[ToolCall], usage: Usage = Usage()) -> AIMessage:  # noqa: B008 - frozen
    """Calls a model, the understudy or a program asks for, with what was said on the way."""
    wanted: Any = [
        {"id": call.id, "name": call.name, "args": call.arguments, "type": "tool_call"} for call in calls
    ]
    kept = {OURS: {"usage": usage.model_dump()}}
    return AIMessage(words, tool_calls=wanted, additional_kwargs=kept)


def answer_message(answer: Answered) -> AIMessage:
    """The answer as it is kept."""
    return AIMessage(
        answer.words,
        additional_kwargs={OURS: {"answered": answer.model_dump(mode="json", exclude={"words"})}},
    )


def broken_message(words: str, usage: Usage) -> AIMessage:
    """That a question could not be answered, as it is kept."""
    return AIMessage(words, additional_kwargs={OURS: {"broken": True, "usage": usage.model_dump()}})


def brought(call: ToolCall, answer: ToolAnswer, change: ChangeAsked | None = None) -> ToolMessage:
    """What a tool found or did: facts for the model inside a data block, the rest for people."""
    return ToolMessage(
        content=fence(_told(answer, call, change), _block(call.name), MOST_RESULT_CHARACTERS),
        artifact=answer.model_dump(mode="json"),
        additional_kwargs={OURS: _beside(call, change)},
        name=call.name,
        tool_call_id=change.asked_as if change else call.id,
    )


def brought_nothing(call: ToolCall, problem: str, change: ChangeAsked | None = None) -> ToolMessage:
    """Why a call brought nothing. Its text may quote labels from outside, so it stands in a data block, too."""
    told = _compact({"problem": problem})
    return ToolMessage(
        content=fence(told, _block(call.name), MOST_RESULT_CHARACTERS),
        additional_kwargs={OURS: {**_beside(call, change), "problem": problem}},
        name=call.name,
        tool_call_id=change.asked_as if change else call.id,
        status="error",
    )


def declined(change: ChangeAsked, words: str = "") -> ToolMessage:
    """That the person said no: no fault of anybody's, and what it was about may still be named."""
    said = words.strip()
    told = "Nothing was done: the person said no." + (f" They said: {said}" if said else "")
    records = [f"{one.mark} {one.label}".strip() for one in change.effect.records[:MOST_RECORDS_TOLD]]
    return ToolMessage(
        content=fence(
            _compact({"declined": told, "records": records}), _block(change.call.name), MOST_RESULT_CHARACTERS
        ),
        additional_kwargs={OURS: {**_beside(change.call, change), "problem": told}},
        name=change.call.name,
        tool_call_id=change.call.id,
    )


def _beside(call: ToolCall, change: ChangeAsked | None) -> dict[str, Any]:
    beside: dict[str, Any] = {"arguments": call.arguments}
    if change is not None:
        beside["change"] = change.model_dump(mode="json")
    return beside


def _told(answer: ToolAnswer, call: ToolCall, change: ChangeAsked | None) -> str:
    told: dict[str, Any] = {"words": answer.words}
    if change is not None:
        told["done_with"] = call.arguments
    told |= {"facts": answer.facts} if answer.facts else {}
    if answer.records:
        told["records"] = [f"{one.mark} {one.label}".strip() for one in answer.records[:MOST_RECORDS_TOLD]]
    return _compact(told)


def _compact(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=str)


def _block(name: str | None) -> str:
    return name if name and _TOOL_NAME.fullmatch(name) else "tool"


def ours(message: AnyMessage) -> dict[str, Any]:
    """What we keep beside a message; empty where somebody else wrote it."""
    kept = message.additional_kwargs.get(OURS)
    return kept if isinstance(kept, dict) else {}


def calls_of(message: AnyMessage) -> tuple[ToolCall, ...]:
    """The calls a message asks for."""
    if not isinstance(message, AIMessage):
        return ()
    return tuple(
        ToolCall(id=str(one["id"]), name=one["name"], arguments=one["args"]) for one in message.tool_calls
    )


def results(messages: Sequence[AnyMessage]) -> dict[str, ToolMessage]:
    """What calls brought, by their ids. Only what we wrote counts: a front end may put words of its own there."""
    return {one.tool_call_id: one for one in messages if isinstance(one, ToolMessage) and ours(one)}


def was_asked(messages: Sequence[AnyMessage]) -> bool:
    """Tell whether a change was put before the asker and settled, whichever way."""
    return any("change" in ours(message) for message in results(messages).values())


def with_new_id(call: ToolCall) -> ToolCall:
    """The same call under an id nobody has seen."""
    return call.model_copy(update={"id": f"call_{uuid.uuid4().hex[:16]}"})


def open_calls(messages: Sequence[AnyMessage]) -> tuple[ToolCall, ...]:
    """Calls of the newest message that asks for any and that nothing answers yet."""
    asking = next((one for one in reversed(messages) if calls_of(one)), None)
    if asking is None:
        return ()
    there = results(messages)
    return tuple(call for call in calls_of(asking) if call.id not in there)


def since_question(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The newest question and all that followed."""
    for place in range(len(messages) - 1, -1, -1):
        if isinstance(messages[place], HumanMessage):
            return list(messages[place:])
    return list(messages)


def found_since(messages: Sequence[AnyMessage]) -> list[tuple[ToolCall, ToolAnswer | str]]:
    """What the calls since the newest question brought, in the order they were asked."""
    there = results(messages)
    asked = [call for one in since_question(messages) for call in calls_of(one)]
    return [(call, answer_of(there[call.id])) for call in asked if call.id in there]


def answer_of(message: ToolMessage) -> ToolAnswer | str:
    """What a tool's message holds: its answer, or why there is none."""
    if problem := ours(message).get("problem"):
        return str(problem)
    try:
        return ToolAnswer.model_validate(message.artifact)
    except ValidationError:
        return "What it brought cannot be read any more."


def found_of(call: ToolCall, message: ToolMessage) -> Found:
    """What happened, as doors show it."""
    kept = answer_of(message)
    arguments = ours(message).get("arguments", call.arguments)
    done = call.model_copy(update={"id": message.tool_call_id, "arguments": arguments})
    if isinstance(kept, str):
        return Found(call=done, problem=kept)
    return Found(call=done, answer=kept)


def known_records(messages: Sequence[AnyMessage]) -> dict[str, RecordRef]:
    """Every record a tool of this conversation brought, by its mark."""
    found: dict[str, RecordRef] = {}
    for message in results(messages).values():
        for ref in (*refs_in(message.artifact), *refs_in(ours(message).get("change"))):
            found.setdefault(ref.mark, ref)
    return found


def refs_in(part: Any) -> Iterator[RecordRef]:
    """Every record a dump names, in whatever depth."""
    if isinstance(part, dict):
        if part.keys() == {"kind", "id", "label"}:
            try:
                yield RecordRef.model_validate(part)
            except ValidationError:
                return
            return
        part = list(part.values())
    if isinstance(part, list | tuple):
        for one in part:
            yield from refs_in(one)


def with_known_marks(words: str, known: Mapping[str, RecordRef]) -> tuple[str, tuple[RecordRef, ...]]:
    """The words without marks of records no tool brought, and without web addresses; and the records they name."""
    named: dict[str, RecordRef] = {}

    def kept(found: re.Match[str]) -> str:
        mark = f"[{found[1]}:{found[2]}]"
        if mark not in known:
            return ""
        named[mark] = known[mark]
        return found[0]

    # Marks first: what is left when one is taken out must not become an address.
    return without_addresses(MARK.sub(kept, words)).strip(), tuple(named.values())


def usage_since(messages: Sequence[AnyMessage]) -> Usage:
    """What the models took since the newest question."""
    return usage_of(since_question(messages))


def usage_of(messages: Sequence[AnyMessage]) -> Usage:
    """What the models took for these messages; an answer's own sum holds what its calls took before it."""
    total, open_sum = Usage(), Usage()
    for message in messages:
        kept = ours(message)
        if isinstance(message, HumanMessage):
            total, open_sum = total + open_sum, Usage()
        elif "answered" in kept:
            total, open_sum = total + Usage.model_validate(kept["answered"].get("usage", {})), Usage()
        elif "usage" in kept:
            open_sum += Usage.model_validate(kept["usage"])
    return total + open_sum


def turns_of(
    messages: Sequence[AnyMessage], most: int = MOST_CONVERSATION_CHARACTERS
) -> tuple[TalkTurn, ...]:
    """The conversation as a model gets it: every call answered right after it, older results shortened to fit.

    The newest question and what followed stay whole; before it, results shrink to their words, the oldest first,
    and then the oldest questions are left out. What is stored is never touched.
    """
    there = results(messages)
    groups: list[list[TalkTurn]] = [[]]
    short: dict[str, str] = {}
    for message in messages:
        if isinstance(message, HumanMessage):
            groups.append([TalkTurn(role="user", content=str(message.text)[:MOST_QUESTION_CHARACTERS])])
        elif isinstance(message, AIMessage):
            calls, is_proposed = calls_of(message), bool(ours(message).get("is_proposed"))
            told = tuple(_without_arguments(call) for call in calls) if is_proposed else calls
            groups[-1].append(TalkTurn(role="assistant", content=str(message.text), calls=told))
            for call in calls:
                result = there.get(call.id)
                content = str(result.text) if result else BROKEN_OFF
                if is_proposed:
                    content = f"{_proposal(call, result)}\n{content}"
                groups[-1].append(TalkTurn(role="tool", content=content, call_id=call.id))
                if result is not None:
                    short[call.id] = _shortened(call, result)
    kept = [group for group in groups if group]
    _shrink(kept, short, most)
    while len(kept) > 1 and _size(kept) > most:
        kept.pop(0)
    return tuple(turn for group in kept for turn in group)


def _without_arguments(call: ToolCall) -> ToolCall:
    return call.model_copy(update={"arguments": {}})


def _proposal(call: ToolCall, result: ToolMessage | None) -> str:
    """What a program proposed, in a data block: its arguments and the names in a title come from anywhere."""
    change = ours(result).get("change") if result else None
    told = {"proposed_by": "a program", "arguments": call.arguments}
    if change is not None:
        told |= {"title": change["effect"]["title"], "arguments": change["call"]["arguments"]}
    return fence(_compact(told), _block(call.name), MOST_RESULT_CHARACTERS)


def _shortened(call: ToolCall, result: ToolMessage) -> str:
    answer = answer_of(result)
    words = answer if isinstance(answer, str) else answer.words
    told = _compact({"words": words, "shortened": "Call the tool again if you need more of it."})
    return fence(told, _block(call.name), MOST_RESULT_CHARACTERS)


def _shrink(groups: list[list[TalkTurn]], short: Mapping[str, str], most: int) -> None:
    excess = _size(groups) - most
    for group in groups[:-1]:
        for place, turn in enumerate(group):
            if excess <= 0:
                return
            brief = short.get(turn.call_id or "")
            if brief is not None and len(brief) < len(turn.content):
                excess -= len(turn.content) - len(brief)
                group[place] = turn.model_copy(update={"content": brief})


def _size(groups: Sequence[Sequence[TalkTurn]]) -> int:
    return sum(
        len(turn.content) + sum(len(str(call.arguments)) for call in turn.calls)
        for group in groups
        for turn in group
    )

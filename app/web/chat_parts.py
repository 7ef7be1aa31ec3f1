"""What a conversation's page shows of the assistant: questions, steps, tables, changes, answers. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel

from agents.told_plainly import to_the_person
from app.answer_words import Block, blocks, call_title
from domain.assistant import (
    Answered,
    AnswerText,
    Asking,
    Broken,
    ChangeAsked,
    Exchange,
    Found,
    Looking,
    RecordKind,
    RecordRef,
    ToolAnswer,
    ToolCall,
)
from domain.base import Noun

_PATHS = {
    RecordKind.CONTACT: "/contacts/",
    RecordKind.ACCOUNT: "/accounts/",
    RecordKind.CAMPAIGN: "/campaigns/",
    RecordKind.RUN: "/runs/",
    RecordKind.DECISION: "/decisions/",
    RecordKind.PROPOSAL: "/inbox/",
    RecordKind.CONTENT: "/content/",
    RecordKind.RULE: "/rules/",
}
_LINES = {"+": "come", "-": "gone", "@": "place"}
LONG_CHARS = 60
MOST_ARGUMENT_CHARS = 10_000
DEEPEST_ARGUMENT = 12
_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


class Argument(Noun):
    """One argument of a change as it can be changed. `is_data`: other than a text, so read as JSON."""

    name: str
    label: str
    value: str
    is_data: bool
    is_long: bool


class Part(Noun):
    """One thing that happened. `id` stays while a step goes from under way to done."""

    id: str
    kind: Literal["step", "asking", "answer", "broken"]
    title: str = ""
    words: str = ""
    blocks: tuple[Block, ...] = ()
    call: ToolCall | None = None
    answer: ToolAnswer | None = None
    problem: str = ""
    is_under_way: bool = False
    changes: tuple[ChangeAsked, ...] = ()
    is_open: bool = False
    told: Answered | None = None


def parts_of(exchange: Exchange, *, is_live: bool, waiting: Sequence[ChangeAsked] = ()) -> tuple[Part, ...]:
    """Everything that followed a question, each call as one part.

    Args:
        exchange: what happened.
        is_live: it still goes on; else a call that nothing came of was broken off.
        waiting: the changes that wait for a yes now; those of an earlier pause are told as past.
    """
    found: dict[str, Part] = {}
    for number, one in enumerate(exchange.happenings):
        for part in _parts(one, number):
            found[part.id] = part
    pauses = [key for key, part in found.items() if part.kind == "asking"]
    for key in pauses:
        if key == pauses[-1] and waiting and not is_live:
            found[key] = found[key].model_copy(update={"changes": tuple(waiting), "is_open": True})
        else:
            del found[key]
    asked = {change.asked_as for change in waiting}
    for key, part in found.items():
        if part.is_under_way and not is_live:
            words = "waits for your answer" if part.call and part.call.id in asked else ""
            problem = "" if words else "It was broken off before it was called. Nothing was done."
            found[key] = part.model_copy(update={"is_under_way": False, "words": words, "problem": problem})
    return tuple(found.values())


def _parts(one: Any, number: int) -> Iterator[Part]:
    if isinstance(one, Looking):
        yield _step(one.call).model_copy(update={"is_under_way": True})
    elif isinstance(one, Found):
        words = one.answer.words if one.answer else ""
        yield _step(one.call).model_copy(
            update={"answer": one.answer, "problem": to_the_person(one.problem), "words": words}
        )
    elif isinstance(one, Asking):
        yield Part(id=f"asking-{number}", kind="asking", changes=one.changes)
    elif isinstance(one, Answered):
        told = one.model_copy(update={"words": ""})
        yield Part(id="answer", kind="answer", blocks=blocks(one.words, one.records), told=told)
    elif isinstance(one, Broken):
        yield Part(id="answer", kind="broken", blocks=blocks(one.words))


def _step(call: ToolCall) -> Part:
    return Part(id=f"step-{call.id}", kind="step", title=call_title(call.name), call=call)


def path_of(record: RecordRef) -> str | None:
    """Where a record's page is; None for what has none."""
    start = _PATHS.get(record.kind)
    return f"{start}{quote(record.id, safe='')}" if start else None


def lines_of(text: AnswerText) -> tuple[tuple[str, str], ...]:
    """A difference's lines, each with what it is: `come`, `gone`, `place`, or nothing."""
    return tuple((_LINES.get(line[:1], ""), line) for line in text.text.rstrip("\n").split("\n"))


def arguments_of(call: ToolCall, given: type[BaseModel] | None) -> tuple[Argument, ...]:
    """The arguments of a change as fields of a form: those it was called with, and what else it takes."""
    fields = given.model_fields if given else {}
    names = [*call.arguments, *(name for name in fields if name not in call.arguments)]
    return tuple(_argument(name, call.arguments.get(name), fields) for name in names)


def _argument(name: str, value: Any, fields: Mapping[str, Any]) -> Argument:
    field = fields.get(name)
    if value is None and field is not None and not field.is_required():
        value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    is_data = not isinstance(value, str)
    told = "" if value is None else value if isinstance(value, str) else _as_json(value)
    return Argument(
        name=name,
        label=name.replace("_", " ").capitalize(),
        value=told,
        is_data=is_data,
        is_long=len(told) > LONG_CHARS or "\n" in told,
    )


def _as_json(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False, indent=1 if isinstance(value, dict) else None, default=str)


def arguments_said(call: ToolCall, fields: Iterable[Argument], said: Mapping[str, str]) -> dict[str, Any]:
    """What a form says the arguments are to be; what is as it was stays as it was.

    Raises:
        ValueError: one is not written as it must be; says which.

    """
    changed = dict(call.arguments)
    for field in fields:
        words = said.get(field.name, field.value).replace("\r\n", "\n")
        if words.strip() == field.value.strip():
            continue
        if len(words) > MOST_ARGUMENT_CHARS:
            raise ValueError(
                f"{field.label} is {len(words):,} characters; at most {MOST_ARGUMENT_CHARS:,} are read here. "
                "Write less, or ask for it in the conversation."
            )
        changed[field.name] = _read(field, words.strip()) if field.is_data else words
    return changed


def _read(field: Argument, words: str) -> Any:
    """JSON, or plain words: yes, no, a number, a text. Raises `ValueError`."""
    if not words:
        return None
    if words.lower() in _YES_OR_NO:
        return _YES_OR_NO[words.lower()]
    try:
        # Through text again: what has no number in JSON (NaN), or no letter (half a surrogate), is refused.
        value = json.loads(words)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        if not _is_deeper(value, DEEPEST_ARGUMENT):
            return value
    except (ValueError, RecursionError):
        if words[0] not in '[{"' and words.isprintable():
            return words
    raise ValueError(f"{field.label} cannot be read: write it as it stood, such as {field.value!r}.")


def _is_deeper(value: Any, than: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return than < 0 or any(_is_deeper(one, than - 1) for one in inner)

"""What a conversation has shown so far, so that “the second one”, “her” and “there” mean something. Pure.

Read from the turns of tools: their data blocks hold JSON with `records` (`"[contact:c_1] Dana Kim"`) and rows of facts.
Labels in them are a stranger's words: they are compared and passed on as the name of what is looked up, never read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agents.understudy.talk_words import number_in, ordinal_in
from domain.assistant import TalkTurn, ToolCall

_MARK = re.compile(r"\[([a-z]+):([^\[\]\n]{1,200})\]\s*([^\"\\\n]{0,80})")
_BLOCK = re.compile(r"<data[^>]*>\n?(.*?)\n?</data>", re.DOTALL)
_ONE = r"(?:one|contact|person|account|company|proposal|message|campaign|run|of (?:them|these|those))"
_NTH = re.compile(
    rf"^(?:the )?(?:(\w+)(?: {_ONE})?|(?:number|no\.?|#) ?(\d{{1,3}})|{_ONE} (?:number )?#?(\d{{1,3}}))$",
    re.IGNORECASE,
)
_SINGLE = re.compile(
    r"^(?:her|him|she|he|it|that|this|them|they|(?:this|that|the) (?:same )?"
    r"(?:one|contact|person|account|company|campaign|run|proposal|draft|message|woman|man|guy|lady))$",
    re.IGNORECASE,
)
_KINDS_OF_SINGLE = {"contact", "person", "account", "company", "campaign", "run", "proposal"}


@dataclass(frozen=True)
class Seen:
    """One record as it was shown, with the row of facts it stood in."""

    kind: str
    id: str
    label: str
    row: dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """Everything shown so far, the newest answer first; `calls` are the calls that brought it."""

    answers: tuple[tuple[ToolCall | None, tuple[Seen, ...]], ...] = ()

    def latest(self, kind: str) -> tuple[Seen, ...]:
        """The records of a kind that the newest answer with any of it showed; one, where it was about one."""
        for call, seen in self.answers:
            ours = tuple(one for one in seen if one.kind == kind)
            if ours:
                return ours[:1] if call is not None and _is_about_one(call, kind) else ours
        return ()

    @property
    def last_call(self) -> ToolCall | None:
        """The newest call."""
        return self.answers[0][0] if self.answers else None

    def last_call_of(self, *names: str) -> ToolCall | None:
        """The newest call of one of these tools."""
        return next((call for call, _ in self.answers if call is not None and call.name in names), None)

    def meant(self, words: str, kind: str) -> tuple[Seen, ...] | None:
        """What “the second one”, “her” or “them” mean among the records of a kind; None where words are no such thing.

        Nothing (an empty tuple) where they are, but nothing was shown they could mean.
        """
        bare = words.strip(" .,;:!?\"'")
        newest = self.latest(kind)
        if _SINGLE.match(bare):
            return newest
        if re.fullmatch(r"(?:the )?last(?: one)?", bare, re.IGNORECASE):
            return newest[-1:]
        if re.fullmatch(rf"(?:the )?others?(?: {_ONE})?", bare, re.IGNORECASE):
            return newest[1:2] if len(newest) == 2 else ()
        if (found := _NTH.match(bare)) and (place := _place(found)) is not None:
            return newest[place : place + 1]
        return None


def _place(found: re.Match[str]) -> int | None:
    if found[1]:
        return ordinal_in(found[1])
    number = number_in(found[2] or found[3])
    return number - 1 if number else None


def _is_about_one(call: ToolCall, kind: str) -> bool:
    noun, _, verb = call.name.partition("_")
    return verb not in {"find", "list", "compare"} and (noun == kind or kind in {"contact", "account"})


def shown_in(history: Sequence[TalkTurn]) -> Shown:
    """Read what was shown from the turns of a conversation."""
    calls = {call.id: call for turn in history for call in turn.calls}
    answers = [
        (calls.get(turn.call_id or ""), tuple(_seen(turn.content)))
        for turn in reversed(history)
        if turn.role == "tool"
    ]
    return Shown(tuple(answers))


def _seen(content: str) -> Iterator[Seen]:
    """Each record once, in the order of the rows; what is cut or odd is read by its marks alone."""
    found = _BLOCK.search(content)
    text = found[1] if found else content
    there: set[tuple[str, str]] = set()
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    rows = list(_rows(told.get("facts"))) if isinstance(told, dict) else []
    labels = {(kind, key): label.strip() for kind, key, label in _MARK.findall(text) if label.strip()}
    for row, mark in rows:
        if (one := _MARK.match(mark)) and (one[1], one[2]) not in there:
            there.add((one[1], one[2]))
            name = row.get("name")
            label = name if isinstance(name, str) else labels.get((one[1], one[2]), "")
            yield Seen(one[1], one[2], label, row)
    for kind, key, _ in _MARK.findall(text):
        if (kind, key) not in there:
            there.add((kind, key))
            yield Seen(kind, key, labels.get((kind, key), ""), {})


def _rows(part: Any, depth: int = 0) -> Iterator[tuple[dict[str, Any], str]]:
    if depth > 6:
        return
    if isinstance(part, dict):
        mark = part.get("record")
        if isinstance(mark, str):
            yield part, mark
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _rows(one, depth + 1)

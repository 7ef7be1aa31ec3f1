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
_ONLY_MARK = re.compile(r"\[[a-z]+:[^\[\]\n]{1,200}\]")
_FLAT_ROW = re.compile(r"\{[^{}]{1,4000}\}")
_DEEPEST = 6
BLOCK = re.compile(r"<data[^>]*>\n?(.*?)\n?</data>", re.DOTALL)
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


@dataclass(frozen=True)
class Seen:
    """One record as it was shown, with the row of facts it stood in."""

    kind: str
    id: str
    label: str
    row: dict[str, Any]


@dataclass(frozen=True)
class Brought:
    """What one call brought; `round` counts the turns that called for anything, the newest highest."""

    call: ToolCall | None
    seen: tuple[Seen, ...]
    facts: dict[str, Any]
    round: int


@dataclass(frozen=True)
class Shown:
    """Everything shown so far, the newest call first."""

    answers: tuple[Brought, ...] = ()

    def latest(self, kind: str) -> tuple[Seen, ...]:
        """The records of a kind that the newest round with any of it showed; one of each call that was about one."""
        newest = next(
            (one.round for one in self.answers if any(seen.kind == kind for seen in one.seen)), None
        )
        found: dict[str, Seen] = {}
        for one in reversed(self.answers):
            if one.round == newest:
                ours = [seen for seen in one.seen if seen.kind == kind]
                is_single = one.call is not None and _is_about_one(one.call, kind)
                found |= {seen.id: seen for seen in (ours[:1] if is_single else ours)}
        return tuple(found.values())

    @property
    def last_call(self) -> ToolCall | None:
        """The newest call."""
        return self.answers[0].call if self.answers else None

    @property
    def last_facts(self) -> dict[str, Any]:
        """What the newest call brought, as a model reads it."""
        return self.answers[0].facts if self.answers else {}

    def is_cut(self, kind: str) -> bool:
        """Tell whether the newest list with records of a kind was too long for a model, so that rows are missing."""
        newest = next((one for one in self.answers if any(seen.kind == kind for seen in one.seen)), None)
        return newest is not None and not newest.facts

    def last_call_of(self, *names: str) -> ToolCall | None:
        """The newest call of one of these tools."""
        return next(
            (one.call for one in self.answers if one.call is not None and one.call.name in names), None
        )

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
    if verb in {"find", "list", "compare"}:
        return False
    return noun == kind or noun in _OF_ONE.get(kind, ())


_OF_ONE = {
    "contact": ("decision", "proposal", "message"),
    "account": ("contact", "decision", "proposal", "message"),
}
"""What is of one contact, or one company, beside itself: a company's card and a run name many people."""


def shown_in(history: Sequence[TalkTurn]) -> Shown:
    """Read what was shown from the turns of a conversation."""
    calls: dict[str, tuple[ToolCall, int]] = {}
    for place, turn in enumerate(history):
        calls |= {call.id: (call, place) for call in turn.calls}
    answers = []
    for turn in reversed(history):
        if turn.role == "tool":
            call, place = calls.get(turn.call_id or "", (None, -1))
            answers.append(_brought(turn.content, call, place))
    return Shown(tuple(answers))


def _brought(content: str, call: ToolCall | None, place: int) -> Brought:
    found = BLOCK.search(content)
    text = found[1] if found else content
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    facts = told.get("facts") if isinstance(told, dict) else None
    rows = list(_rows(facts)) if isinstance(facts, dict) else list(_rows_of_cut(text))
    return Brought(call, tuple(_seen(text, rows)), facts if isinstance(facts, dict) else {}, place)


def _seen(text: str, rows: Sequence[tuple[dict[str, Any], str]]) -> Iterator[Seen]:
    """Each record once: those of rows in their order, then others by their marks alone."""
    there: set[tuple[str, str]] = set()
    labels = {(kind, key): label.strip() for kind, key, label in _MARK.findall(text) if label.strip()}
    for row, mark in rows:
        if (one := _MARK.match(mark)) and (one[1], one[2]) not in there:
            there.add((one[1], one[2]))
            name = row.get("name") or row.get("title")
            label = name if isinstance(name, str) else labels.get((one[1], one[2]), "")
            yield Seen(one[1], one[2], label, row)
    for kind, key, _ in _MARK.findall(text):
        if (kind, key) not in there:
            there.add((kind, key))
            yield Seen(kind, key, labels.get((kind, key), ""), {})


def _rows(part: Any, depth: int = 0) -> Iterator[tuple[dict[str, Any], str]]:
    """Every row with the mark of the record it is about: its `record`, or the first mark in it."""
    if depth > _DEEPEST:
        return
    if isinstance(part, dict):
        mark = next(
            (one for one in part.values() if isinstance(one, str) and _ONLY_MARK.fullmatch(one)), None
        )
        if mark is not None:
            yield part, mark
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _rows(one, depth + 1)


def _rows_of_cut(text: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The whole rows of a text that was cut short in the midst of its JSON."""
    for found in _FLAT_ROW.finditer(text):
        try:
            row = json.loads(found[0])
        except (ValueError, RecursionError):
            continue
        yield from _rows(row)

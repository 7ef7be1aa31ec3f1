"""Answers to a question that was asked back: which of several was meant, by an id, a place or a name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from agents.understudy.talk_history import BLOCK, Brought, Seen, Shown
from agents.understudy.talk_question import ASKED_BACK, Question, Reading, is_named, one
from agents.understudy.talk_words import unquoted
from domain.assistant import TalkTurn, ToolCall

Again = Callable[[str, Shown], Reading]
"""Reads earlier words once more, with what they mean narrowed."""

_ID = re.compile(
    r"\[?(?:(?:contact|account|proposal):)?(?P<id>(?P<kind>[acp])_[0-9a-z][\w-]{0,60})\]?", re.IGNORECASE
)
_KINDS = {"c": "contact", "a": "account", "p": "proposal"}
_ASKED_AS = {"contact": "who", "account": "account", "proposal": "proposal"}
_LEAD = re.compile(r"^(?:i (?:mean|meant)|it is|that is|take|use) ", re.IGNORECASE)
_FITS = re.compile(
    r"(?P<said>['\"].*?['\"]) fits [\d,]+ (?P<kind>\w+?)s: (?P<named>.*)\. Say which by its id\.", re.DOTALL
)
_NAMED = re.compile(r"\(([a-z]+_[\w-]+)(?:, [^()]*)?\)$")
_AND_MORE = re.compile(r" and [\d,]+ more$")


def answered(asked: Question, history: Sequence[TalkTurn], again: Again) -> Reading:
    """What follows from a bare id, or from one of those that a question back named; None for all other words."""
    words = _LEAD.sub("", asked.said).strip(" .!?\"'")
    last = _last_exchange(history)
    return _of_tools(words, last) or _of_ours(words, last, asked.shown, again) or _bare(words)


def _last_exchange(history: Sequence[TalkTurn]) -> Sequence[TalkTurn]:
    """The newest question and what followed it."""
    place = next((n for n in reversed(range(len(history))) if history[n].role == "user"), None)
    return () if place is None else history[place:]


def _of_tools(words: str, last: Sequence[TalkTurn]) -> Reading:
    """The same calls once more, where a tool said that words fit several."""
    calls = next((turn.calls for turn in reversed(last) if turn.calls), ())
    problems = {turn.call_id: found for turn in last if turn.role == "tool" and (found := _problem(turn))}
    for call in calls:
        if (found := problems.get(call.id)) is None:
            continue
        kind = found["kind"]
        chosen = _chosen(words, kind, _choices(kind, found["named"]))
        place = next((key for key, value in call.arguments.items() if _is_said(value, found["said"])), None)
        if chosen is None or place is None:
            return None
        mended = call.model_copy(update={"arguments": {**call.arguments, place: chosen}})
        return tuple(_anew(mended if one is call else one, n) for n, one in enumerate(calls, 1))
    return None


def _anew(call: ToolCall, number: int) -> ToolCall:
    return call.model_copy(update={"id": f"understudy_{number}"})


def _problem(turn: TalkTurn) -> re.Match[str] | None:
    block = BLOCK.search(turn.content)
    try:
        told = json.loads(block[1] if block else turn.content)
    except (ValueError, RecursionError):
        return None
    problem = told.get("problem") if isinstance(told, dict) else None
    return _FITS.fullmatch(problem) if isinstance(problem, str) else None


def _is_said(value: object, said: str) -> bool:
    return isinstance(value, str) and said in {repr(value), repr(value.strip())}


def _choices(kind: str, named: str) -> tuple[Seen, ...]:
    """Those that were named, in their order; none where a name's own marks leave the order in doubt."""
    parts = _AND_MORE.sub("", named).split("; ")
    ids = [found[1] for part in parts if (found := _NAMED.search(part))]
    if len(ids) != len(parts):
        return ()
    return tuple(Seen(kind, key, part.rsplit(" (", 1)[0], {}) for key, part in zip(ids, parts, strict=True))


def _of_ours(words: str, last: Sequence[TalkTurn], shown: Shown, again: Again) -> Reading:
    """The question that was asked, read once more with the one that is meant as the only one shown."""
    if len(last) < 2 or last[-1].role != "assistant" or last[-1].calls:
        return None
    said = last[-1].content
    kind = next((kind for kind, words in ASKED_BACK.items() if said.startswith(words)), None)
    if kind is None:
        return None
    seen = shown.latest(kind)
    key = _chosen(words, kind, seen)
    chosen = next((one for one in seen if one.id == key), None)
    if chosen is None:
        return None
    newest = max((one.round for one in shown.answers), default=0) + 1
    return again(last[0].content, Shown((Brought(None, (chosen,), {}, newest), *shown.answers)))


def _chosen(words: str, kind: str, seen: tuple[Seen, ...]) -> str | None:
    """The id that an id, a place or a name stands for."""
    if (found := _ID.fullmatch(words)) is not None:
        return found["id"] if _KINDS[found["kind"].lower()] == kind else None
    meant = Shown((Brought(None, seen, {}, 0),)).meant(words, kind)
    if meant is None:
        name = unquoted(words)
        meant = tuple(one for one in seen if name and is_named(one, name))
    return meant[0].id if len(meant) == 1 else None


def _bare(words: str) -> Reading:
    """A bare id asks to be told about it."""
    found = _ID.fullmatch(words)
    if found is None:
        return None
    kind = _KINDS[found["kind"].lower()]
    return one(f"{kind}_show", **{_ASKED_AS[kind]: found["id"]})

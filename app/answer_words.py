"""How doors say what the assistant answered: its few marks of layout, its records, its calls, its cells. Pure.

Of what a model writes only paragraphs, lists, bold, code and records mean anything; all else is text as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.assistant import AnswerColumn, AnswerTable, Cell, Door, Program, RecordKind, RecordRef, ToolCall
from domain.base import Noun

LONGEST_ARGUMENT = 80
NONE = "–"

_KINDS = "|".join(kind.value for kind in RecordKind)
MARK = re.compile(rf"\[({_KINDS}):([^\[\]\n]{{1,200}})\]")
_PIECE = re.compile(rf"{MARK.pattern}|\*\*(?P<bold>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`")
_ITEM = re.compile(r"\s*(?:[-*•]|(?P<number>\d{1,3})[.)])\s+(?P<words>.*)")
_HEADING = re.compile(r"#{1,6}\s+(?P<words>.*)")


class Span(Noun):
    """Some words in a row. A record's `text` is its label, its id where it has none."""

    kind: Literal["text", "strong", "code", "record"]
    text: str
    record: RecordRef | None = None


class Block(Noun):
    """A paragraph, one item of a list, or lines that keep their shape. `number` is an item's own."""

    kind: Literal["paragraph", "item", "lines"]
    spans: tuple[Span, ...] = ()
    number: int | None = None
    text: str = ""


_BY = {Door.MCP: "over MCP", Door.API: "over the HTTP API"}


def by_program(door: Door) -> str:
    """How a conversation that a program began is marked; empty for a member's own."""
    return f"by a program, {_BY[door]}" if door in _BY else ""


def program_words(program: Program, does: str) -> str:
    """Whose proposal or question it is, such as “The program my host proposes, over MCP”."""
    name = f"The program {program.name}" if program.name else "A program"
    return ", ".join(filter(None, (f"{name} {does}", _BY.get(program.door))))


def blocks(words: str, records: Iterable[RecordRef] = ()) -> tuple[Block, ...]:
    """Read an answer's layout.

    Args:
        words: as a model or we wrote them.
        records: those the answer names; a mark of another one stays text.
    """
    return tuple(_blocks(words, {one.mark: one for one in records}))


def _blocks(words: str, known: Mapping[str, RecordRef]) -> Iterator[Block]:
    paragraph: list[str] = []
    kept: list[str] = []
    is_fenced = False

    def ended() -> Iterator[Block]:
        if paragraph:
            yield Block(kind="paragraph", spans=spans("\n".join(paragraph), known))
        if kept:
            yield Block(kind="lines", text="\n".join(kept))
        paragraph.clear()
        kept.clear()

    for line in words.replace("\r\n", "\n").split("\n"):
        if line.lstrip().startswith("```"):
            yield from ended()
            is_fenced = not is_fenced
        elif is_fenced:
            kept.append(line)
        elif line.lstrip().startswith("|"):
            if paragraph:
                yield from ended()
            kept.append(line.strip())
        elif not line.strip():
            yield from ended()
        elif item := _ITEM.fullmatch(line):
            yield from ended()
            number = int(item["number"]) if item["number"] else None
            yield Block(kind="item", spans=spans(item["words"], known), number=number)
        elif heading := _HEADING.fullmatch(line.strip()):
            yield from ended()
            yield Block(kind="paragraph", spans=(Span(kind="strong", text=heading["words"]),))
        else:
            if kept:
                yield from ended()
            paragraph.append(line.strip())
    yield from ended()


def spans(words: str, known: Mapping[str, RecordRef]) -> tuple[Span, ...]:
    """The words of one line: bold, code and records told apart. A name before its record becomes the record's."""
    found: list[Span] = []
    at = 0
    for piece in _PIECE.finditer(words):
        _put(found, "text", words[at : piece.start()])
        at = piece.end()
        if piece["bold"]:
            for inner in spans(piece["bold"], known):
                found.append(inner if inner.record else inner.model_copy(update={"kind": "strong"}))
        elif piece["code"]:
            _put(found, "code", piece["code"])
        elif ref := known.get(piece[0]):
            _name(found, ref)
        else:
            _put(found, "text", piece[0])
    _put(found, "text", words[at:])
    return tuple(found)


def _put(found: list[Span], kind: Literal["text", "code"], text: str) -> None:
    if text:
        found.append(Span(kind=kind, text=text))


def _name(found: list[Span], ref: RecordRef) -> None:
    label = ref.label or ref.id
    place = len(found) - 1
    if place > 0 and found[place].text.isspace():
        place -= 1
    before = found[place] if found else None
    if before is not None and before.kind in ("text", "strong"):
        bare = before.text.rstrip()
        if bare.lower().endswith(label.lower()):
            del found[place:]
            rest = bare[: len(bare) - len(label)]
            if rest:
                found.append(before.model_copy(update={"text": rest}))
    found.append(Span(kind="record", text=label, record=ref))


def call_title(name: str) -> str:
    """What a tool does, verb first: `contact_find` is `Find contact`."""
    *noun, verb = name.split("_")
    return f"{verb} {' '.join(noun)}".strip().capitalize()


def call_words(call: ToolCall) -> str:
    """A call's arguments as a person reads them: `countries DE, AT; quiet days 14`; empty where there are none."""
    told = ((name, argument_words(value)) for name, value in call.arguments.items())
    return "; ".join(f"{name.replace('_', ' ')} {words}" for name, words in told if words)


def argument_words(value: Any) -> str:
    """One argument's value in words, short; what is empty has none."""
    if value is None or value in ("", [], {}, ()):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        parts = ((str(name).replace("_", " "), argument_words(one)) for name, one in value.items())
        told = " ".join(f"{name} {words}" for name, words in parts if words)
    elif isinstance(value, list | tuple):
        told = ", ".join(filter(None, map(argument_words, value)))
    else:
        told = " ".join(str(value).split())
    return told if len(told) <= LONGEST_ARGUMENT else f"{told[: LONGEST_ARGUMENT - 1]}…"


def cell_words(cell: Cell, column: AnswerColumn, zone: str) -> str:
    """One cell as a person reads it: numbers with thousands, shares in per cent, moments in the asker's zone."""
    if cell is None or cell == "":
        return NONE
    if isinstance(cell, RecordRef):
        return cell.label or cell.id
    if at := moment_of(cell, column):
        here = at.astimezone(ZoneInfo(zone))
        return f"{here.day} {here:%b %Y, %H:%M}"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        if column.kind == "share":
            return f"{cell:.1%}"
        return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.6g}"
    return str(cell)


def moment_of(cell: Cell, column: AnswerColumn) -> datetime | None:
    """The moment a cell holds; a kept conversation holds it as text."""
    if isinstance(cell, str) and column.kind == "moment":
        try:
            cell = datetime.fromisoformat(cell)
        except ValueError:
            return None
    return cell if isinstance(cell, datetime) and cell.tzinfo else None


def used_columns(table: AnswerTable) -> tuple[int, ...]:
    """The places of the columns that say something in some row; all of them where there are no rows."""
    places = range(len(table.columns))
    used = tuple(place for place in places if any(row[place] not in (None, "", NONE) for row in table.rows))
    return used or tuple(places)


def rows_words(shown: int, total: int | None, page: int, noun: str = "row") -> str:
    """Which part of a table this is: `34 rows`, `15 of 34 rows`, or `page 2, 15 of 34 rows`."""
    if total is None or (page == 1 and shown >= total):
        return f"{shown:,} {noun}{'' if shown == 1 else 's'}"
    return f"{f'page {page:,}, ' if page > 1 else ''}{shown:,} of {total:,} {noun}s"


def next_page(call: ToolCall, page: int) -> ToolCall:
    """The same call for another page."""
    return ToolCall(id=f"{call.id}-{page}", name=call.name, arguments={**call.arguments, "page": page})

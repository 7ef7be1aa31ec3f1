"""What the assistant does, on a terminal: words as they come, tables, changes with exactly what they would do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.answer_words import (
    MARK,
    NONE,
    call_title,
    call_words,
    cell_words,
    program_words,
    rows_words,
    used_columns,
)
from app.cli.screen import shown
from domain.assistant import (
    AnswerColumn,
    AnswerTable,
    AnswerText,
    Cell,
    ChangeAsked,
    Effect,
    Program,
    RecordRef,
    ToolCall,
)

_AMOUNT = re.compile(r"[-−]?[\d,.]+ [A-Z]{3}")

WIDEST = 100
"""Longer lines are hard to read, however wide the window is."""

MOST_ROWS = 15
"""Rows of a table that are shown on a terminal; tools' pages have fewer."""

_CHUNK = re.compile(r"\n|[^\S\n]+|[^\s]+")
_TOGGLE = re.compile(r"(\*\*|`)")
_ITEM = re.compile(r"[-*]")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class ChatScreen:
    """Writes on one console; without a terminal it writes plain text."""

    def __init__(self, console: Console, zone: str) -> None:
        self.console = console
        self.zone = zone
        self.labels: dict[str, str] = {}
        """Labels of the records tools have brought, by mark."""
        self._begin()

    @property
    def width(self) -> int:
        """How long lines get."""
        return min(self.console.width, WIDEST)

    def know(self, records: Iterable[RecordRef]) -> None:
        """Remember what records are called, so that their marks can be read."""
        self.labels.update({one.mark: one.label for one in records if one.label})

    def note(self, words: str, style: str = "dim") -> None:
        """Say something of our own."""
        self.stop_words()
        for line in words.split("\n"):
            rows = Text(shown(line), style=style).wrap(self.console, self.width)
            for row in rows:
                row.rstrip()
                self.console.print(row, soft_wrap=True)

    def line(self, words: str, more: str) -> None:
        """Say something on one line, the rest of it dim and cut where the screen ends."""
        self.stop_words()
        line = Text.assemble(shown(words), (shown(more), "dim"))
        line.truncate(self.width, overflow="ellipsis")
        self.console.print(line, soft_wrap=True)

    def command(self, words: str) -> None:
        """Show a command on a line of its own, never broken: it is there to be pasted."""
        self.stop_words()
        self.console.print(Text(f"  {words}", style="cyan"), soft_wrap=True)

    def moment(self, at: datetime) -> str:
        """A time in the asker's zone, with its day."""
        here = at.astimezone(ZoneInfo(self.zone))
        return f"{here.day:>2} {here:%b %H:%M}"

    def gap(self) -> None:
        """Leave a line free."""
        self.stop_words()
        self.console.print()

    def looking(self, call: ToolCall) -> None:
        """Say which tool is called, on one line."""
        told = call_words(call)
        self.line("", f"· {call_title(call.name)}{f': {told}' if told else ''}")

    # --- words as they come: whole ones, so that lines break between them; our few marks become styles.

    def _begin(self) -> None:
        self._held, self._column, self._hang, self._line = "", 0, 0, ""
        self._is_bold = self._is_code = self._is_apart = False

    def words(self, text: str) -> None:
        """Write some more of an answer; what may be half a word waits for the rest."""
        held = self._held + text
        end = max(held.rfind(" "), held.rfind("\n")) + 1
        self._held = held[end:]
        self._write(held[:end])

    def stop_words(self) -> None:
        """Write what is held back, and end the line."""
        self._write(self._held)
        if self._column:
            self.console.print()
        self._begin()

    def _write(self, text: str) -> None:
        for chunk in _CHUNK.findall(shown(text)):
            if chunk == "\n":
                self.console.print()
                self._column, self._hang, self._line, self._is_apart = 0, 0, "", False
            elif not chunk.isspace():
                self._word(chunk)
            elif self._column:
                self._is_apart = True
                self._line += " "

    def _word(self, word: str) -> None:
        if not self._line and _ITEM.fullmatch(word):
            word, self._hang = "•", 2
        told = self._styled(word)
        if not told:
            return
        if self._column + self._is_apart + told.cell_len > self.width and self._column > self._hang:
            self.console.print()
            self._column = 0
            self._put(Text(" " * self._hang))
        elif self._is_apart:
            self._put(Text(" "))
        self._is_apart = False
        self._put(told)
        self._line += word

    def _put(self, text: Text) -> None:
        self.console.print(text, end="", soft_wrap=True)
        self._column += text.cell_len

    def _styled(self, word: str) -> Text:
        text, at = Text(), 0
        for mark in MARK.finditer(word):
            self._plain(text, word[at : mark.start()])
            at = mark.end()
            label = self.labels.get(mark[0], "")
            if label not in ("", mark[2]) and not self._line.rstrip(" *(").lower().endswith(label.lower()):
                text.append(f"{shown(label)} ")
            if not self._line.rstrip().endswith(mark[2]):
                text.append(shown(mark[2]), style="dim")
        self._plain(text, word[at:])
        return text

    def _plain(self, text: Text, word: str) -> None:
        for part in _TOGGLE.split(word):
            if part == "**":
                self._is_bold = not self._is_bold
            elif part == "`":
                self._is_code = not self._is_code
            elif part:
                text.append(part, style="cyan" if self._is_code else "bold" if self._is_bold else "")

    # --- tables, texts, changes.

    def table(self, table: AnswerTable) -> None:
        """Show a table: side by side where it fits, else each row on lines of its own."""
        self.stop_words()
        told = rows_words(len(table.rows), table.total, table.page)
        self.console.print(Text.assemble((shown(table.title), "bold"), (f"  {told}", "dim")), soft_wrap=True)
        beyond = len(table.rows) - MOST_ROWS
        table = table.model_copy(update={"rows": table.rows[:MOST_ROWS]})
        if not table.rows:
            self.console.print(Text("  nothing", style="dim"))
            return
        used = used_columns(table)
        wide = self._side_by_side(table, used)
        unbounded = self.console.options.update(width=10_000)
        if Measurement.get(self.console, unbounded, wide).maximum <= self.console.width:
            self.console.print(wide)
        else:
            self._one_below_another(table, used)
        if beyond > 0:
            self.note(f"  and {beyond:,} rows more: in the browser, or by `attune ask … --json`")

    def _side_by_side(self, table: AnswerTable, used: Sequence[int]) -> Table:
        wide = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for place in used:
            is_number = table.columns[place].kind in ("number", "share")
            wide.add_column(
                shown(table.columns[place].name),
                justify="right" if is_number else "left",
                header_style="dim",
                no_wrap=True,
            )
        for row in table.rows:
            wide.add_row(*(self._cell(row[place], table.columns[place]) for place in used))
        return wide

    def _one_below_another(self, table: AnswerTable, used: Sequence[int]) -> None:
        first, *rest = used
        for row in table.rows:
            head, more = self._cell(row[first], table.columns[first]), Text(style="dim")
            for place in rest:
                if _is_there(row[place]):
                    column = table.columns[place]
                    named = "" if _names_itself(row[place], column) else f"{column.name.lower()} "
                    more.append(" · " if more else "").append(named).append_text(
                        self._cell(row[place], column)
                    )
            if 2 + head.cell_len + 2 + more.cell_len <= self.width:
                self._hanging(Text.assemble(head, "  ", more), 2)
                continue
            self._hanging(head, 2)
            self._hanging(more, 4)

    def _cell(self, cell: Cell, column: AnswerColumn) -> Text:
        words = Text(shown(cell_words(cell, column, self.zone)))
        if isinstance(cell, RecordRef) and cell.label and cell.label != cell.id:
            words.append(f" {shown(cell.id)}", style="dim")
        return words

    def _hanging(self, words: Text, indent: int) -> None:
        for row in words.wrap(self.console, self.width - indent):
            row.rstrip()
            self.console.print(Text(" " * indent).append_text(row), soft_wrap=True)

    def text(self, text: AnswerText) -> None:
        """Show a text as it stands; of a difference what comes and goes is coloured."""
        self.stop_words()
        body = Text()
        for number, line in enumerate(shown(text.text.rstrip("\n")).split("\n")):
            style = _COLOURS.get(line[:1], "") if text.kind == "diff" else ""
            body.append("\n" if number else "").append(line, style=style)
        self._framed(body, shown(text.title), "dim")

    def change(self, asked: ChangeAsked, number: int, total: int, program: Program | None = None) -> None:
        """Show exactly what one change would do, and whose proposal it is where the member did not ask for it."""
        self.stop_words()
        effect = asked.effect
        self.know(effect.records)
        place = f"Change {number} of {total}" if total > 1 else "This would happen"
        if program is not None:
            place = f"{shown(program_words(program, 'proposes'))}: {place[0].lower()}{place[1:]}"
        lines = Table.grid(padding=(0, 1, 0, 0))
        for line in effect.lines:
            lines.add_row(Text("•", style="dim"), self._coded(self.named(line)))
        told = Text(shown(effect.title), style="bold")
        stakes = Text(f"Stakes: {effect.stakes.value}", style="yellow") if effect.stakes else Text("")
        self._framed(Group(told, lines, *([stakes] if effect.stakes else [])), place, "yellow")

    def whole(self, effect: Effect) -> None:
        """Show every text that belongs to a change."""
        for text in effect.texts:
            self.text(text)

    def _coded(self, words: str) -> Text:
        parts = shown(words).split("`")
        styles = ("", "cyan") if len(parts) % 2 else ("", "")
        return Text.assemble(*((part, styles[place % 2]) for place, part in enumerate(parts)))

    def named(self, words: str) -> str:
        """Words of ours with the marks of records read out."""
        return MARK.sub(lambda mark: " ".join(filter(None, (self.labels.get(mark[0]), mark[2]))), words)

    def _framed(self, body: RenderableType, title: str, style: str) -> None:
        self.console.print(
            Panel(body, title=Text(title), title_align="left", width=self.width, border_style=style)
        )


def _names_itself(cell: Cell, column: AnswerColumn) -> bool:
    """Tell whether a cell is read without its column's name: records and words are, numbers and amounts are not."""
    return column.kind == "record" or (isinstance(cell, str) and not _AMOUNT.fullmatch(cell))


def _is_there(cell: Cell) -> bool:
    return cell not in (None, "", NONE)

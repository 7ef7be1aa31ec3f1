"""How the command line speaks: tables and plain lines for people, JSON for programs."""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import amounts
from app.cli.columns import widths
from app.cli.doors import doors

if TYPE_CHECKING:
    from app.audience_size import Step

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of a table.")]


def print_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


def listing(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    as_json: bool,
    title: str = "",
    empty: str = "Nothing here yet.",
    more: str = "",
) -> None:
    """Print rows as a table, or as JSON with every field they have.

    Args:
        columns: field name to heading, in order; a heading that ends in `>` is right-aligned.
        empty: what to say, and what to do next, where there are no rows.
        more: a last line, such as how to see the next page.
    """
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        line(empty)
        return
    heads = [head.rstrip(">") for head in columns.values()]
    cells = [[cell(row.get(field)) for field in columns] for row in rows]
    given = widths([heads, *cells], out.width)
    if given is None:
        _one_below_another(title, heads, cells)
    else:
        gap, each = given
        table = Table(
            title=title or None,
            title_justify="left",
            title_style="bold",
            box=None,
            pad_edge=False,
            padding=(0, gap, 0, 0),
        )
        for head, wide, name in zip(heads, each, columns.values(), strict=True):
            side: Literal["right", "left"] = "right" if name.endswith(">") else "left"
            table.add_column(head, justify=side, overflow="fold", header_style="dim", width=wide)
        for row_cells in cells:
            table.add_row(*map(Text, row_cells))
        out.print(table)
    if more:
        line(more, style="dim")


def _one_below_another(title: str, heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """A table too wide for the screen: each row's first cell, below it the others with their headings."""
    if title:
        heading(title.strip("\n"))
    for first, *others in cells:
        out.print(Text(first, style="bold"), soft_wrap=True)
        told = [
            f"{head[:1].lower()}{head[1:]}: {words}" if head[1:2].islower() else f"{head}: {words}"
            for head, words in zip(heads[1:], others, strict=True)
            if words != "–"
        ]
        if told:
            line(f"  {' · '.join(told)}", style="dim")


def shown(text: str) -> str:
    """Text without what would steer the terminal: outside words must not repaint a reviewer's screen."""
    return "".join(
        c if c in HARMLESS or unicodedata.category(c) not in STEERING else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


HARMLESS = "\n\t\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Line breaks, and what joins the letters of some scripts and the parts of some emoji."""

STEERING = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories of control, format (bidirectional overrides among them) and surrogate characters."""


def cell(value: Any) -> str:
    """One value as a person reads it."""
    return shown(_words(value))


def _words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or "–"
    return str(value)


money = amounts.money


def count(number: int, noun: str) -> str:
    """How many of something: `1 file`, `2,000 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def heading(text: str) -> None:
    """Print a heading."""
    out.print()
    out.print(Text(shown(text), style="bold"))


def line(text: str, style: str = "", *, lead: tuple[str, str] | None = None, hang: int | None = None) -> None:
    """Print one line; markup in data is shown, never followed. What does not fit goes on below, indented.

    Args:
        text: what to say. A command of ours in it carries the workspace this one was given.
        style: how.
        lead: words before it and their style.
        hang: the column where what does not fit goes on; else where the line itself begins.
    """
    for number, part in enumerate(shown(with_workspace(text)).split("\n")):
        whole = Text.assemble(lead, (part, style)) if lead and number == 0 else Text(part, style=style)
        indent = len(part) - len(part.lstrip()) if hang is None else hang
        for row in _hanging(whole, indent):
            out.print(row, soft_wrap=True)


def _hanging(text: Text, indent: int) -> Iterator[Text]:
    """Break a line to the width of the screen; all but the first row begin at `indent`."""
    indent = min(indent, out.width // 2)
    rows = text.wrap(out, out.width)
    if len(rows) < 2:
        yield text
        return
    yield rows[0]
    rest = text[len(rows[0].plain) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    for row in rest.wrap(out, out.width - indent):
        yield Text(" " * indent) + row


_OURS = re.compile(r"(`|→ |: |^\s*)attune (?=[a-z]+\b)(?!(?:demo|init)\b)")
"""Commands of ours in a text; `demo` and `init` name the folder they make themselves."""


def with_workspace(text: str) -> str:
    """Let the commands a text suggests name the workspace, where this command was told one."""
    return _OURS.sub(lambda found: f"{found[1]}{command_name()} ", text) if doors.named else text


def address(url: str) -> None:
    """Print an address on a line of its own, never broken: it is there to be clicked or pasted."""
    out.print(Text(f"  {shown(url)}", style="bold cyan"), soft_wrap=True)


def print_narrowing(steps: Sequence[Step], missing: Sequence[str]) -> None:
    """Print how many contacts each condition leaves, and what else a run would lack."""
    heading("Contacts left by each condition")
    for step in steps:
        line(f"  {step.left:>8,}  {step.says}", style="yellow" if step.left == 0 else "")
    for one in missing:
        line(f"  missing: {one}", style="yellow")


def next_steps(steps: Mapping[str, str]) -> None:
    """Print commands to try next, each on a line of its own, with what it does below."""
    heading("Next")
    for step, what in steps.items():
        command = step.replace("attune ", f"{command_name()} ", 1) if step.startswith("attune ") else step
        out.print(Text(f"  {command}", style="cyan"), soft_wrap=True)
        out.print(Text(f"      {what}", style="dim"), soft_wrap=True)


def command_name() -> str:
    """How this command was called, workspace option included, so that what is suggested can be pasted."""
    name, called = "attune", Path(sys.argv[0])
    if called.name == "__main__.py":
        name = "python -m app.cli"
    elif called.name not in {"-c", ""} and not shutil.which("attune"):
        name = str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)
    return f"{name} -w {doors.named}" if doors.named else name

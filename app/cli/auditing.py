"""`attune audit`: the append-only chain of what was decided, reviewed, sent and changed."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, print_json
from domain.errors import WrongUsage

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "The audit chain: decisions, reviews, sends, changed rules and settings, erasures; each line's hash covers "
        "the line before. `verify` finds any changed byte, and says where."
    ),
)

_HEAD = re.compile(r"(\d+):([0-9a-f]{64})")


@app.command("list")
def list_lines(
    after: Annotated[int, typer.Option(help="Lines after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
    subject: Annotated[str | None, typer.Option(help="Only about this run, message, proposal, …")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the chain's lines, oldest first."""
    found = doors.house().audit.lines(after=after, limit=limit, subject=subject)
    listing(
        [entry.model_dump() for entry in found],
        {"seq": "#>", "at": "When", "kind": "What", "subject": "Which", "detail": "Detail"},
        as_json=as_json,
        empty="No lines yet.",
        more=f"More: --after {found[-1].seq}" if len(found) == limit else "",
    )


@app.command("verify")
def verify(
    head: Annotated[
        list[str] | None,
        typer.Option(
            help="A head kept elsewhere, as `attune audit head` prints it: NUMBER:SHA256. Repeatable."
        ),
    ] = None,
    restored: Annotated[
        bool,
        typer.Option(
            "--restored",
            help="You restored a backup: forget the heads it does not know. The chain keeps that.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every byte of every line, and what the chain says of decisions, reviews and messages. Exits 1 if broken.

    A cut tail is noticed against heads kept before: by each `verify`, run and delivery in the workspace, and
    those given with --head. A restored backup looks the same, until you say so with --restored.
    """
    from app.gaps import own_a_restore
    from app.heads import verify as verified

    house = doors.house()
    if restored:
        own_a_restore(house, doors.person())
    report = verified(house, tuple(_head(words) for words in head or ()))
    if as_json:
        print_json(
            {
                "lines": report.lines,
                "head": f"{report.head[0]}:{report.head[1]}",
                "first_broken": report.broken_at,
                "why": report.why,
                "faults": list(report.faults),
            }
        )
    elif report.is_sound:
        line(f"{report.lines:,} lines, unbroken. Head {report.head[0]}:{report.head[1]}")
    elif report.faults:
        line(
            f"{report.lines:,} lines, unbroken; but the records they speak of are not as they say:",
            style="red",
        )
        for fault in report.faults:
            line(f"  {fault}")
    else:
        line(f"Broken at line {report.broken_at}: {report.why}.", style="red")
        line(f"Up to line {report.lines:,} everything is as it was written.")
    if not report.is_sound:
        raise typer.Exit(1)


@app.command("head")
def head(as_json: AsJson = False) -> None:
    """Print the newest line's number and hash: keep it where nobody here can change it, then `verify --head`."""
    seq, sha256 = doors.house().audit.tip()
    if as_json:
        print_json({"seq": seq, "sha256": sha256})
    else:
        line(f"{seq}:{sha256}")


def _head(words: str) -> tuple[int, str]:
    found = _HEAD.fullmatch(words.strip())
    if not found:
        raise WrongUsage(f"--head {words!r} is not NUMBER:SHA256, as `attune audit head` prints it.")
    return int(found[1]), found[2]

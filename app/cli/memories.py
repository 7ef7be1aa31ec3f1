"""`attune memory`: what is remembered about a contact, and moving to another embedder."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, out, print_json
from domain.history import MemoryKind

app = typer.Typer(no_args_is_help=True, help="The memory of contact history.")


@app.command("recall")
def recall(
    who: Annotated[str, typer.Argument(help="Contact id, e-mail address or CRM id.")],
    about: Annotated[str, typer.Argument(help="What it should bear on, in plain words.")],
    kind: Annotated[list[MemoryKind] | None, typer.Option(help="Only these kinds.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Recall what is remembered about one contact; finding nothing is a valid answer."""
    house = doors.house()
    contact = house.crm.contact_by(who)
    found = house.history.recall(contact.id, about, now=house.clock(), limit=limit, kinds=kind or ())
    listing(
        [
            {
                "score": round(recalled.score, 2),
                "at": recalled.remembered.at,
                "kind": recalled.remembered.kind.value,
                "text": recalled.remembered.text,
                "ref": recalled.remembered.ref,
            }
            for recalled in found
        ],
        {"score": "Score>", "at": "When", "kind": "Kind", "text": "What", "ref": "From"},
        as_json=as_json,
        empty=f"Nothing remembered about {contact.name} bears on that.",
    )


@app.command("reindex")
def reindex(
    embedder: Annotated[
        Literal["lexical", "minilm", "openai"], typer.Option(help="The embedder to move to.")
    ],
    as_json: AsJson = False,
) -> None:
    """Embed every memory anew with another embedder; broken off, it goes on where it was."""
    from rich.progress import Progress

    house = doors.house()
    with Progress(console=out, transient=True, disable=as_json or not out.is_terminal) as progress:
        task = progress.add_task("Embedding", total=None)
        moved = house.reindex(
            embedder, lambda done, total: progress.update(task, completed=done, total=total)
        )
    house.audit.append("settings", "embedder", {"embedder": embedder, "memories": moved})
    if as_json:
        print_json({"embedder": embedder, "memories": moved})
    else:
        line(f"{moved:,} memories now stand under the {embedder} embedder.")

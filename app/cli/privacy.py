"""`attune privacy`: what is kept of a person, taking it away, stopping its use; requests and their deadlines."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app import loop
from app.cli.days import day
from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, next_steps, print_json
from domain.errors import NotFound, WrongUsage
from domain.rights import Erasure, PrivacyRequest, RequestKind
from policies.deadlines import alarm as alarm_of
from policies.rulebook import RuleBook

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "People's rights: `export` what is kept of a person, `erase` it, `object` for them; `list` what was asked "
        "for and by when it is due (C-14). See docs/privacy.md."
    ),
)

Who = Annotated[str, typer.Argument(help="Contact id, e-mail address or CRM id.")]


@app.command("list")
def list_requests(
    only_open: Annotated[bool, typer.Option("--open", help="Only what is not answered yet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
    skip: Annotated[int, typer.Option(help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List what people asked for, the nearest deadline first. An overdue one is marked."""
    house = doors.house()
    found = house.privacy_requests.listed(only_open=only_open, limit=limit, offset=skip)
    listing(
        [_row(request, house.clock(), house.rules) for request in found],
        {
            "id": "Request",
            "kind": "What",
            "who": "Who",
            "received_at": "Asked",
            "due_at": "Due",
            "alarm": "Alarm",
            "outcome": "Answer",
        },
        as_json=as_json,
        empty="Nobody has asked for anything. Note a request: attune privacy ask CONTACT access|erasure|objection",
        more=f"More: --skip {skip + limit}" if len(found) == limit else "",
    )


def _row(request: PrivacyRequest, now: datetime, rules: RuleBook) -> dict[str, object]:
    if request.is_overdue(now):
        alarm = f"overdue by {(now - request.due_at).days} days"
    elif alarm_of(request, now, rules.deadlines):
        alarm = f"{(request.due_at - now).days} days left"
    else:
        alarm = ""
    who = request.contact_id or f"(erased or unknown) {request.person_hash[:12]}"
    return {**request.model_dump(), "kind": request.kind.value, "who": who, "alarm": alarm}


@app.command("ask")
def ask(
    who: Who,
    kind: Annotated[RequestKind, typer.Argument(help="What is asked for.")],
    received: Annotated[
        datetime | None,
        typer.Option(parser=day, metavar="<day>", help="The day it was asked; today if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Note that a person asked for something, so that its deadline is watched.

    An objection is obeyed at once. Until an erasure is carried out, nothing is sent to the person either.
    """
    from app.privacy.objection import object_to, stop_meanwhile
    from app.privacy.requests import register

    house = doors.house()
    at = received.replace(tzinfo=UTC) if received else None
    if at and at > house.clock():
        raise WrongUsage(f"--received {at:%Y-%m-%d} lies in the future. Nothing was noted.")
    contact = house.crm.contact_by(who)
    request = register(house, contact.id, kind, at)
    if kind is RequestKind.OBJECTION:
        request, _ = object_to(house, contact)
    elif kind is RequestKind.ERASURE:
        stop_meanwhile(house, contact)
    if as_json:
        print_json(request)
        return
    line(f"{request.id}: {kind.value}, due {request.due_at:%Y-%m-%d}.")
    if kind is RequestKind.OBJECTION:
        line("Obeyed: nothing more is sent, scored or learned from.")
        return
    act = "erase" if kind is RequestKind.ERASURE else "export"
    next_steps({f"attune privacy {act} {who}": "answer it"})


@app.command("export")
def export(
    who: Who,
    to: Annotated[
        Path | None,
        typer.Option(help="A new folder, or a name ending in .zip; else CONTACT-export.zip here."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that is kept of a person: a page to read, JSON for a program, the messages.

    With --json (and no --to) the JSON is printed and no file is written.
    """
    from app.privacy import export as exporting
    from app.privacy.requests import answered, register

    house = doors.house()
    contact = house.crm.contact_by(who)
    sections = exporting.gather(house, contact.id)
    if as_json and to is None:
        sys.stdout.write(exporting.as_json(sections))
        return
    path = exporting.write(house, contact.id, sections, to or Path(f"{contact.id}-export.zip"))
    answered(house, register(house, contact.id, RequestKind.ACCESS), "exported")
    if as_json:
        print_json({"path": path, "sections": {name: len(rows) for name, rows in sections.items()}})
        return
    line(f"Written to {path}: open its index.html.")
    for name, rows in sections.items():
        line(f"  {len(rows):>6,}  {name}", style="" if rows else "dim")


@app.command("erase")
def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person from every store. A keyed hash is kept, so that no import brings them back.

    It cannot be undone. Exports you keep, backups and mail already sent are out of reach.
    """
    from app.privacy.erasing import erase_person, find

    house = doors.house()
    person_id, traces = find(house, who)
    named = f"{', '.join((*traces.names, *traces.addresses)) or person_id} ({person_id})"
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise WrongUsage(f"Erasing {named} cannot be undone. Nothing was erased. Say so with --yes.")
        line(f"This erases {named} from every store of {house.workspace.folder}. It cannot be undone.")
        typer.confirm("Erase?", abort=True)
    erasure = loop.run(erase_person(house, person_id))
    if as_json:
        print_json(erasure)
    else:
        _tell(erasure, named)
    if erasure.leftovers:
        raise typer.Exit(1)


def _tell(erasure: Erasure, named: str) -> None:
    line(f"Erased {named}; request {erasure.request_id}.")
    for what, many in erasure.removed.items():
        line(f"  {many:>6,}  {what}")
    for note in erasure.notes:
        line(f"  note    {note}", style="dim")
    for path in erasure.leftovers:
        line(f"  still   {path} names the person: it is yours to change", style="yellow")


@app.command("object")
def object_to(
    who: Who,
    wording: Annotated[str, typer.Option(help="What the person said, kept as proof.")] = "",
    as_json: AsJson = False,
) -> None:
    """Record an objection: no message, no profiling, no scoring, no learning from this person any more (C-13)."""
    from app.privacy.objection import object_to as objected

    house = doors.house()
    contact = house.crm.contact_by(who)
    request, stopped = objected(house, contact, wording)
    if as_json:
        print_json({"request": request, "messages_stopped": stopped})
        return
    line(f"{contact.name} is not written to, profiled or scored any more ({request.id}).")
    if stopped:
        line(f"{stopped} messages on their way were withdrawn.")


@app.command("prune")
def prune(as_json: AsJson = False) -> None:
    """Delete checkpoints, drafts, reject lists and mail older than the ATTUNE_KEEP_…_DAYS settings. Fit for cron."""
    from app.privacy.retention import prune as pruned

    done = loop.run(pruned(doors.house()))
    if as_json:
        print_json(done)
    else:
        line(", ".join(f"{many:,} {what}" for what, many in done.items()) + " deleted.")


@app.command("known")
def known(
    address: Annotated[str, typer.Argument(help="An e-mail address.")],
    as_json: AsJson = False,
) -> None:
    """Tell whether an address belongs to someone who was erased. Exits 3 where it does not."""
    is_erased = doors.house().erased.knows(address=address)
    if as_json:
        print_json({"erased": is_erased})
    elif is_erased:
        line("Erased on request: nothing about this address is taken in.")
    if not is_erased:
        raise NotFound("erased person", address)

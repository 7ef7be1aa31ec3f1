"""`attune inbox`: what people sent us, and what a person has to read of it."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, next_steps, print_json

app = typer.Typer(
    no_args_is_help=True,
    help="Replies, opt-outs in people's own words, bounce reports. Nothing is answered by a machine.",
)


@app.command("fetch")
def fetch(
    limit: Annotated[int, typer.Option(help="Most mails to read.", min=1)] = 500, as_json: AsJson = False
) -> None:
    """Read the mailbox (IMAP) from where the last reading ended. Safe to repeat, and to run from cron."""
    from app.inbox import fetch_inbox, inbox_store

    house = doors.house()
    found = {kind.value if kind else "known": many for kind, many in fetch_inbox(house, limit).items()}
    waiting = len(inbox_store(house).records(only_waiting=True, limit=1_000))
    if as_json:
        print_json({"taken": found, "waiting": waiting})
        return
    line(", ".join(f"{many} {kind}" for kind, many in sorted(found.items())) or "Nothing new.")
    if waiting:
        line(f"{waiting} waiting for a person: attune inbox list --waiting", style="yellow")


@app.command("list")
def list_inbox(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those a person has to read.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    skip: Annotated[int, typer.Option(help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List mail that reached us, the newest first."""
    from app.inbox import inbox_store

    found = inbox_store(doors.house()).records(only_waiting=waiting, limit=limit, offset=skip)
    listing(
        [{**record.model_dump(), "kind": record.kind.value, "waits": record.waits} for record in found],
        {
            "id": "Mail",
            "at": "When",
            "kind": "Taken for",
            "from_address": "From",
            "subject": "Subject",
            "hold_reason": "Question",
            "settled_as": "Settled",
        },
        as_json=as_json,
        empty="Nothing waits for a person."
        if waiting
        else "No mail yet. `attune inbox fetch` reads the mailbox.",
        more=f"More: --skip {skip + limit}" if len(found) == limit else "",
    )


@app.command("show")
def show(mail_id: Annotated[str, typer.Argument(help="Which mail.")], as_json: AsJson = False) -> None:
    """Show one mail as it was taken: what the person wrote, without what it quotes."""
    from app.inbox import inbox_store

    record = inbox_store(doors.house()).get(mail_id)
    if as_json:
        print_json(record)
        return
    heading(record.subject or "(no subject)")
    line(
        f"{record.from_address}, {record.at:%Y-%m-%d %H:%M} UTC, taken for: {record.kind.value}", style="dim"
    )
    line(record.text or "(no text)")
    if record.waits:
        next_steps(
            {
                f"attune inbox settle {record.id} --stop": "it is an opt-out: nothing more for this person",
                f"attune inbox settle {record.id} --keep": "it is none: the pause ends",
            }
        )


@app.command("settle")
def settle(
    mail_id: Annotated[str, typer.Argument(help="A mail that waits.")],
    is_opt_out: Annotated[bool, typer.Option("--stop/--keep", help="An opt-out, or none.")],
    as_json: AsJson = False,
) -> None:
    """Say whether an unclear mail was an opt-out. Until then its writer gets nothing."""
    from app.inbox import inbox_store
    from memory.crm.inbox import KEPT, STOPPED

    house = doors.house()
    by = house.settings.reviewer or _login()
    record = inbox_store(house).settle(mail_id, STOPPED if is_opt_out else KEPT, by)
    if as_json:
        print_json(record)
    else:
        line(f"{mail_id}: {record.settled_as} by {by}.")


def _login() -> str:
    import getpass

    return getpass.getuser()

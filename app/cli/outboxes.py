"""`attune outbox`: what is on its way, what went out, what is unsure."""

from __future__ import annotations

from typing import Annotated

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, print_json
from domain.message import OutboxStatus

app = typer.Typer(no_args_is_help=True, help="The outbox: at most once, nothing silently lost.")


@app.command("list")
def list_outbox(
    status: Annotated[OutboxStatus | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(help="How many.")] = 20,
    skip: Annotated[int, typer.Option(help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List messages on their way, out, unsure or stopped; the most recently changed first."""
    house = doors.house()
    found = house.outbox.entries(status=status, limit=limit, offset=skip)
    listing(
        [
            {
                "id": entry.id,
                "status": entry.status.value,
                "to": entry.message.to_address,
                "subject": entry.message.subject,
                "not_before": entry.not_before,
                "attempts": entry.attempts,
                "detail": entry.detail,
                "message_id": entry.message.message_id,
            }
            for entry in found
        ],
        {
            "status": "Status",
            "to": "To",
            "subject": "Subject",
            "not_before": "Not before",
            "detail": "Detail",
        },
        as_json=as_json,
        empty="The outbox is empty." if status is None else f"Nothing in the outbox is {status.value}.",
        more=f"More: --skip {skip + limit}" if len(found) == limit else "",
    )


@app.command("send")
def send(as_json: AsJson = False) -> None:
    """Send what is approved and due; look into what was cut off. Safe to repeat, and to run from cron."""
    from app.deliver import deliver_due

    house = doors.house()
    done = loop.run(deliver_due(house))
    counts: dict[str, int] = {}
    for entry in done:
        counts[entry.status.value] = counts.get(entry.status.value, 0) + 1
    unsure = house.outbox.counts().get(OutboxStatus.UNKNOWN, 0)
    if as_json:
        print_json({"handled": counts, "unknown": unsure})
        return
    line(", ".join(f"{many} {status}" for status, many in counts.items()) or "Nothing is due.")
    if unsure:
        line(f"{unsure} unknown: attune outbox list --status unknown", style="yellow")


@app.command("settle")
def settle(
    entry_id: Annotated[str, typer.Argument(help="An `unknown` entry.")],
    was_sent: Annotated[bool, typer.Option("--sent/--not-sent", help="What you found out at the provider.")],
    as_json: AsJson = False,
) -> None:
    """Say what became of a send that was cut off. A message that was not sent is given up, not resent."""
    from app.deliver import settle as settled

    after = settled(doors.house(), entry_id, was_sent=was_sent)
    if as_json:
        print_json({"id": after.id, "status": after.status.value, "detail": after.detail})
    else:
        line(f"{entry_id}: {after.status.value}.")

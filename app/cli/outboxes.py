"""`attune outbox`: what is on its way, what went out, what is unsure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, print_json
from domain.message import OutboxEntry, OutboxStatus

if TYPE_CHECKING:
    from app.wiring import House

app = typer.Typer(no_args_is_help=True, help="The outbox: at most once, nothing silently lost.")


@app.command("list")
def list_outbox(
    status: Annotated[OutboxStatus | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
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
    from app.gaps import hold_after_a_gap

    house = doors.house()
    hold_after_a_gap(house)
    counts = {status.value: many for status, many in loop.run(deliver_due(house)).items()}
    standing = house.outbox.counts()
    unsure, held = standing.get(OutboxStatus.UNKNOWN, 0), standing.get(OutboxStatus.HELD, 0)
    if as_json:
        print_json({"handled": counts, "unknown": unsure, "held": held})
        return
    line(", ".join(f"{many} {status}" for status, many in counts.items()) or "Nothing is due.")
    if held:
        line(f"{held} held, long overdue: attune outbox list --status held", style="yellow")
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


@app.command("unknown")
def unknown(
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    skip: Annotated[int, typer.Option(help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List sends nobody can tell the fate of; say what you find out with `attune outbox settle`."""
    list_outbox(OutboxStatus.UNKNOWN, limit, skip, as_json)


AllHeld = Annotated[bool, typer.Option("--all", help="Every held message.")]
Entry = Annotated[str | None, typer.Argument(help="A `held` entry, as `attune outbox list --json` calls it.")]


@app.command("release")
def release(entry_id: Entry = None, every: AllHeld = False, as_json: AsJson = False) -> None:
    """Let a held message go out after all: when its recipient's hours allow, and the rules still do."""
    from app.deliver import release as let_go

    _answer(let_go, entry_id, every, as_json)


@app.command("withdraw")
def withdraw(entry_id: Entry = None, every: AllHeld = False, as_json: AsJson = False) -> None:
    """Take a held message back: it never goes out."""
    from app.deliver import withdraw as take_back

    _answer(take_back, entry_id, every, as_json)


def _answer(
    act: Callable[[House, str], OutboxEntry], entry_id: str | None, every: bool, as_json: bool
) -> None:
    house = doors.house()
    if (entry_id is None) is not every:
        raise typer.BadParameter("give one held entry, or --all")
    ids = [entry_id] if entry_id else []
    while every and (held := house.outbox.entries(status=OutboxStatus.HELD, limit=1_000)):
        for entry in held:
            act(house, entry.id)
            ids.append(entry.id)
    after = [house.outbox.get(one) if every else act(house, one) for one in ids]
    if as_json:
        print_json([{"id": entry.id, "status": entry.status.value} for entry in after])
        return
    counts = Counter(entry.status.value for entry in after)
    line(", ".join(f"{many} {status}" for status, many in counts.items()) or "Nothing is held.")

"""`attune serve` and `attune scheduler`: the process that runs campaigns while nobody watches, and the web app."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import address, command_name, line
from app.ways_in import link_to
from app.who import names_of, standing_words
from domain.staff import Role

if TYPE_CHECKING:
    from app.wiring import House

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8750,
) -> None:
    """Open the web app, run campaigns at their times, and deliver what is due; until Ctrl-C.

    Where nobody is a member yet, it prints a link that works once and makes the first admin: no default account.
    Two may run at once, on one workspace or on several machines that share a PostgreSQL database: no run begins
    twice, no message leaves twice.
    """
    _serve((host, port))


def scheduler() -> None:
    """Run campaigns at their times and deliver what is due, without HTTP; until Ctrl-C."""
    _serve(None)


def _serve(http: tuple[str, int] | None) -> None:
    from app.schedules import next_run, scheduled_campaigns
    from app.serving import listen
    from app.serving import serve as keep_serving
    from domain.schedule import CampaignState

    house = doors.house()
    if house.settings.log == "text":
        logging.getLogger("attune").setLevel(logging.WARNING)
        _tell_of_runs()
    # Read before anything starts, so that what is missing is told at once.
    _ = house.channel, house.sender
    listening = listen(*http) if http else None
    for campaign in scheduled_campaigns(house):
        standing, due = house.controls.standing(campaign.id), next_run(house, campaign)
        if standing.state is not CampaignState.ACTIVE:
            line(f"{campaign.id}: {standing_words(standing, names_of(house.staff.members()))}; no run begins")
        else:
            line(f"{campaign.id}: next at {due:%Y-%m-%d %H:%M} UTC" if due else campaign.id)
    line(
        f"Serving {house.workspace.folder}"
        + (f" on http://{http[0]}:{http[1]}" if http else "")
        + ". Ctrl-C ends it."
    )
    if http:
        _tell_way_in(house, *http)
    loop.run(keep_serving(house, http=listening))
    line("Ended; nothing is lost.")


class _Told(logging.Handler):
    """Prints what happens to runs, a line each with its time."""

    def emit(self, record: logging.LogRecord) -> None:
        at = datetime.fromtimestamp(record.created, UTC)
        line(f"{at:%Y-%m-%d %H:%M} UTC  {record.getMessage()}", hang=22)


def _tell_of_runs() -> None:
    runs = logging.getLogger("attune.runs")
    runs.setLevel(logging.INFO)
    runs.propagate = False
    runs.handlers = [_Told()]


def _tell_way_in(house: House, host: str, port: int) -> None:
    from memory.crm.staff import StaffStore

    at = f"http://{host if host in THIS_MACHINE[:2] else '127.0.0.1'}:{port}"
    store = StaffStore(house.engine, house.audit, house.clock)
    if store.is_empty():
        line("Nobody is a member yet. This link makes the first admin; it works once, within 30 minutes:")
        address(link_to(house.settings, store.first_run_link(), at))
    elif house.label and (admins := [m for m in store.members(only_active=True) if m.role is Role.ADMIN]):
        # A sample workspace is there to be looked at: whoever may start it may come in.
        line(f"This link signs {admins[0].name} in; it works once, within 30 minutes:")
        token = store.sign_in_link(admins[0], doors.person())
        address(link_to(house.settings, token, at))
    else:
        line(
            f"Sign in at {house.settings.public_url or at}. A one-time link: `{command_name()} team link EMAIL`."
        )
    if host not in THIS_MACHINE and not house.settings.public_url:
        line(
            "Over plain HTTP browsers keep a session on this machine only. For others put TLS in front, and set "
            "ATTUNE_PUBLIC_URL (docs/web.md).",
            style="yellow",
        )

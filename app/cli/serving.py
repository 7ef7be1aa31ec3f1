"""`attune serve` and `attune scheduler`: the process that runs campaigns while nobody watches."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import line


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8750,
) -> None:
    """Run campaigns at their times, deliver what is due, and answer HTTP (`/health`); until Ctrl-C.

    Two may run at once, on one workspace or on several machines that share a PostgreSQL database: no run begins
    twice, no message leaves twice.
    """
    _serve((host, port))


def scheduler() -> None:
    """Run campaigns at their times and deliver what is due, without HTTP; until Ctrl-C."""
    _serve(None)


def _serve(http: tuple[str, int] | None) -> None:
    from app.schedules import next_run, scheduled_campaigns
    from app.serving import serve as keep_serving
    from domain.schedule import CampaignState

    house = doors.house()
    logging.getLogger("attune").setLevel(logging.WARNING)
    _tell_of_runs()
    # Read before anything starts, so that what is missing is told at once.
    _ = house.channel, house.sender
    for campaign in scheduled_campaigns(house):
        standing, due = house.controls.standing(campaign.id), next_run(house, campaign)
        if standing.state is not CampaignState.ACTIVE:
            line(f"{campaign.id}: {standing.in_words}; no run begins")
        else:
            line(f"{campaign.id}: next at {due:%Y-%m-%d %H:%M} UTC" if due else campaign.id)
    line(
        f"Serving {house.workspace.folder}"
        + (f" on http://{http[0]}:{http[1]}" if http else "")
        + ". Ctrl-C ends it."
    )
    loop.run(keep_serving(house, http=http))
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

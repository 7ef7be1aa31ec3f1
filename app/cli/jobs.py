"""`attune jobs`: contacts that are on a run's queue, or were parked with a reason."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing, next_steps, print_json
from domain.run import ContactOutcome

app = typer.Typer(no_args_is_help=True, help="Jobs of runs: what waits, and what was parked with its reason.")

MOST_RUNS = 50


@app.command("list")
def list_jobs(
    run: Annotated[str | None, typer.Option(help="Only of this run.")] = None,
    queued: Annotated[
        bool, typer.Option("--queued", help="Those that wait, instead of those parked.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 40,
    as_json: AsJson = False,
) -> None:
    """List contacts whose job failed three times, with the reason; or those that still wait."""
    house = doors.house()
    outcome = ContactOutcome.QUEUED if queued else ContactOutcome.PARKED
    run_ids = [run] if run else [found.id for found in house.runs.runs(limit=MOST_RUNS)]
    rows: list[dict[str, object]] = []
    for run_id in run_ids:
        house.runs.get(run_id)
        for entry in house.runs.ledger(run_id, outcome=outcome, limit=limit - len(rows)):
            rows.append(
                {
                    "run_id": run_id,
                    "contact_id": entry.contact_id,
                    "outcome": entry.outcome.value,
                    "since": entry.updated_at,
                    "reason": entry.reason,
                }
            )
        if len(rows) >= limit:
            break
    listing(
        rows,
        {"run_id": "Run", "contact_id": "Contact", "outcome": "State", "since": "Since", "reason": "Reason"},
        as_json=as_json,
        empty="No job waits." if queued else "No job is parked.",
        more="More: --limit" if len(rows) == limit else "",
    )


@app.command("retry")
def retry(
    run: Annotated[str, typer.Argument(help="The run, as `attune runs list` calls it.")],
    contact: Annotated[str | None, typer.Option(help="Only this contact; else every parked one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put parked contacts back on their run's queue; the run then goes on where it was."""
    from app.runs import retry as put_back

    many = put_back(doors.house(), run, contact)
    if as_json:
        print_json({"run": run, "queued": many})
        return
    line(f"{many} on the queue again." if many else "Nothing of this run is parked.")
    if many:
        next_steps(
            {f"attune runs resume {run}": "carry them now; a running `attune scheduler` does it by itself"}
        )

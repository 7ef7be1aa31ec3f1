"""`attune init` and `attune doctor`: make a workspace, and say what is configured, reachable, missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, line, next_steps, print_json


def init(
    folder: Annotated[
        Path | None, typer.Argument(help="Where; else ATTUNE_WORKSPACE or ./attune-workspace.")
    ] = None,
    new_link_key: Annotated[
        bool,
        typer.Option(
            "--new-link-key",
            help="The database's key is lost for good: go on with this machine's. Links sent so far stop working, and "
            "imports can bring erased people back.",
        ),
    ] = False,
) -> None:
    """Make a workspace: database, contact history, a sender file to fill in. Safe to repeat."""
    from app.wiring import make_workspace

    doors.choose(folder) if folder else None
    settings = doors.settings()
    is_new, revision = make_workspace(settings, new_link_key=new_link_key)
    line(
        f"{'Made' if is_new else 'Already there, brought up to date'}: {settings.workspace} (database {revision})."
    )
    next_steps(
        {
            f"edit {settings.workspace / 'sender.yaml'}": "who writes; without a postal address nothing is sent",
            f"edit {settings.workspace / 'policies.yaml'}": "your own rules: words, claims, days off, caps",
            "attune import hubspot FOLDER": "or salesforce, or csv: bring contacts in",
            "attune content import FILE.yaml": "what you have to say, with approved claims",
            "attune doctor": "what is configured, reachable, missing",
        }
    )


def doctor(as_json: AsJson = False) -> None:
    """Say what is configured, reachable and missing. Exits 1 where something stops a run."""
    from app.doctor import examine

    findings = examine(doors.settings())
    if as_json:
        print_json([finding.as_record() for finding in findings])
    else:
        marks = {"ok": ("ok", "green"), "note": ("note", "yellow"), "missing": ("missing", "red")}
        for finding in findings:
            word, style = marks[finding.state]
            line(f"{finding.what:<16} {finding.says}", lead=(f"  {word:<8}", style), hang=27)
            if finding.mend:
                line(f"{'':<27}→ {finding.mend}", style="dim", hang=29)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)

"""`attune import`: HubSpot and Salesforce exports, and any CSV by a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, cell, count, heading, line, next_steps, out, print_json

app = typer.Typer(
    no_args_is_help=True,
    help="Bring contacts, accounts, deals and events in. Importing a file twice changes nothing.",
)

ExportPath = Annotated[Path, typer.Argument(help="The exported file, or a folder of them.")]


@app.command("hubspot")
def hubspot(path: ExportPath, as_json: AsJson = False) -> None:
    """HubSpot: files exported from its pages, or a folder of connector tables."""
    _bring_in("hubspot", path, None, as_json)


@app.command("salesforce")
def salesforce(path: ExportPath, as_json: AsJson = False) -> None:
    """Salesforce: reports and Data Loader files, or a folder of connector tables."""
    _bring_in("salesforce", path, None, as_json)


@app.command("csv")
def csv(
    path: Annotated[Path, typer.Argument(help="Any delimited text file.")],
    mapping: Annotated[Path | None, typer.Option(help="A YAML file that says which column is what.")] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print a mapping drafted from the header, and import nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Any CSV, by a small mapping file: `--suggest` drafts one."""
    if suggest:
        from tools.importers.suggestion import suggest as drafted

        typer.echo(drafted(path))
        return
    _bring_in("csv", path, mapping, as_json)


def _bring_in(source: str, path: Path, mapping: Path | None, as_json: bool) -> None:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    from app.importing import bring_in, importer_named

    house = doors.house()
    importer = importer_named(source, mapping)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=as_json or not out.is_terminal,
    ) as progress:
        task = progress.add_task(f"Importing {path.name}", total=None)
        summary = bring_in(
            house, importer, path, lambda done, total: progress.update(task, completed=done, total=total)
        )
    if as_json:
        print_json(summary)
        return
    heading(
        f"Imported {path} as {source}: {count(summary.rows, 'row')} from {count(summary.files, 'file')} "
        f"in {summary.seconds:.1f} s"
    )
    for kind, counts in summary.by_kind.items():
        line(f"  {kind:<14} " + ", ".join(f"{many:,} {word}" for word, many in counts.items() if many))
    totals = ("added", "changed", "unchanged", "merged", "rejected", "skipped")
    line(
        "  "
        + " + ".join(f"{getattr(summary, word):,} {word}" for word in totals)
        + f" = {summary.rows:,} rows"
    )
    if summary.suppressed:
        line(f"  {summary.suppressed:,} stops (opt-outs, bounces, complaints) are in force")
    for treated_as, many in summary.unclear.items():
        what = {"opted out": "opt-out", "bounced": "bounce", "deleted": "deletion"}.get(treated_as, "row")
        line(f"  {count(many, what)} unclear, treated as {treated_as}", style="yellow")
    for warning, many in summary.warnings.items():
        line(f"  note: {many:,} × {warning}", style="yellow")
    if summary.rejects_file:
        line(f"  Rejected and unclear rows with their reasons: {cell(summary.rejects_file)}", style="yellow")
    next_steps({"attune contact list": "who is here", "attune campaign explain": "how to write a campaign"})

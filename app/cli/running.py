"""`attune run` and `attune runs`: run a campaign, and look at runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, money, next_steps, out, print_json, print_narrowing
from app.run_words import NOT_DRAFTED, WORDS
from domain.campaign import Autonomy
from domain.errors import WorkspaceBusy
from domain.run import ContactOutcome, Run, RunStatus

if TYPE_CHECKING:
    from app.runs import RunReport
    from app.wiring import House

app = typer.Typer(no_args_is_help=True, help="Look at campaign runs and their ledgers.")


def run(
    campaign: Annotated[Path, typer.Argument(help="A campaign file, or the name of one in the workspace.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide, draft and check everything; send nothing, ask nobody.")
    ] = False,
    autonomy: Annotated[
        Autonomy | None, typer.Option(help="Override the campaign's autonomy for this run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a campaign: decide for its whole audience, draft for those who get a message, send or ask.

    Stopped by Ctrl-C or worse, the same command goes on where it was.
    """
    from app.campaign_file import read_runnable

    house = doors.house()
    read = read_runnable(find_campaign(house, campaign), [asset.id for asset in house.crm.assets()])
    report = run_to_the_end(house, read, is_dry_run=dry_run, autonomy=autonomy, quiet=as_json)
    if as_json:
        print_json(as_record(report))
        return
    print_report(report)
    considered = sum(report.counts.values())
    if dry_run or not considered:
        from app.audience_size import lacks, narrowed

        print_narrowing(narrowed(house, report.campaign, report.run.started_at), tuple(lacks(house)))
    if not considered:
        next_steps({f"attune campaign check {campaign}": "after changing a condition: how many it leaves"})
    elif dry_run:
        next_steps(
            {
                f"attune runs show {report.run.id}": "every contact's line",
                f"attune run {campaign}": "for real",
            }
        )
    else:
        next_steps(
            {
                "attune review list": "what waits for a person",
                "attune explain CONTACT": "why someone did, or did not, get a message",
                f"attune runs show {report.run.id}": "every contact's line",
            }
        )


def find_campaign(house: House, named: Path) -> Path:
    """The file named, or `campaigns/NAME.yaml` in the workspace."""
    if named.exists() or named.suffix in {".yaml", ".yml"}:
        inside = house.workspace.campaigns / named
        return inside if not named.exists() and inside.exists() else named
    return house.workspace.campaigns / f"{named}.yaml"


def run_to_the_end(
    house: House, campaign: Any, *, is_dry_run: bool, autonomy: Autonomy | None, quiet: bool
) -> RunReport:
    """Begin or go on with a run, showing progress, and return its report."""
    from app.runs import begin

    if not quiet:
        line(f"Deciding for “{campaign.name}” …", style="dim")
    started, was_broken_off = begin(house, campaign, is_dry_run=is_dry_run, autonomy=autonomy)
    if was_broken_off and not quiet:
        line(f"Going on with run {started.id}, which was broken off.", style="yellow")
    return carried(house, started, quiet=quiet)


def carried(house: House, run: Run, *, quiet: bool) -> RunReport:
    """Carry a run to its end, showing progress, and return its report."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from app.runs import carry_on

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
        console=out,
        transient=True,
        disable=quiet or not out.is_terminal,
    ) as progress:
        task = progress.add_task("Drafting", total=None, note="")

        def show(counts: dict[ContactOutcome, int]) -> None:
            queued = counts.get(ContactOutcome.QUEUED, 0)
            total = sum(many for outcome, many in counts.items() if outcome not in NOT_DRAFTED)
            note = ", ".join(
                f"{counts[o]} {WORDS[o][0]}"
                for o in (ContactOutcome.SENT, ContactOutcome.SCHEDULED, ContactOutcome.WAITING)
                if counts.get(o)
            )
            progress.update(task, total=total, completed=total - queued, note=note)

        return loop.run(carry_on(house, run, show))


def print_report(report: RunReport) -> None:
    """Print a run's summary as a newcomer understands it."""
    run = report.run
    considered = sum(report.counts.values())
    kind = "Dry run" if run.is_dry_run else "Run"
    heading(f"{kind} {run.id} of “{report.campaign.name}”: {considered:,} contacts considered")
    for outcome, (word, meaning) in WORDS.items():
        many = report.counts.get(outcome, 0)
        if many:
            line(meaning, style="dim", lead=(f"  {many:>6,}  {word:<15}", ""), hang=25)
    if report.refusals:
        from policies.explain import describe

        heading("Refused by rule")
        for rule_id, many in report.refusals.items():
            line(f"  {many:>6,}  {rule_id:<6} {describe(rule_id).title}")
    for told in report.shifts:
        line(f"\n  {told} See `attune learn status {report.campaign.id}`.", style="yellow")
    usage = report.usage
    cost = f"{usage.cost_micros / 1_000_000:.2f}" if usage.cost_micros else "0"
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
    line(
        f"\n  {usage.calls:,} model calls, {usage.input_tokens + usage.output_tokens:,} tokens, cost {cost}; "
        f"{took:.0f} s; autonomy: {run.autonomy.value}"
    )


def as_record(report: RunReport) -> dict[str, Any]:
    """A run's summary as JSON."""
    return {
        "run": report.run,
        "campaign": report.campaign.id,
        "goal": {
            "outcome": report.campaign.goal.outcome.value,
            "worth": money(report.campaign.goal.worth_cents, report.campaign.goal.currency),
        },
        "counts": {outcome.value: many for outcome, many in report.counts.items()},
        "refused_by_rule": report.refusals,
        "market_shifts": list(report.shifts),
        "usage": report.usage,
    }


@app.command("resume")
def resume(
    run_id: Annotated[str, typer.Argument(help="A run that was broken off.")], as_json: AsJson = False
) -> None:
    """Go on with a broken-off run as it was decided, whatever its campaign file says now."""
    house = doors.house()
    report = carried(house, house.runs.get(run_id), quiet=as_json)
    if as_json:
        print_json(as_record(report))
    else:
        print_report(report)


@app.command("stop")
def stop(
    run_id: Annotated[str, typer.Argument(help="A run that was broken off.")], as_json: AsJson = False
) -> None:
    """Give a broken-off run up. What it sent is sent; whoever is still queued is not reached."""
    from app.runs import stop as give_up

    run = give_up(doors.house(), run_id)
    if as_json:
        print_json(run)
    else:
        line(f"Run {run.id} is {run.status.value}.")


@app.command("list")
def list_runs(
    campaign: Annotated[str | None, typer.Option(help="Only runs of this campaign.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    house = doors.house()
    is_anyone_working = _is_anyone_working(house)
    rows = []
    for found in house.runs.runs(campaign, limit=limit):
        counts = house.runs.counts(found.id)
        rows.append(
            {
                **found.model_dump(mode="python"),
                "status": _standing(found, is_anyone_working=is_anyone_working),
                "considered": sum(counts.values()),
                "sent": counts.get(ContactOutcome.SENT, 0),
                "waiting": counts.get(ContactOutcome.WAITING, 0),
            }
        )
    listing(
        rows,
        {
            "id": "Run",
            "campaign_id": "Campaign",
            "status": "Status",
            "started_at": "Started",
            "considered": "Considered>",
            "sent": "Sent>",
            "waiting": "Waiting>",
        },
        as_json=as_json,
        empty="No campaign has run yet. Try `attune run CAMPAIGN --dry-run`.",
    )


@app.command("cost")
def cost(
    campaign: Annotated[
        str | None, typer.Argument(help="A campaign's id; all that were run if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what campaigns have cost so far: models, dry runs included, and messages."""
    from app.campaign_shelf import ran
    from app.run_costs import cost_of

    house = doors.house()
    chosen = (ran(house, campaign),) if campaign else house.crm.campaigns(limit=1_000)
    found = [cost_of(house, one) for one in chosen]
    if as_json:
        print_json([one.model_dump(mode="json") | {"is_unpriced": one.is_unpriced} for one in found])
        return
    listing(
        [
            {
                "campaign": one.campaign_id,
                "runs": one.runs,
                "calls": f"{one.usage.calls:,}",
                "tokens": f"{one.usage.input_tokens + one.usage.output_tokens:,}",
                "models": "price not known" if one.is_unpriced else one.model_words,
                "sent": f"{one.messages:,}",
                "messages": money(one.message_cents, one.currency),
            }
            for one in found
        ],
        {
            "campaign": "Campaign",
            "runs": "Runs>",
            "calls": "Model calls>",
            "tokens": "Tokens>",
            "models": "Models cost>",
            "sent": "Sent>",
            "messages": "Messages cost>",
        },
        as_json=False,
        empty="No campaign has run yet. Try `attune run CAMPAIGN --dry-run`.",
    )


def _is_anyone_working(house: House) -> bool:
    try:
        with house.locks.only_worker():
            return False
    except WorkspaceBusy:
        return True


def _standing(run: Run, *, is_anyone_working: bool) -> str:
    """The run's status; one under way that nobody carries was broken off."""
    is_open = run.status in {RunStatus.DECIDING, RunStatus.RUNNING}
    kind = " (dry run)" if run.is_dry_run else ""
    return run.status.value + kind + (", broken off" if is_open and not is_anyone_working else "")


@app.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(help="The run, as `attune runs list` calls it.")],
    outcome: Annotated[ContactOutcome | None, typer.Option(help="Only contacts with this outcome.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only contacts this rule kept back, such as C-09.")] = None,
    after: Annotated[str, typer.Option(help="Go on after this contact id.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many lines.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Show how each contact fared in a run, and why."""
    from app.runs import report

    house = doors.house()
    found = house.runs.get(run_id)
    lines = house.runs.ledger(run_id, outcome=outcome, rule_id=rule, after=after, limit=limit)
    if not as_json:
        print_report(report(house, found))
        heading("Contacts")
    listing(
        [
            {
                "contact_id": entry.contact_id,
                "name": house.crm.contact(entry.contact_id).name,
                "outcome": entry.outcome.value,
                "rule_id": entry.rule_id,
                "reason": entry.reason,
                "decision_id": entry.decision_id,
            }
            for entry in lines
        ],
        {
            "contact_id": "Contact",
            "name": "Name",
            "outcome": "Outcome",
            "rule_id": "Rule",
            "reason": "Reason",
            "decision_id": "Decision",
        },
        as_json=as_json,
        empty="No contact of this run fits.",
        more=f"More: --after {lines[-1].contact_id}" if len(lines) == limit else "",
    )

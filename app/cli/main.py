"""Joins the commands, and turns every failure into one clear line and an exit code."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from app import logs
from app.cli import (
    auditing,
    campaigns,
    chatting,
    consents,
    contacts,
    contents,
    evaluating,
    explaining,
    importing,
    inboxes,
    jobs,
    leads,
    learning,
    mcp,
    memories,
    metrics,
    outboxes,
    policies_text,
    privacy,
    replaying,
    reviewing,
    running,
    samples,
    serving,
    team,
    workspaces,
)
from app.cli.doors import doors
from app.cli.screen import err, shown, with_workspace
from domain.errors import AttuneError

app = typer.Typer(
    name="attune",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Decides per contact what to say, where, when, or to stay silent; drafts it from facts; asks a "
        "person where stakes are high; sends at most once.\n\n"
        "New here? `attune demo` makes a sample market and runs a campaign on it. Your own data: "
        "`attune init`, `attune import`, `attune run`, `attune review`."
    ),
)


@app.callback()
def before(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace", "-w", help="Workspace folder; else ATTUNE_WORKSPACE, else ./attune-workspace."
        ),
    ] = None,
) -> None:
    """Take the options every command shares."""
    doors.choose(workspace)


app.command("demo", rich_help_panel="Start")(samples.demo)
app.command("init", rich_help_panel="Start")(workspaces.init)
app.command("doctor", rich_help_panel="Start")(workspaces.doctor)
app.command("chat", rich_help_panel="Ask")(chatting.chat)
app.command("ask", rich_help_panel="Ask")(chatting.ask)
app.add_typer(importing.app, name="import", rich_help_panel="Data in")
app.add_typer(contents.app, name="content", rich_help_panel="Data in")
app.add_typer(contacts.app, name="contact", rich_help_panel="Data in")
app.add_typer(consents.app, name="consent", rich_help_panel="People's rights")
app.add_typer(privacy.app, name="privacy", rich_help_panel="People's rights")
app.add_typer(memories.app, name="memory", rich_help_panel="Data in")
app.add_typer(campaigns.app, name="campaign", rich_help_panel="Campaigns")
app.command("run", rich_help_panel="Campaigns")(running.run)
app.add_typer(running.app, name="runs", rich_help_panel="Campaigns")
app.add_typer(jobs.app, name="jobs", rich_help_panel="Campaigns")
app.command("serve", rich_help_panel="Campaigns")(serving.serve)
app.command("scheduler", rich_help_panel="Campaigns")(serving.scheduler)
app.command("mcp", rich_help_panel="Campaigns")(mcp.mcp)
app.command("replay", rich_help_panel="Campaigns")(replaying.replay)
app.add_typer(replaying.app, name="decisions", rich_help_panel="Campaigns")
app.command("handoff", rich_help_panel="People decide")(leads.handoff)
app.command("churn", rich_help_panel="People decide")(leads.churn)
app.add_typer(evaluating.app, name="eval", rich_help_panel="What worked")
app.add_typer(learning.app, name="learn", rich_help_panel="What worked")
app.add_typer(reviewing.app, name="review", rich_help_panel="People decide")
app.command("explain", rich_help_panel="People decide")(explaining.explain)
app.add_typer(inboxes.app, name="inbox", rich_help_panel="People decide")
app.add_typer(outboxes.app, name="outbox", rich_help_panel="What went out")
app.add_typer(policies_text.app, name="policy", rich_help_panel="What went out")
app.command("metrics", rich_help_panel="What worked")(metrics.metrics)
app.add_typer(team.app, name="team", rich_help_panel="People decide")
app.add_typer(auditing.app, name="audit", rich_help_panel="What went out")


INTERRUPTED = 130
"""The exit code of a command stopped by Ctrl-C."""


def main() -> None:
    """Run the command line; the process's exit code says how it went (see `docs/cli.md`)."""
    logs.begin_plain()
    sys.exit(_run())


def _run() -> int:
    try:
        result = app(standalone_mode=False)
    except AttuneError as error:
        err.print(f"attune: {shown(with_workspace(str(error)))}", style="red", markup=False)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _stopped()
    except typer.Exit as left:
        return _stopped() if left.exit_code == INTERRUPTED else left.exit_code
    except TyperException as wrong_usage:
        # A group named without a command has printed its help, and there is nothing to add.
        if wrong_usage.format_message().strip():
            err.print(f"attune: {shown(_usage(wrong_usage))}", style="red", markup=False)
        return getattr(wrong_usage, "exit_code", 2)
    except BrokenPipeError:
        return 0
    except Exception as error:
        return _bug(error)
    finally:
        doors.close()
    # The library answers Ctrl-C by returning this code.
    if result == INTERRUPTED:
        return _stopped()
    return result if isinstance(result, int) else 0


def _usage(wrong: TyperException) -> str:
    """What was wrong with the words of the command, and which help tells the right ones."""
    context = getattr(wrong, "ctx", None)
    # The first word is how this program was started, which is not always `attune`.
    words = context.command_path.split()[1:] if context else []
    said = wrong.format_message().strip()
    end = "" if said.endswith((".", "?", "!")) else "."
    return f"{said}{end} See `{' '.join(['attune', *words, '--help'])}`."


def _stopped() -> int:
    err.print("Stopped. Nothing is lost: the same command goes on where it was.", style="yellow")
    return INTERRUPTED


def _bug(error: Exception) -> int:
    kept = doors.log_file()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as file:
            file.write(f"\n{datetime.now(UTC).isoformat()} attune {' '.join(sys.argv[1:])}\n")
            traceback.print_exception(error, file=file)
        where = f"The details are in {kept}."
    except OSError:
        where = "The details could not be written down."
    err.print(
        f"attune: {type(error).__name__}: {error}. This is a fault in Attune, not in what you did. {where}",
        style="red",
        markup=False,
    )
    return 70

"""`attune policy`: every rule in plain words, and what the rules say of one mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, print_json
from domain.errors import WorkspaceMissing
from policies.rulebook import RuleBook, load_rulebook

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "The rule book in readable words: law, house, and the team's own rules from policies.yaml.\n\n"
        "`attune policy explain C-09` tells one rule with its numbers and their sources; "
        "`attune policy check FILE.eml --to CONTACT` says what every rule thinks of a mail."
    ),
)

_STYLES = {"block": "red", "hold": "yellow", "warn": "cyan", "pass": "green", "not asked": "dim"}


@app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List every rule: law and house, then the team's own."""
    from policies.explain import every_rule

    listing(
        [rule.model_dump(mode="json") for rule in every_rule(_rules())],
        {"id": "Rule", "title": "Title", "verdict": "Does", "when": "Asked at", "plain": "What it says"},
        as_json=as_json,
    )


@app.command("explain")
def explain_rule(
    rule_id: Annotated[str, typer.Argument(help="A rule's id or title, such as C-09 or T-01.")],
    as_json: AsJson = False,
) -> None:
    """Explain one rule: what it says and does, what mends it, its numbers and where they come from."""
    from policies.explain import describe, sources_of

    rules = _rules()
    rule = describe(rule_id, rules)
    packs = sources_of(rule.id, rules)
    if as_json:
        print_json({**rule.model_dump(mode="json"), "packs": packs})
        return
    heading(f"{rule.id}  {rule.title}")
    line(f"  {rule.plain}")
    line(f"  does: {rule.verdict}; asked at: {rule.when}; from: {rule.origin}")
    line(f"  to mend: {rule.mend}")
    for name, number in rule.numbers.items():
        value = (
            ", ".join(str(part) for part in number.value) if isinstance(number.value, tuple) else number.value
        )
        line(f"  {name}: {value} {number.unit}")
        line(f"      source: {number.source}, set on {number.set_on}", style="dim")
    for pack in packs:
        line(f"  {pack['where']}: {pack['says']}")
        line(f"      source: {pack['source']}, set on {pack['set_on']}", style="dim")
    if "†" in str((rule.numbers, packs)):
        line("  † needs a second source before it is quoted as law.", style="dim")


@app.command("check")
def check_mail(
    file: Annotated[Path, typer.Argument(help="A mail as a file (.eml), such as one of the mailbox.")],
    to: Annotated[str, typer.Option("--to", help="The contact it is for: an id or an e-mail address.")],
    asset: Annotated[
        str | None, typer.Option("--asset", help="The content it leads to; else the one on record for it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold one mail against every rule, as if it were sent now. Sends nothing, changes nothing.

    What is on record of a mail of ours (its draft, its evidence, its content) is looked up by its X-Attune-Id.
    Exits 1 where a rule blocks or holds.
    """
    from app.policy_check import check

    report = check(doors.house(), file, to, asset)
    if as_json:
        print_json(report.as_record())
    else:
        line(f"{report.subject!r} to {report.contact}{report.known_as}")
        for finding in report.findings:
            lead = (f"  {finding.severity.value:<6}", _STYLES[finding.severity.value])
            line(f"{finding.rule_id:<5} {finding.reason}", lead=lead, hang=14)
            if finding.span:
                line(f"               “{finding.span[:160]}”", style="dim")
            if finding.mend:
                line(f"               → {finding.mend}", style="dim")
        line(f"Asked and found nothing: {', '.join(report.passed) or 'none'}", style="green")
        if report.not_asked:
            line(f"Not asked of a mail: {', '.join(report.not_asked)}", style="dim")
    if report.stops:
        raise typer.Exit(1)


def _rules() -> RuleBook:
    """The workspace's rule book, or what ships where there is no workspace yet."""
    try:
        return doors.house().rules
    except WorkspaceMissing:
        return load_rulebook()

"""`attune policy`: every rule in plain words, with its numbers and where they come from."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.screen import AsJson, heading, line, listing, print_json

app = typer.Typer(no_args_is_help=True, help="The rule book in readable words.")


@app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List every rule."""
    from policies.explain import every_rule

    listing(
        [rule.model_dump(mode="json") for rule in every_rule()],
        {"id": "Rule", "title": "Title", "plain": "What it does"},
        as_json=as_json,
    )


@app.command("explain")
def explain_rule(
    rule_id: Annotated[str, typer.Argument(help="A rule's id, such as C-09.")], as_json: AsJson = False
) -> None:
    """Explain one rule: what it does, its numbers, where they come from."""
    from policies.explain import describe

    rule = describe(rule_id.upper())
    if as_json:
        print_json(rule)
        return
    heading(f"{rule.id}  {rule.title}")
    line(f"  {rule.plain}")
    for name, number in rule.numbers.items():
        value = (
            ", ".join(str(part) for part in number.value) if isinstance(number.value, tuple) else number.value
        )
        line(f"  {name}: {value} {number.unit}")
        line(f"      source: {number.source}, set on {number.set_on}", style="dim")

"""`attune explain`: why a contact did, or did not, get a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, out, print_json
from domain.decision import Arm, Decision
from domain.errors import NotFound
from domain.run import RunContact

if TYPE_CHECKING:
    from app.wiring import House


def explain(
    thing: Annotated[
        str, typer.Argument(help="A contact (id, e-mail or CRM id), a decision (d_…) or a proposal (p_…).")
    ],
    as_json: AsJson = False,
) -> None:
    """Say why a contact did, or did not, get a message: rule, draw, evidence, findings, review."""
    house = doors.house()
    decision, lines = _find(house, thing)
    if as_json:
        print_json(
            {
                "decision": decision,
                "lines": list(lines),
                "made": house.archive.made_for(decision.id) if decision else None,
            }
        )
        return
    contact_id = decision.contact_id if decision else lines[0].contact_id
    dossier = house.crm.dossier(contact_id)
    contact, account = dossier.contact, dossier.account
    place = f", {contact.job_title}" if contact.job_title else ""
    heading(f"{contact.name}{place}{f' at {account.name}' if account else ''}  ({contact.id})")
    for entry in lines:
        rule = f" by {entry.rule_id}" if entry.rule_id else ""
        line(f"  Run {entry.run_id}: {entry.outcome.value.replace('_', ' ')}{rule}. {entry.reason}")
    if decision:
        _print_decision(house, decision)


def _find(house: House, thing: str) -> tuple[Decision | None, list[RunContact]]:
    if thing.startswith("p_"):
        thing = house.proposals.get(thing).decision_id
    if thing.startswith("d_"):
        decision = house.crm.decision(thing)
        found = house.runs.line(decision.run_id, decision.contact_id)
        return decision, [found] if found else []
    contact = house.crm.contact_by(thing)
    lines = list(house.runs.lines_of(contact.id))
    if not lines:
        raise NotFound(
            "decision about",
            thing,
            "No campaign has considered this contact yet. See `attune campaign list`.",
        )
    newest = lines[0]
    return (house.crm.decision(newest.decision_id) if newest.decision_id else None), lines


def _print_decision(house: House, decision: Decision) -> None:
    from policies.explain import describe

    what = "silence" if decision.action.is_silence else decision.action.key.replace("|", ", ")
    heading(f"Decision {decision.id}: {what}")
    for reason in decision.reasons:
        line(f"  {reason}")
    print_alternatives(decision)
    line(
        f"  {decision.learner_version}, {decision.features_version}, {decision.knowledge.value}; "
        f"decided {decision.decided_at:%Y-%m-%d %H:%M} UTC",
        style="dim",
    )
    made = house.archive.made_for(decision.id)
    if made is None:
        return
    if made.brief:
        heading("What the signals say")
        for signal in made.brief.signals:
            line(f"  {signal.strength:<6} {signal.text} [{', '.join(signal.evidence)}]")
    if made.draft:
        heading(f"Draft by the {made.draft.author.value}: {made.draft.subject}")
        facts = {fact.id: fact for fact in made.evidence}
        for sentence in made.draft.sentences:
            line(f"  {sentence.text}")
            for fact_id in sentence.evidence:
                if fact := facts.get(fact_id):
                    line(f"      {fact_id} {fact.text} [{fact.ref}]", style="dim")
    if made.verdict and made.verdict.findings:
        heading("Findings")
        for finding in made.verdict.findings:
            title = describe(finding.rule_id).title
            line(f"  {finding.severity.value:<5} {finding.rule_id} {title}: {finding.reason}")
    if made.stakes and made.stakes.reasons:
        heading("Why a person decides")
        for stake in made.stakes.reasons:
            line(f"  • {stake.text}")


def print_alternatives(decision: Decision, most: int = 8) -> None:
    """Print what else was possible, most likely first."""
    if decision.arm is Arm.HOLDOUT or len(decision.alternatives) < 2:
        return
    ranked = sorted(decision.alternatives, key=lambda a: -a.probability)
    line("  What was possible, and how likely:", style="dim")
    for alternative in ranked[:most]:
        is_taken = alternative.action_key == decision.action.key
        mark = "→" if is_taken else " "
        bar = "█" * max(1, round(alternative.probability * 40))
        out.print(f"  {mark} {alternative.probability:6.1%} ", end="")
        line(f"{bar} {alternative.action_key.replace('|', ', ')}", style="" if is_taken else "dim")
    if len(ranked) > most:
        rest = sum(a.probability for a in ranked[most:])
        line(f"    {rest:6.1%} {len(ranked) - most} more", style="dim")

"""`attune explain`: why a contact did, or did not, get a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, err, heading, line, print_json
from app.cli.whys import print_why
from app.finding import contact_meant
from domain.decision import Decision
from domain.errors import NotFound
from domain.run import RunContact

if TYPE_CHECKING:
    from app.wiring import House
    from domain.why import Why


def explain(
    thing: Annotated[
        str,
        typer.Argument(
            help="A contact (id, e-mail, CRM id, or a name that fits one only), a decision (d_…) or a proposal (p_…)."
        ),
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="Only what is stored with the decision; reckon nothing again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say why a contact did, or did not, get a message, what would have changed it, and what taught it."""
    house = doors.house()
    decision, lines = _find(house, thing)
    why = None if decision is None else _why(house, decision, quick=quick)
    if as_json:
        print_json(
            {
                "decision": decision,
                "why": why,
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
    _print_runs(house, contact_id, lines)
    if lines and lines[0].rule_id:
        _print_refusal(lines[0])
    if why:
        print_why(why)
        _print_made(house, why.decision_id)


def _why(house: House, decision: Decision, *, quick: bool) -> Why:
    # On the side of errors: what is printed to standard output stays the same for whoever reads it.
    doing = (
        "Reading what is stored"
        if quick
        else "Reckoning again with the learner that decided (--quick does not)"
    )
    with err.status(f"{doing} …"):
        from app.why import stored_why, why_of

        return (stored_why if quick else why_of)(house, decision)


def _find(house: House, thing: str) -> tuple[Decision | None, list[RunContact]]:
    if thing.startswith("p_"):
        thing = house.proposals.get(thing).decision_id
    if thing.startswith("d_"):
        decision = house.crm.decision(thing)
        found = house.runs.line(decision.run_id, decision.contact_id)
        return decision, [found] if found else []
    contact = contact_meant(house, thing)
    lines = list(house.runs.lines_of(contact.id))
    if not lines:
        raise NotFound(
            "decision about",
            thing,
            "No campaign has considered this contact yet. See `attune campaign list`.",
        )
    # Where the newest run refused before anything was decided, the last decision before it is told besides.
    decided = next((entry.decision_id for entry in lines if entry.decision_id), None)
    return (house.crm.decision(decided) if decided else None), lines


def _print_runs(house: House, contact_id: str, lines: Sequence[RunContact]) -> None:
    """One line a run: when, whether for real, how it ended, the subject of its message, and why."""
    subjects = {
        entry.decision_id: entry.message.subject
        for entry in house.outbox.entries(contact_id=contact_id, limit=200)
    }
    for entry in lines:
        run = house.runs.get(entry.run_id)
        kind = "Dry run" if run.is_dry_run else "Run"
        rule = f" by {entry.rule_id}" if entry.rule_id else ""
        subject = subjects.get(entry.decision_id or "")
        told = f" “{subject}”" if subject else ""
        reason = f" {entry.reason}" if entry.reason else ""
        line(
            f"  {kind} {run.id} of {run.campaign_id}, {run.started_at:%Y-%m-%d %H:%M} UTC: "
            f"{entry.outcome.value.replace('_', ' ')}{rule}{told}.{reason}"
        )


def _print_refusal(entry: RunContact) -> None:
    from policies.explain import describe

    try:
        told = describe(entry.rule_id or "")
    except NotFound:
        return
    heading("What would have changed the newest run")
    line(f"  {told.id} {told.title}, which it did not meet: {told.plain}")


def _print_made(house: House, decision_id: str) -> None:
    from policies.explain import describe

    made = house.archive.made_for(decision_id)
    if made is None:
        return
    if made.brief:
        heading("What the signals say")
        for signal in made.brief.signals:
            line(f"  {signal.strength:<6} {signal.text} [{', '.join(signal.evidence)}]", hang=9)
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
            line(f"  {finding.severity.value:<5} {finding.rule_id} {title}: {finding.reason}", hang=8)
    if made.stakes and made.stakes.reasons:
        heading("Why a person decides")
        for stake in made.stakes.reasons:
            line(f"  • {stake.text}", hang=4)

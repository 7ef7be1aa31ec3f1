"""One proposal on the screen: the message as it will arrive, and the grounds it is judged on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.text import Text

from app.cli.screen import heading, line, out, shown
from domain.review import Proposal

if TYPE_CHECKING:
    from app.wiring import House


def print_message(proposal: Proposal) -> None:
    """Print the message as it will arrive."""
    message = proposal.message
    head = Text.assemble(
        ("To       ", "dim"),
        shown(f"{message.to_name} <{message.to_address}>") + "\n",
        ("From     ", "dim"),
        f"{message.from_name} <{message.from_address}>\n",
        ("Subject  ", "dim"),
        (shown(message.subject), "bold"),
        "\n",
        ("When     ", "dim"),
        f"not before {proposal.not_before:%a %d %b %Y %H:%M} UTC\n\n",
    )
    stand = f"{proposal.status.value} · version {proposal.version}"
    title = f"{proposal.id} · {stand} · {proposal.message_sha256[:12]}"
    out.print(
        Panel(head + Text(shown(message.text)), title=title, title_align="left", width=min(out.width, 96))
    )


def print_findings(proposal: Proposal) -> None:
    """Print what the checks found, and how each can be mended."""
    heading("Findings")
    for finding in proposal.verdict.findings:
        span = f" — “{finding.span}”" if finding.span else ""
        line(f"  {finding.severity.value:<5} {finding.rule_id}  {finding.reason}{span}", hang=8)
        if finding.mend:
            line(f"        mend: {finding.mend}", style="dim", hang=14)
    if not proposal.verdict.findings:
        line("  none", style="dim")


def print_grounds(proposal: Proposal) -> None:
    """Print why a person decides, the findings, and what each sentence rests on."""
    heading("Why a person decides")
    for reason in proposal.stakes.reasons:
        line(f"  • {reason.text}{' (always)' if reason.is_locked else ''}", hang=4)
    print_findings(proposal)
    heading("What each sentence rests on")
    facts = {fact.id: fact for fact in proposal.evidence}
    for sentence in proposal.draft.sentences:
        line(f"  {sentence.text}")
        for fact_id in sentence.evidence:
            fact = facts.get(fact_id)
            line(
                f"      {fact_id} {fact.text} [{fact.ref}]" if fact else f"      {fact_id} unknown",
                style="dim",
            )


def print_decision(house: House, proposal: Proposal) -> None:
    """Print why this content, to this contact, now."""
    from app.cli.whys import print_options, print_silence
    from app.why import stored_why

    why = stored_why(house, house.crm.decision(proposal.decision_id))
    heading("Why this content, to this contact, now")
    for reason in why.summary:
        line(f"  {reason}")
    print_silence(why)
    for signal in proposal.brief.signals if proposal.brief else ():
        line(f"  {signal.strength:<6} {signal.text} [{', '.join(signal.evidence)}]", style="dim", hang=9)
    print_options(why, most=5)
    draft = proposal.draft
    by = draft.author.value + (f" ({draft.model}, prompt {draft.prompt_id})" if draft.model else "")
    line(f"  Written by the {by}. More: attune explain {proposal.id}", style="dim")

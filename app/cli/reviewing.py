"""`attune review`: what waits for a person, shown as it will arrive, with everything needed to judge it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from app import loop
from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, next_steps, out, print_json, shown
from domain.errors import AttuneError, ReviewRejected
from domain.review import Proposal, ProposalStatus, Review, ReviewAct

if TYPE_CHECKING:
    from app.reviews import Reviewed
    from app.wiring import House

app = typer.Typer(no_args_is_help=True, help="Decide about messages that wait for a person.")

ProposalId = Annotated[str, typer.Argument(help="The proposal, as `attune review list` calls it.")]
Reviewer = Annotated[
    str | None, typer.Option("--as", help="Who you are; else ATTUNE_REVIEWER or your login name.")
]


@app.command("list")
def list_proposals(
    status: Annotated[ProposalStatus, typer.Option(help="Which ones.")] = ProposalStatus.WAITING,
    campaign: Annotated[str | None, typer.Option(help="Only this campaign's.")] = None,
    limit: Annotated[int, typer.Option(help="How many.")] = 20,
    skip: Annotated[int, typer.Option(help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List proposals, the longest waiting first."""
    house = doors.house()
    found = house.proposals.proposals(status, campaign_id=campaign, limit=limit, offset=skip)
    total = house.proposals.counts(campaign).get(status, 0)
    listing(
        [
            {
                "id": proposal.id,
                "approve": approval_name(proposal),
                "to": f"{proposal.message.to_name or proposal.message.to_address}",
                "contact_id": proposal.contact_id,
                "subject": proposal.message.subject,
                "why": "; ".join(reason.text for reason in proposal.stakes.reasons),
                "findings": [f"{f.rule_id} {f.severity.value}" for f in proposal.verdict.findings],
                "status": proposal.status.value,
                "created_at": proposal.created_at,
                "message_sha256": proposal.message_sha256,
            }
            for proposal in found
        ],
        {
            "id": "Proposal",
            "to": "To",
            "subject": "Subject",
            "why": "Why a person decides",
            "findings": "Findings",
        },
        as_json=as_json,
        empty=f"No proposal is {status.value}. Runs put them here: `attune run CAMPAIGN`.",
        more=f"{skip + 1}–{skip + len(found)} of {total}. Look at one: attune review show {found[0].id}"
        if found
        else "",
    )


@app.command("show")
def show(proposal_id: ProposalId, as_json: AsJson = False) -> None:
    """Show one proposal: the message as it will arrive, its evidence, the decision, the findings."""
    house = doors.house()
    proposal = house.proposals.get(proposal_id)
    if as_json:
        print_json(
            {
                "proposal": proposal,
                "decision": house.crm.decision(proposal.decision_id),
                "reviews": list(house.proposals.reviews_of(proposal.id)),
            }
        )
        return
    _print_message(proposal)
    _print_grounds(proposal)
    _print_decision(house, proposal)
    if proposal.status is ProposalStatus.WAITING:
        next_steps(
            {
                f"attune review approve {approval_name(proposal)}": "send exactly this",
                f"attune review edit {proposal.id}": "change the words; they are checked again",
                f'attune review answer {proposal.id} "shorter, please"': "ask for another draft",
                f'attune review reject {proposal.id} --reason "…"': "do not send; the reason is learnt from",
            }
        )


SHORTEST_SHA = 8
"""Fewer hexadecimal digits could be those of another message by chance."""


def approval_name(proposal: Proposal) -> str:
    """What an approval of exactly this message is called: the proposal and the start of its hash."""
    return f"{proposal.id}@{proposal.message_sha256[:12]}"


def _print_message(proposal: Proposal) -> None:
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


def _print_grounds(proposal: Proposal) -> None:
    heading("Why a person decides")
    for reason in proposal.stakes.reasons:
        line(f"  • {reason.text}{' (always)' if reason.is_locked else ''}")
    heading("Findings")
    for finding in proposal.verdict.findings:
        span = f" — “{finding.span}”" if finding.span else ""
        line(f"  {finding.severity.value:<5} {finding.rule_id}  {finding.reason}{span}")
        if finding.mend:
            line(f"        mend: {finding.mend}", style="dim")
    if not proposal.verdict.findings:
        line("  none", style="dim")
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


def _print_decision(house: House, proposal: Proposal) -> None:
    from app.cli.whys import print_options
    from app.why import stored_why

    why = stored_why(house, house.crm.decision(proposal.decision_id))
    heading("Why this content, to this contact, now")
    for reason in why.summary:
        line(f"  {reason}")
    for signal in proposal.brief.signals if proposal.brief else ():
        line(f"  {signal.strength:<6} {signal.text} [{', '.join(signal.evidence)}]", style="dim")
    print_options(why, most=5)
    draft = proposal.draft
    by = draft.author.value + (f" ({draft.model}, prompt {draft.prompt_id})" if draft.model else "")
    line(f"  Written by the {by}. More: attune explain {proposal.id}", style="dim")


@app.command("approve")
def approve(
    proposals: Annotated[
        list[str],
        typer.Argument(help="PROPOSAL@SHA, as `attune review show` prints it: exactly what you looked at."),
    ],
    reviewer: Reviewer = None,
    as_json: AsJson = False,
) -> None:
    """Approve messages exactly as you saw them; each goes out when its slot is open.

    An approval is bound to the message's SHA-256. Without it, at a terminal, the message is shown and you
    are asked.
    """
    house = doors.house()
    done = []
    for named in proposals:
        proposal_id, _, sha = named.partition("@")
        proposal = house.proposals.get(proposal_id)
        if sha and len(sha) < SHORTEST_SHA:
            raise ReviewRejected(
                f"{sha!r} is too short to say which words you approve; `attune review show {proposal_id}` "
                "prints PROPOSAL@SHA. Nothing was approved."
            )
        if not sha and proposal.status is ProposalStatus.WAITING and _is_shown_and_agreed(proposal):
            sha = proposal.message_sha256
        done.append(_act(house, _review(house, proposal, ReviewAct.APPROVE, reviewer, sha=sha)))
    _tell(done, as_json=as_json)


def _is_shown_and_agreed(proposal: Proposal) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ReviewRejected(
            f"Say which words you approve: `attune review show {proposal.id}` prints PROPOSAL@SHA. "
            "Nothing was approved."
        )
    _print_message(proposal)
    if not typer.confirm("Approve exactly this message?"):
        raise typer.Exit(0)
    return True


@app.command("reject")
def reject(
    proposal_id: ProposalId,
    reason: Annotated[str, typer.Option(help="Why; the agents learn from it.")],
    reviewer: Reviewer = None,
    as_json: AsJson = False,
) -> None:
    """Reject a message. It is never sent; the reason is kept as a lesson about this contact."""
    house = doors.house()
    proposal = house.proposals.get(proposal_id)
    _tell([_act(house, _review(house, proposal, ReviewAct.REJECT, reviewer, reason=reason))], as_json=as_json)


@app.command("answer")
def answer(
    proposal_id: ProposalId,
    hint: Annotated[
        str, typer.Argument(help='What another draft should do, such as "shorter" or "mention pricing".')
    ],
    reviewer: Reviewer = None,
    as_json: AsJson = False,
) -> None:
    """Ask for another draft with a hint; the new one waits here again."""
    house = doors.house()
    proposal = house.proposals.get(proposal_id)
    _tell([_act(house, _review(house, proposal, ReviewAct.ANSWER, reviewer, reason=hint))], as_json=as_json)


@app.command("edit")
def edit(
    proposal_id: ProposalId,
    subject: Annotated[str | None, typer.Option(help="A new subject.")] = None,
    body: Annotated[
        str | None, typer.Option(help="A new body: paragraphs, without greeting and sign-off.")
    ] = None,
    body_file: Annotated[Path | None, typer.Option(help="Read the new body from a file.")] = None,
    then_approve: Annotated[
        bool, typer.Option("--approve", help="Approve the edited message too, if no rule blocks it.")
    ] = False,
    reviewer: Reviewer = None,
    as_json: AsJson = False,
) -> None:
    """Change the words; without options your editor opens. The result is checked again."""
    house = doors.house()
    proposal = house.proposals.get(proposal_id)
    if body_file is not None:
        body = body_file.read_text(encoding="utf-8")
    if subject is None and body is None:
        subject, body = _in_editor(proposal)
    done = _act(house, _review(house, proposal, ReviewAct.EDIT, reviewer, subject=subject, body=body))
    if then_approve and not done.proposal.verdict.blocks:
        done = _act(house, _review(house, done.proposal, ReviewAct.APPROVE, reviewer))
    _tell([done], as_json=as_json)


def _in_editor(proposal: Proposal) -> tuple[str, str]:
    before = f"{proposal.draft.subject}\n\n{proposal.draft.body}\n"
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="attune-edit-") as folder:
        draft = Path(folder) / "message.txt"
        draft.write_text(before, encoding="utf-8")
        try:
            subprocess.run([*editor, str(draft)], check=True)  # noqa: S603 - the person's own editor
        except (OSError, subprocess.CalledProcessError) as problem:
            raise AttuneError(
                f"The editor {editor[0]!r} did not run ({problem}). Nothing was changed. "
                "Set EDITOR, or use --subject and --body-file."
            ) from None
        after = draft.read_text(encoding="utf-8")
    if after == before:
        line("Nothing was changed.")
        raise typer.Exit(0)
    subject, _, body = after.strip().partition("\n")
    return subject.strip(), body.strip()


def _review(
    house: House,
    proposal: Proposal,
    act: ReviewAct,
    reviewer: str | None,
    *,
    reason: str = "",
    sha: str | None = None,
    subject: str | None = None,
    body: str | None = None,
) -> Review:
    if sha is not None and not proposal.message_sha256.startswith(sha):
        raise ReviewRejected(
            f"Proposal {proposal.id} has changed since you looked at it. Nothing was sent. "
            f"It is {proposal.message_sha256[:12]} now. Look again with `attune review show {proposal.id}`."
        )
    return Review(
        proposal_id=proposal.id,
        act=act,
        reviewer=reviewer or doors.person(),
        message_sha256=proposal.message_sha256,
        reason=reason,
        subject=subject,
        body=body,
        at=house.clock(),
    )


def _act(house: House, given: Review) -> Reviewed:
    from app.reviews import review

    return loop.run(review(house, given))


def _tell(done: list[Reviewed], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "proposal_id": each.proposal.id,
                    "status": each.proposal.status.value,
                    "outcome": each.outcome.value,
                    "version": each.proposal.version,
                    "findings": list(each.proposal.verdict.findings),
                    "detail": each.entry.detail,
                }
                for each in done
            ]
        )
        return
    for each in done:
        line(_told(each))
        for finding in (
            each.proposal.verdict.findings if each.proposal.status is ProposalStatus.WAITING else ()
        ):
            line(f"  {finding.severity.value:<5} {finding.rule_id}  {finding.reason}", style="dim")


def _told(each: Reviewed) -> str:
    to = each.proposal.message.to_address
    if each.proposal.status is ProposalStatus.WAITING:
        return (
            f"{each.proposal.id}: version {each.proposal.version} waits for approval "
            f"(attune review show {each.proposal.id})."
        )
    if each.proposal.status is ProposalStatus.REJECTED:
        return f"{each.proposal.id}: rejected; nothing goes to {to}. The reason is remembered."
    opens = f"{each.entry.not_before:%a %d %b %H:%M} UTC"
    return {
        "sent": f"{each.proposal.id}: sent to {to}.",
        "scheduled": f"{each.proposal.id}: approved; goes to {to} from {opens}.",
        "not_sent": f"{each.proposal.id}: approved, but not sent to {to}: {each.entry.detail}",
    }.get(each.outcome.value, f"{each.proposal.id}: {each.outcome.value}. {each.entry.detail}")

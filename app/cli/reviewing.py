"""`attune review`: what waits for a person, shown as it will arrive, with everything needed to judge it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from app import loop
from app.cli.doors import doors
from app.cli.proposal_screen import print_decision, print_findings, print_grounds, print_message
from app.cli.screen import AsJson, command_name, line, listing, next_steps, print_json
from domain.errors import AttuneError, InvalidFile, ReviewRejected, WrongUsage
from domain.message import Finding, Severity
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
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    skip: Annotated[int, typer.Option(min=0, help="Skip so many first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List proposals, the longest waiting first."""
    house = doors.house()
    if campaign is not None:
        from app.campaign_shelf import ran

        campaign = ran(house, campaign).id  # one nobody ran is named, not shown as having nothing to review
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
                **_last_act(house, proposal),
            }
            for proposal in found
        ],
        {
            "id": "Proposal",
            "to": "To",
            "subject": "Subject",
            **(
                {"why": "Why a person decides", "findings": "Findings"}
                if status is ProposalStatus.WAITING
                else {"decided_at": "When", "reviewer": "By", "reason": "What they said"}
            ),
        },
        as_json=as_json,
        empty=f"{total:,} are {status.value}; --skip {skip} goes past the last one."
        if total
        else f"No proposal is {status.value}. Runs put them here: `{command_name()} run CAMPAIGN`.",
        more=_more(found, skip, total),
    )


def _last_act(house: House, proposal: Proposal) -> dict[str, object]:
    """Who decided a proposal, when, and in which words; nothing while it waits."""
    if proposal.status is ProposalStatus.WAITING:
        return {}
    last = next(iter(reversed(house.proposals.reviews_of(proposal.id))), None)
    return {
        "decided_at": proposal.decided_at,
        "reviewer": last.reviewer if last else None,
        "reason": last.reason if last else None,
    }


def _more(found: Sequence[Proposal], skip: int, total: int) -> str:
    """Where in the list this page stands, how to see the next, and how to look at one."""
    if not found:
        return ""
    last = skip + len(found)
    following = f" More: --skip {last}." if last < total else ""
    return f"{skip + 1}–{last} of {total}.{following} Look at one: {command_name()} review show {found[0].id}"


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
    print_message(proposal)
    print_grounds(proposal)
    print_decision(house, proposal)
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
            raise WrongUsage(
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
    print_message(proposal)
    print_findings(proposal)
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
        bool,
        typer.Option("--approve", help="Approve the edited message too, unless the checks hold or block it."),
    ] = False,
    reviewer: Reviewer = None,
    as_json: AsJson = False,
) -> None:
    """Change the words; without options your editor opens. The result is checked again.

    With `--approve` a message the checks hold is shown with its findings and waits: approving it takes a
    person who read them and names it, as `attune review approve PROPOSAL@SHA` does.
    """
    house = doors.house()
    proposal = house.proposals.get(proposal_id)
    if body_file is not None:
        body = _words_of(body_file)
    if subject is None and body is None:
        subject, body = _in_editor(proposal)
    for what, given in (("subject", subject), ("body", body)):
        if given is not None and not given.strip():
            raise WrongUsage(f"The new {what} is empty. Nothing was changed. Give the words it should have.")
    done = _act(house, _review(house, proposal, ReviewAct.EDIT, reviewer, subject=subject, body=body))
    standing = [f for f in done.proposal.verdict.findings if f.severity is not Severity.WARN]
    if then_approve and not standing:
        edited, done = done.proposal, _act(house, _review(house, done.proposal, ReviewAct.APPROVE, reviewer))
        if not as_json:
            _tell_findings(edited)
    _tell([done], as_json=as_json)
    if not standing:
        return
    way = (
        f"{_named([f for f in standing if f.severity is Severity.BLOCK], 'block')} it, which no approval can waive: "
        f"edit it again, ask for another draft (`{command_name()} review answer {proposal_id} HINT`) or reject it."
        if done.proposal.verdict.blocks
        else f"If you stand by these words: `{command_name()} review approve {approval_name(done.proposal)}`."
    )
    if then_approve:
        against = _named(standing, "stand")
        raise ReviewRejected(f"{proposal_id} was changed and not approved: {against} against it. {way}")
    if not as_json:
        line(f"  {way}")


def _named(findings: Sequence[Finding], does: str) -> str:
    """Rules with what they do: `A-05 and H-04 stand`."""
    rules = sorted({finding.rule_id for finding in findings})
    return f"{' and '.join(rules)} {does}{'s' if len(rules) == 1 else ''}"


def _words_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise InvalidFile(path, f"the new body cannot be read ({why}). Nothing was changed.") from None


def _in_editor(proposal: Proposal) -> tuple[str, str]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ReviewRejected(
            "An editor needs a terminal, and this is none. Nothing was changed. "
            "Give the new words with --subject, --body or --body-file."
        )
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
    try:
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
    except ValidationError as problem:
        said = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise WrongUsage(f"{said[:1].upper()}{said[1:]}. Nothing was changed.") from None


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
        if each.proposal.status is ProposalStatus.WAITING:
            _tell_findings(each.proposal)


def _tell_findings(proposal: Proposal) -> None:
    for finding in proposal.verdict.findings:
        line(f"  {finding.severity.value:<5} {finding.rule_id}  {finding.reason}", style="dim")


def _told(each: Reviewed) -> str:
    to = each.proposal.message.to_address
    if each.proposal.status is ProposalStatus.WAITING:
        return (
            f"{each.proposal.id}: version {each.proposal.version} waits for approval "
            f"({command_name()} review show {each.proposal.id})."
        )
    if each.proposal.status is ProposalStatus.REJECTED:
        return f"{each.proposal.id}: rejected; nothing goes to {to}. The reason is remembered."
    opens = f"{each.entry.not_before:%a %d %b %H:%M} UTC"
    return {
        "sent": f"{each.proposal.id}: sent to {to}.",
        "scheduled": f"{each.proposal.id}: approved; goes to {to} from {opens}.",
        "not_sent": f"{each.proposal.id}: approved, but not sent to {to}: {each.entry.detail}",
    }.get(each.outcome.value, f"{each.proposal.id}: {each.outcome.value}. {each.entry.detail}")

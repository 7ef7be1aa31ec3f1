"""Proposals for whoever asks the assistant: what waits, and one decision at a time, bound to the words seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.campaign_meant import key_meant
from app.assistant.campaigns import campaign_ref
from app.assistant.evidence import (
    finding_facts,
    findings_table,
    message_text,
    reasons_text,
    sources_table,
    stakes_facts,
    stakes_table,
    stakes_words,
    used_facts,
)
from app.assistant.meant import bare
from app.assistant.messages import claim_sources
from app.assistant.sealing import allows, note, sealed
from app.assistant.words import (
    PAGE_ROWS,
    columns,
    contact_ref,
    known,
    label,
    moment,
    record,
    table,
    unique,
)
from app.four_eyes import needs_another, was_alone
from app.pictures import Picture, picture_of
from app.reviewing import Person, carry_out, said_of, without_commands
from app.web.words import full_in
from app.who import names_of
from domain.assistant import Asker, Door, Effect, RecordKind, RecordRef, ToolAnswer
from domain.errors import ReviewRejected, ToolForbidden, ToolRefused
from domain.message import StakesLevel
from domain.review import Proposal, ProposalStatus, ReviewAct
from domain.review_queue import QueueFilter, QueueLine
from domain.staff import Act
from tools.reviews import (
    ProposalApprove,
    ProposalList,
    ProposalRedraft,
    ProposalReject,
    ProposalShow,
)

if TYPE_CHECKING:
    from app.reviews import Reviewed
    from app.wiring import House

LEVELS = {StakesLevel.HIGH: "high", StakesLevel.ORDINARY: "ordinary", StakesLevel.LOW: "low"}


def proposal_ref(proposal_id: str, to: str, subject: str) -> RecordRef:
    """A proposal as a record: to whom, and its subject."""
    return record(RecordKind.PROPOSAL, proposal_id, f"{label(to, 30) or 'somebody'}: {subject}")


class Reviews:
    """Does the tools of `tools/reviews.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def proposal_list(self, asker: Asker, given: ProposalList) -> ToolAnswer:
        """List proposals as the inbox has them."""
        house, now = self._house, self._house.clock()
        assigned = {"me": asker.member_id, "nobody": ""}.get(given.assigned or "", given.assigned)
        wanted = QueueFilter(
            status=given.status,
            campaign_id=key_meant(house, given.campaign) if given.campaign else None,
            asset_id=bare(given.content) if given.content else None,
            level=given.stakes,
            assignee=assigned,
            is_snoozed=given.put_off,
            words=given.words,
            order=given.order,
        )
        page = house.review_queue.page(wanted, now, given.page, PAGE_ROWS)
        counts = house.review_queue.counts(now, asker.member_id)
        head = columns(
            ("Proposal", "record"),
            ("To", "record"),
            "Company",
            "Subject",
            "Stakes",
            "Why",
            "Checks",
            ("Waits since", "moment"),
        )
        rows = [
            (
                proposal_ref(one.proposal_id, one.contact_name, one.subject),
                contact_ref(one.contact_id, one.contact_name),
                one.company,
                one.subject,
                LEVELS[one.level],
                one.reason,
                "clean" if one.is_clean else "found something",
                one.created_at,
            )
            for one in page.lines
        ]
        more = page.total > page.number * PAGE_ROWS
        listing = table("Proposals", head, rows).model_copy(
            update={"total": page.total, "page": page.number, "more": more}
        )
        said = f"{page.total:,} {given.status.value} message{'' if page.total == 1 else 's'}"
        facts: dict[str, Any] = {
            "total": page.total,
            "page": page.number,
            "proposals": [_line_facts(one, asker) for one in page.lines],
            "waiting_by_stakes": {"high": counts.high, "ordinary": counts.ordinary, "low": counts.low},
        }
        if more:
            facts["next_page"] = page.number + 1
        return ToolAnswer(
            words=f"{said}. In all {counts.waiting:,} wait for a person: {counts.high:,} at high stakes, "
            f"{counts.ordinary:,} ordinary, {counts.low:,} low.",
            facts=facts,
            tables=(listing,) if rows else (),
            records=unique(
                (
                    *(proposal_ref(one.proposal_id, one.contact_name, one.subject) for one in page.lines),
                    *(contact_ref(one.contact_id, one.contact_name) for one in page.lines),
                    *(ref for one in page.lines for ref in _about(one)),
                )
            ),
        )

    def proposal_show(self, asker: Asker, given: ProposalShow) -> ToolAnswer:
        """Show one proposal with its grounds."""
        house = self._house
        picture = picture_of(house, bare(given.proposal))
        proposal, line = picture.proposal, picture.line
        names = names_of(house.staff.members())
        reviews = [
            (names.get(one.reviewer, one.reviewer), one.act.value, one.reason, one.at)
            for one in picture.reviews
        ]
        sources = claim_sources(picture.asset) if picture.asset else {}
        tables = (
            stakes_table(proposal.stakes),
            findings_table(house, proposal.verdict),
            sources_table(proposal.evidence, proposal.draft, sources),
            table("Earlier reviews", columns("Who", "What", "Words", ("When", "moment")), reviews),
        )
        name = label(line.contact_name) or line.contact_id
        facts = _line_facts(line, asker) | known(
            **stakes_facts(proposal.stakes),
            findings=finding_facts(house, proposal.verdict),
            blocked=proposal.verdict.blocks,
            rests_on=used_facts(proposal.evidence, proposal.draft),
            written_by=proposal.draft.author.value,
            expires=moment(picture.expires_at, asker) if proposal.status is ProposalStatus.WAITING else None,
            somebody_else_must_approve=needs_another(house, proposal, asker.member_id, asker.made_by)
            is not None,
        )
        return ToolAnswer(
            words=f"The message to {name} ({proposal.status.value}, version {proposal.version}) is at "
            f"{LEVELS[line.level]} stakes; the checks {_checks(proposal)}.",
            facts=facts,
            tables=tuple(one for one in tables if one.rows),
            texts=(message_text(proposal.message, f"To {name}"),),
            records=unique(
                [
                    proposal_ref(proposal.id, name, proposal.message.subject),
                    contact_ref(line.contact_id, name),
                    *_about(line),
                    record(
                        RecordKind.DECISION,
                        proposal.decision_id,
                        f"{name}: {line.asset_title or 'a message'}",
                    ),
                ]
            ),
        )

    # Deciding --------------------------------------------------------------------------------------------------

    def plan_approve(self, asker: Asker, given: ProposalApprove) -> Effect:
        """Tell what an approval would send, to whom, when."""
        house = self._house
        picture = self._seen(given.proposal, given.version)
        proposal, now = picture.proposal, house.clock()
        self._refuse_approval(asker, proposal)
        to = proposal.message.to_name or proposal.message.to_address
        goes = (
            "It is handed over at once, after every rule was asked again."
            if proposal.not_before <= now
            else f"It goes out from {moment(proposal.not_before, asker)}; every rule is asked again then."
        )
        lines = [
            f"This message goes to {to} <{proposal.message.to_address}>, in exactly these words.",
            goes,
            f"Stakes are {LEVELS[proposal.stakes.level]}: {stakes_words(proposal.stakes)}.",
            f"The checks {_checks(proposal)}.",
        ]
        if was_alone(house, proposal, asker.member_id):
            lines.append(
                "You had a hand in these words, and nobody else may decide: this is told to the audit chain."
            )
        return self._effect("Approve", picture, lines, asker)

    def approve(self, asker: Asker, given: ProposalApprove) -> ToolAnswer:
        """Approve it, bound to the version that was seen."""
        proposal = self._seen(given.proposal, given.version).proposal
        self._refuse_approval(asker, proposal)
        return self._act(asker, proposal, ReviewAct.APPROVE, "proposal_approve")

    def plan_reject(self, asker: Asker, given: ProposalReject) -> Effect:
        """Tell what a rejection would do."""
        picture = self._seen(given.proposal, given.version)
        lines = [
            f"Nothing goes to {picture.line.contact_name}. It cannot be taken back.",
            f"The reason is remembered when they are written to again: “{given.reason}”",
        ]
        return self._effect("Reject", picture, lines, asker, reason=given.reason)

    def reject(self, asker: Asker, given: ProposalReject) -> ToolAnswer:
        """Reject it with its reason."""
        proposal = self._seen(given.proposal, given.version).proposal
        return self._act(asker, proposal, ReviewAct.REJECT, "proposal_reject", reason=given.reason)

    def plan_redraft(self, asker: Asker, given: ProposalRedraft) -> Effect:
        """Tell what another draft would do."""
        picture = self._seen(given.proposal, given.version)
        lines = [
            f"Another draft is written to {picture.line.contact_name}; it takes the place of this one and waits.",
            f"It is to heed: “{given.hint}”",
        ]
        if picture.proposal.stakes.level is StakesLevel.HIGH:
            lines.append(
                "The stakes are high: whoever asks for a draft has a hand in it, and another approves it."
            )
        return self._effect("Ask for another draft of", picture, lines, asker, hint=given.hint)

    def redraft(self, asker: Asker, given: ProposalRedraft) -> ToolAnswer:
        """Ask for another draft."""
        proposal = self._seen(given.proposal, given.version).proposal
        return self._act(asker, proposal, ReviewAct.ANSWER, "proposal_redraft", reason=given.hint)

    def _seen(self, said: str, version: int) -> Picture:
        """The proposal as it was looked at. Raises `ToolRefused` where it is another by now, or decided."""
        picture = picture_of(self._house, bare(said))
        proposal = picture.proposal
        if proposal.status is not ProposalStatus.WAITING:
            raise ToolRefused(
                f"Proposal {proposal.id} is {proposal.status.value} already. Nothing was changed."
            )
        if proposal.version != version:
            raise ToolRefused(
                f"Proposal {proposal.id} has other words than those you looked at: it is version {proposal.version} "
                "now. Look again with proposal_show."
            )
        return picture

    def _refuse_approval(self, asker: Asker, proposal: Proposal) -> None:
        """Refuse what the inbox would refuse too, before it is asked for (W-03, A-06)."""
        if proposal.verdict.blocks:
            rules = ", ".join(
                sorted({one.rule_id for one in proposal.verdict.findings if one.severity.value == "block"})
            )
            raise ToolRefused(
                f"Proposal {proposal.id} breaks {rules}, which no approval can waive. Ask for another draft, edit it "
                "in the inbox, or reject it."
            )
        if proposal.stakes.level is StakesLevel.HIGH and not _may_high(asker):
            who = "a program" if asker.token_id or asker.door is Door.MCP else f"a {asker.role.value}"
            who = "whoever reaches this server" if asker.is_unknown else who
            raise ToolForbidden(
                f"The stakes of proposal {proposal.id} are high, and {who} may not decide about those. A reviewer does "
                "so in the inbox."
            )
        if why := needs_another(self._house, proposal, asker.member_id, asker.made_by):
            raise ToolRefused(f"{without_commands(why)} Nothing was sent.")

    def _effect(self, act: str, picture: Picture, lines: list[str], asker: Asker, **told: object) -> Effect:
        proposal, line = picture.proposal, picture.line
        name = label(line.contact_name) or line.contact_id
        return Effect(
            title=f"{act} the message to {name}",
            lines=tuple(lines),
            texts=(message_text(proposal.message, f"To {name}"), *reasons_text(proposal.stakes)),
            records=(
                proposal_ref(proposal.id, name, proposal.message.subject),
                contact_ref(line.contact_id, name),
            ),
            seal=sealed(
                act=act,
                proposal=proposal.id,
                message=proposal.message_sha256,
                version=proposal.version,
                stakes=proposal.stakes.model_dump(mode="json"),
                verdict=proposal.verdict.model_dump(mode="json"),
                opens=proposal.not_before,
                by=asker.member_id,
                **told,
            ),
            stakes=proposal.stakes.level,
        )

    def _act(self, asker: Asker, proposal: Proposal, act: ReviewAct, tool: str, **given: Any) -> ToolAnswer:
        house = self._house
        person = Person(
            member_id=asker.member_id,
            zone=asker.zone,
            may_high=_may_high(asker),
            is_program=asker.token_id is not None,
            made_by=asker.made_by,
        )
        try:
            done: Reviewed = carry_out(
                house, person, proposal.id, act, message_sha256=proposal.message_sha256, **given
            )
        except ReviewRejected as refused:
            raise ToolRefused(str(refused)) from None
        note(house, asker, tool, proposal.id)
        name = label(proposal.message.to_name) or proposal.contact_id
        words = said_of(
            done.proposal,
            act,
            done.outcome.value,
            done.entry.detail,
            full_in(done.entry.not_before, asker.zone),
        )
        texts = (message_text(done.proposal.message, f"To {name}"),) if act is ReviewAct.ANSWER else ()
        return ToolAnswer(
            words=words,
            facts={
                "proposal": f"[proposal:{proposal.id}]",
                "status": done.proposal.status.value,
                "version": done.proposal.version,
                "outcome": done.outcome.value,
            },
            texts=texts,
            records=(
                proposal_ref(proposal.id, name, done.proposal.message.subject),
                contact_ref(proposal.contact_id, name),
            ),
        )


def _may_high(asker: Asker) -> bool:
    return allows(asker, Act.REVIEW_HIGH) and asker.door is not Door.MCP and not asker.is_unknown


def _checks(proposal: Proposal) -> str:
    found = sorted({one.rule_id for one in proposal.verdict.findings})
    return f"found {', '.join(found)}" if found else "found nothing"


def _about(line: QueueLine) -> tuple[RecordRef, ...]:
    campaign = campaign_ref(line.campaign_id, line.campaign_name)
    if line.asset_id is None:
        return (campaign,)
    return campaign, record(RecordKind.CONTENT, line.asset_id, line.asset_title)


def _line_facts(line: QueueLine, asker: Asker) -> dict[str, Any]:
    return known(
        proposal=f"[proposal:{line.proposal_id}]",
        version=line.version,
        status=line.status.value,
        contact=contact_ref(line.contact_id).mark,
        name=label(line.contact_name),
        company=label(line.company),
        campaign=f"[campaign:{line.campaign_id}]",
        content=f"[content:{line.asset_id}]" if line.asset_id else None,
        stakes=line.level.value,
        checks="clean" if line.is_clean else "found something",
        waits_since=moment(line.created_at, asker),
        opens=moment(line.not_before, asker),
    )

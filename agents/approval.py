"""The pause for a person.

LangGraph starts an interrupted node again from its top on every resume, so the node that calls
`interrupt()` does nothing else: no effect above it, no effect in it. What the answer means is read by the
node after it (`agents/pause.py` knows the forms); what it does is done by the next, bound to the hash of the
exact message the reviewer saw.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from pydantic_core import to_jsonable_python

from agents import pause
from agents.state import OutreachState
from agents.workbench import Workbench
from domain.errors import ReviewRejected
from domain.message import Author, Draft, DraftParagraph, DraftSentence
from domain.review import Proposal, ProposalStatus, Review, ReviewAct
from domain.run import ContactOutcome

STALE = "The message has changed since you looked at it. Look again."
BLOCKED = "A finding blocks this message, and no approval can waive it. Edit it or reject it."


async def approval(state: OutreachState, runtime: Runtime[Workbench]) -> dict[str, object]:
    """Wait for an answer. Nothing but the pause may ever stand here."""
    answer = interrupt(pause.question(state, runtime.context.answering.form), response_schema=pause.ANSWER)
    return {"answer": to_jsonable_python(answer)}


async def hear(state: OutreachState, runtime: Runtime[Workbench]) -> Command[Literal["approval", "settle"]]:
    """Read what was answered; what means nothing that can be done is asked again, with the reason."""
    bench = runtime.context
    try:
        review = pause.review_of(state.answer, state, bench.answering.member, bench.now())
    except pause.Unanswerable as problem:
        return Command(goto="approval", update={"answer": None, "objection": str(problem)})
    return Command(goto="settle", update={"answer": None, "objection": "", "review": review})


async def settle(
    state: OutreachState, runtime: Runtime[Workbench]
) -> Command[Literal["approval", "edit", "draft", "dispatch", "finish"]]:
    """Carry out the answer: once, and only for the message the reviewer saw."""
    bench, review = runtime.context, state.review
    if review is None or state.proposal_id is None:
        raise ValueError(f"settle was reached for {state.contact_id} without a review")
    proposal = bench.proposals.get(state.proposal_id)
    if proposal.status is not ProposalStatus.WAITING:
        return _follow(proposal, state)
    if review.message_sha256 != proposal.message_sha256:
        return Command(goto="approval", update={"review": None, "objection": STALE})
    if review.act is ReviewAct.APPROVE and proposal.verdict.blocks:
        return Command(goto="approval", update={"review": None, "objection": BLOCKED})
    if why := bench.answering.objects(proposal, review):
        return Command(goto="approval", update={"review": None, "objection": why})
    try:
        settled = await bench.write(lambda: _record(review, proposal, bench))
    except ReviewRejected:
        return _follow(bench.proposals.get(proposal.id), state)
    bench.answering.recorded(proposal, review)
    if review.act is ReviewAct.EDIT:
        return Command(goto="edit")
    if review.act is ReviewAct.ANSWER:
        hints = (*state.hints, review.reason)
        return Command(goto="draft", update={"hints": hints, "review": None, "revisions": 0, "verdict": None})
    return _follow(settled, state)


def _record(review: Review, proposal: Proposal, bench: Workbench) -> Proposal:
    """Write the review and its line in the audit, both or neither."""
    settled = bench.proposals.settle(review, proposal)
    bench.audit.append(
        "review",
        proposal.id,
        {
            "act": review.act.value,
            "by": review.reviewer,
            "sha256": review.message_sha256,
            "review": hashlib.sha256(review.model_dump_json().encode()).hexdigest(),
        },
    )
    return settled


def _follow(
    proposal: Proposal, state: OutreachState
) -> Command[Literal["approval", "edit", "draft", "dispatch", "finish"]]:
    """Go where the proposal stands: what the store says counts, not what this resume hoped for."""
    if proposal.status is ProposalStatus.APPROVED:
        return Command(goto="dispatch", update={"message": proposal.message})
    if proposal.status is ProposalStatus.WAITING:
        return Command(goto="approval", update={"review": None})
    reason = state.review.reason if state.review and state.review.act is ReviewAct.REJECT else ""
    return Command(
        goto="finish",
        update={"outcome": ContactOutcome.REJECTED, "reason": reason or f"proposal {proposal.status.value}"},
    )


async def edit(state: OutreachState, runtime: Runtime[Workbench]) -> dict[str, object]:
    """Take the reviewer's words. They are reviewed again like any draft, and need approving again."""
    review, draft = state.review, state.draft
    if review is None or draft is None:
        raise ValueError(f"edit was reached for {state.contact_id} without a review and a draft")
    return {"draft": edited(draft, review.subject, review.body), "review": None}


def edited(draft: Draft, subject: str | None, body: str | None) -> Draft:
    """The draft in the reviewer's words. A sentence left as it was keeps its evidence."""
    known = {sentence.text: sentence for sentence in draft.sentences}
    paragraphs = draft.paragraphs
    if body is not None and body.strip() != draft.body:
        paragraphs = tuple(
            _paragraph(block, known) for block in body.replace("\r\n", "\n").split("\n\n") if block.strip()
        )
    return draft.model_copy(
        update={
            "subject": draft.subject if subject is None else subject.strip(),
            "paragraphs": paragraphs or draft.paragraphs,
            "author": Author.REVIEWER,
            "revision": draft.revision + 1,
        }
    )


def _paragraph(block: str, known: dict[str, DraftSentence]) -> DraftParagraph:
    """Cut known sentences out of a block first; what is between them is the reviewer's own."""
    rest = " ".join(block.split())
    sentences: list[DraftSentence] = []
    while rest:
        found = min(
            ((rest.find(text), text) for text in known if text in rest),
            default=(-1, ""),
            key=lambda hit: hit[0],
        )
        at, text = found
        if at == -1:
            sentences.append(DraftSentence(text=rest))
            break
        if own := rest[:at].strip():
            sentences.append(DraftSentence(text=own))
        sentences.append(known[text])
        rest = rest[at + len(text) :].strip()
    return DraftParagraph(sentences=tuple(sentences))

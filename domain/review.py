"""What waits for a person, and what the person said."""

from __future__ import annotations

from enum import StrEnum

from pydantic import model_validator

from domain.base import Noun, Sha256, UtcDatetime
from domain.message import Draft, Evidence, Message, MessagePlan, SignalBrief, Stakes, Verdict


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Proposal(Noun):
    """One message a person is asked about, with everything needed to judge it.

    `thread_id` and `run_id` lead back to the paused graph. `message_sha256` is what an approval is
    bound to; it changes with every edit. `version` counts edits.
    """

    id: str
    run_id: str
    campaign_id: str
    decision_id: str
    contact_id: str
    thread_id: str
    status: ProposalStatus = ProposalStatus.WAITING
    message: Message
    message_sha256: Sha256
    draft: Draft
    evidence: tuple[Evidence, ...]
    brief: SignalBrief | None = None
    plan: MessagePlan | None = None
    verdict: Verdict
    stakes: Stakes
    not_before: UtcDatetime
    version: int = 1
    created_at: UtcDatetime
    decided_at: UtcDatetime | None = None


class ReviewAct(StrEnum):
    """What a reviewer can do. `answer` sends a hint back to the composer for another draft."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    ANSWER = "answer"


MOST_CHARS = 20_000
"""A subject, a body or a reason is far shorter; comparing and checking what is longer would hold up everybody."""


class Review(Noun):
    """One reviewer's act. Bound to the hash of what the reviewer saw."""

    proposal_id: str
    act: ReviewAct
    reviewer: str
    message_sha256: Sha256
    reason: str = ""
    subject: str | None = None
    body: str | None = None
    at: UtcDatetime

    @model_validator(mode="after")
    def _complete(self) -> Review:
        if self.act is ReviewAct.REJECT and not self.reason.strip():
            raise ValueError("a rejection needs a reason: it is what the agents learn from")
        if self.act is ReviewAct.ANSWER and not self.reason.strip():
            raise ValueError("an answer needs its text")
        if self.act is ReviewAct.EDIT and self.subject is None and self.body is None:
            raise ValueError("an edit needs a subject or a body")
        return self


class DraftRecord(Noun):
    """Everything made for one decision, kept after the graph's checkpoints are gone."""

    decision_id: str
    run_id: str
    contact_id: str
    evidence: tuple[Evidence, ...] = ()
    brief: SignalBrief | None = None
    plan: MessagePlan | None = None
    draft: Draft | None = None
    verdict: Verdict | None = None
    stakes: Stakes | None = None
    message: Message | None = None
    not_before: UtcDatetime | None = None
    kept_at: UtcDatetime

"""What reviewers see before they open a proposal: the queue, what it may be narrowed to, and figures of their work."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from domain.base import Noun, Sha256, UtcDatetime
from domain.message import StakesLevel
from domain.review import ProposalStatus

PAGE_LINES = 50
"""Lines of the queue on one page."""


class QueueOrder(StrEnum):
    """What comes first: the highest stakes, the longest waiting, or the most worth. Ties go by age."""

    STAKES = "stakes"
    AGE = "age"
    VALUE = "value"


class QueueFilter(Noun):
    """Which proposals of the queue are wanted.

    `assignee` is a member's id; an empty one means nobody's. `asset_id` narrows to one piece of content. `words` must
    all stand in name, address, company or subject. `is_snoozed` shows what was put off instead of what is due.
    """

    status: ProposalStatus = ProposalStatus.WAITING
    campaign_id: str | None = None
    asset_id: str | None = None
    level: StakesLevel | None = None
    assignee: str | None = None
    is_snoozed: bool = False
    words: str = Field(default="", max_length=200)
    order: QueueOrder = QueueOrder.STAKES


class QueueLine(Noun):
    """One proposal as the queue shows it. `value_cents` is None where nothing was believed.

    `silence_cents`: what silence was expected to be worth, told where `value_cents` is below zero; a page tells it,
    a single line does not.
    """

    proposal_id: str
    message_sha256: Sha256
    version: int
    status: ProposalStatus
    level: StakesLevel
    reason: str
    more_reasons: int
    is_clean: bool
    campaign_id: str
    campaign_name: str
    currency: str
    asset_id: str | None
    asset_title: str
    contact_id: str
    contact_name: str
    company: str
    subject: str
    value_cents: float | None
    silence_cents: float | None = None
    created_at: UtcDatetime
    not_before: UtcDatetime
    assignee: str | None = None
    snoozed_until: UtcDatetime | None = None

    @property
    def is_for_batches(self) -> bool:
        """Tell whether it may be decided together with others like it: low stakes, and no check stands against it."""
        return self.level is StakesLevel.LOW and self.is_clean and self.status is ProposalStatus.WAITING


class QueuePage(Noun):
    """One page of the queue, and how many lines there are in all."""

    lines: tuple[QueueLine, ...]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // PAGE_LINES))


class QueueCounts(Noun):
    """How much waits, by stakes; what was put off; how long the oldest waits. `mine` are the asking member's."""

    high: int = 0
    ordinary: int = 0
    low: int = 0
    snoozed: int = 0
    mine: int = 0
    nobodys: int = 0
    oldest_at: UtcDatetime | None = None
    median_at: UtcDatetime | None = None

    @property
    def waiting(self) -> int:
        """Everything that waits and was not put off."""
        return self.high + self.ordinary + self.low


class ReviewerFigures(Noun):
    """What one reviewer did in a span; `reviewer` is as recorded with the acts.

    `median_seconds` is from a proposal's last change to the decision, over those this reviewer decided.
    """

    reviewer: str
    approved: int = 0
    edited: int = 0
    rejected: int = 0
    asked_again: int = 0
    median_seconds: float | None = None

    @property
    def decided(self) -> int:
        """Proposals this reviewer settled."""
        return self.approved + self.rejected


class ReviewFigures(Noun):
    """What reviewers did in a span of days.

    `unedited` were approved as the agents wrote them. `agreement` is their share of all that was decided: how often
    people agree with the agents.
    """

    days: int
    approved: int = 0
    unedited: int = 0
    rejected: int = 0
    expired: int = 0
    edits: int = 0
    hints: int = 0
    median_seconds: float | None = None
    slow_seconds: float | None = None
    reviewers: tuple[ReviewerFigures, ...] = ()

    @property
    def decided(self) -> int:
        """Proposals that people settled."""
        return self.approved + self.rejected

    @property
    def agreement(self) -> float | None:
        """Share of decided proposals approved unedited; None where nothing was decided."""
        return self.unedited / self.decided if self.decided else None

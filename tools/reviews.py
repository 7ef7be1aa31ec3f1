"""The assistant's tools about proposals: what waits for a person, and deciding about it, one at a time."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field, PositiveInt

from domain.assistant import Asker, Effect, ToolAnswer
from domain.message import StakesLevel
from domain.review import ProposalStatus
from domain.review_queue import QueueOrder
from domain.search import SearchWords
from domain.staff import Act
from tools.toolset import Arguments, Tool

MOST_REASON_CHARS = 2_000


class ProposalList(Arguments):
    """Which proposals, narrowed as the inbox is."""

    status: ProposalStatus = ProposalStatus.WAITING
    campaign: str | None = Field(None, max_length=200, description="Only of one campaign: id or name.")
    content: str | None = Field(None, max_length=200, description="Only of one content asset, by its id.")
    stakes: StakesLevel | None = Field(None, description="Only at these stakes; `low` are the safe ones.")
    assigned: str | None = Field(
        None, max_length=200, description="`me`, `nobody`, or a member's id; left out: whoever's."
    )
    put_off: bool = Field(False, description="Those put off until later instead of those that are due.")
    words: SearchWords = Field("", description="Words in name, address, company or subject.")
    order: QueueOrder = QueueOrder.STAKES
    page: int = Field(1, ge=1, le=10_000, description="Which page of a long list.")


class ProposalShow(Arguments):
    """One proposal."""

    proposal: str = Field(min_length=1, max_length=100, description="Its id (p_1a2b3c4d5e).")


class _Decided(ProposalShow):
    """One proposal as it was looked at."""

    version: PositiveInt = Field(
        description="The version you looked at, as proposal_show and proposal_list give it: other words need another "
        "look."
    )


class ProposalApprove(_Decided):
    """What is approved."""


class ProposalReject(_Decided):
    """What is rejected, and why."""

    reason: str = Field(
        min_length=1,
        max_length=MOST_REASON_CHARS,
        description="Why, in the member's own words: it is what the agents learn from. Ask for it; never make it up.",
    )


class ProposalRedraft(_Decided):
    """What is drafted anew, and how."""

    hint: str = Field(
        min_length=1,
        max_length=MOST_REASON_CHARS,
        description="What the next draft is to heed, in the member's own words.",
    )


class ReviewDesk(Protocol):
    """What does them."""

    def proposal_list(self, asker: Asker, given: ProposalList) -> ToolAnswer:
        """List proposals."""
        ...

    def proposal_show(self, asker: Asker, given: ProposalShow) -> ToolAnswer:
        """Show one proposal."""
        ...

    def plan_approve(self, asker: Asker, given: ProposalApprove) -> Effect:
        """Tell what an approval would do."""
        ...

    def approve(self, asker: Asker, given: ProposalApprove) -> ToolAnswer:
        """Approve it."""
        ...

    def plan_reject(self, asker: Asker, given: ProposalReject) -> Effect:
        """Tell what a rejection would do."""
        ...

    def reject(self, asker: Asker, given: ProposalReject) -> ToolAnswer:
        """Reject it."""
        ...

    def plan_redraft(self, asker: Asker, given: ProposalRedraft) -> Effect:
        """Tell what another draft would do."""
        ...

    def redraft(self, asker: Asker, given: ProposalRedraft) -> ToolAnswer:
        """Ask for another draft."""
        ...


def review_tools(desk: ReviewDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "proposal_list",
            "List messages that wait for a person (or were decided), as the review inbox has them: to whom, about "
            "what, stakes, whether the checks found anything, how long it waits.",
            ProposalList,
            Act.READ,
            look=desk.proposal_list,
        ),
        Tool(
            "proposal_show",
            "Show one proposal: the message (to the member), why a person is asked, what the checks found, what every "
            "sentence rests on, earlier reviews. Its `version` is what a decision is bound to.",
            ProposalShow,
            Act.READ,
            look=desk.proposal_show,
        ),
        Tool(
            "proposal_approve",
            "Approve one message: it leaves now or when its send slot opens. One call a proposal. High stakes need a "
            "reviewer's role and, where a member had a hand in the words, another member.",
            ProposalApprove,
            Act.REVIEW,
            plan=desk.plan_approve,
            do=desk.approve,
        ),
        Tool(
            "proposal_reject",
            "Reject one message, with the member's reason: it is never sent, and the reason is remembered.",
            ProposalReject,
            Act.REVIEW,
            plan=desk.plan_reject,
            do=desk.reject,
        ),
        Tool(
            "proposal_redraft",
            "Ask for another draft of one message, with the member's hint; the new draft waits for a decision.",
            ProposalRedraft,
            Act.REVIEW,
            plan=desk.plan_redraft,
            do=desk.redraft,
        ),
    )

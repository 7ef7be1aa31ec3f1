"""The state of one contact's way through the graph: ids and plain values, checkpointed after every node."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict

from domain.base import UtcDatetime
from domain.campaign import Autonomy
from domain.message import (
    Draft,
    Evidence,
    Message,
    MessagePlan,
    SignalBrief,
    Stakes,
    Usage,
    Verdict,
)
from domain.review import Review
from domain.run import ContactOutcome


class OutreachState(BaseModel):
    """What the nodes pass on. The five ids and flags on top are the graph's input; nodes fill the rest.

    `answer` is what the pause was answered, as plain values; `objection` why the last answer was not carried out.
    """

    model_config = ConfigDict(extra="forbid")

    run_id: str
    campaign_id: str
    contact_id: str
    decision_id: str
    autonomy: Autonomy
    is_dry_run: bool = False

    evidence: tuple[Evidence, ...] = ()
    brief: SignalBrief | None = None
    plan: MessagePlan | None = None
    draft: Draft | None = None
    message: Message | None = None
    not_before: UtcDatetime | None = None
    verdict: Verdict | None = None
    stakes: Stakes | None = None
    revisions: int = 0
    stood_in: Annotated[list[str], operator.add] = []
    hints: tuple[str, ...] = ()
    proposal_id: str | None = None
    answer: Any = None
    objection: str = ""
    review: Review | None = None

    outcome: ContactOutcome | None = None
    rule_id: str | None = None
    reason: str = ""
    usage: Annotated[Usage, operator.add] = Usage()

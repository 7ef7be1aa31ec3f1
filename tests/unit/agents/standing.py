"""An understudy that leaves a mark, and fixed pieces of work to hand from agent to agent."""

from __future__ import annotations

from collections.abc import Sequence

from agents.context import DraftingContext
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Finding,
    MessagePlan,
    PlanPoint,
    Severity,
    Signal,
    SignalBrief,
)

BRIEF = SignalBrief(
    signals=(
        Signal(text="Misses delivery windows and told us so.", evidence=("E8",), strength="strong"),
        Signal(text="Weighs what planning costs.", evidence=("E9",), strength="clear"),
    ),
    topic="delivery",
    intent="Fewer missed windows.",
    caution="No message of ours reached them before.",
)
PLAN = MessagePlan(
    angle="Missed windows cost more than they seem.",
    points=(PlanPoint(text="Answer the form with the approved figure.", evidence=("E8", "E12")),),
    call_to_action="Ask them to work out their own figure.",
    tone="plain",
)
EXECUTIVE_BRIEF = SignalBrief(
    signals=(
        Signal(text="Holds the budget in a renewal that is being negotiated.", evidence=("E9",)),
        Signal(text="Runs operations at a food company.", evidence=("E1", "E4"), strength="weak"),
    ),
    topic=None,
    intent="",
    caution="Had trouble with invoices; sales is in talks about the renewal.",
)
EXECUTIVE_PLAN = MessagePlan(
    angle="Someone who runs operations decides on late deliveries by what they cost.",
    points=(
        PlanPoint(text="Say what the calculator works out.", evidence=("E11",)),
        PlanPoint(text="Give the approved figure.", evidence=("E12",)),
    ),
    call_to_action="Invite them to work out their own figure.",
    tone="sober, helpful",
)
CUSTOMER_BRIEF = SignalBrief(
    signals=(
        Signal(text="Wants to plan for more than one depot together.", evidence=("E3",), strength="strong"),
        Signal(text="Uses the route map.", evidence=("E2",)),
    ),
    topic="depots",
    intent="Plan several depots in one go.",
    caution="Money is short for now; do not mention competitors.",
)
DRAFT = Draft(
    subject="What missed windows cost",
    paragraphs=(
        DraftParagraph(
            sentences=(
                DraftSentence(text="You wrote that windows are missed.", evidence=("E8",)),
                DraftSentence(text="It adds up.", evidence=()),
            )
        ),
        DraftParagraph(sentences=(DraftSentence(text="Would you like to see your own figure?"),)),
    ),
    author=Author.MODEL,
)
FINDING = Finding(
    rule_id="C-07",
    severity=Severity.HOLD,
    reason="E8 speaks of about 6 %, the sentence of all windows",
    span="windows are missed",
    mend="say some windows",
    found_by="model",
)


class MarkedUnderstudy:
    """Returns the fixed work and keeps which parts it played."""

    def __init__(self) -> None:
        self.played: list[str] = []

    def analyse(self, ctx: DraftingContext) -> SignalBrief:
        self.played.append("analyse")
        return BRIEF

    def plan(self, ctx: DraftingContext, brief: SignalBrief) -> MessagePlan:
        self.played.append("plan")
        return PLAN

    def compose(
        self,
        ctx: DraftingContext,
        brief: SignalBrief,
        plan: MessagePlan,
        findings: Sequence[Finding],
        previous: Draft | None,
    ) -> Draft:
        self.played.append("compose")
        return DRAFT.model_copy(update={"author": Author.UNDERSTUDY})

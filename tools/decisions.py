"""The assistant's tools about decisions: which were made, why, why not the same for two, and what if."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field, model_validator

from domain.assistant import Asker, ToolAnswer
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority
from domain.run import ContactOutcome
from domain.staff import Act
from tools.people import Page
from tools.toolset import Arguments, Tool

_WHO = "Which contact: id, address, or a name that fits one only."
_CAMPAIGN = "Which campaign: its id or name."


class DecisionList(Arguments):
    """Decisions about one contact, or of one run."""

    who: str | None = Field(None, max_length=200, description=_WHO)
    campaign: str | None = Field(
        None,
        max_length=200,
        description=f"{_CAMPAIGN} Without a contact and a run: its newest run that decided anything.",
    )
    run: str | None = Field(None, max_length=100, description="Which run, by its id.")
    outcome: ContactOutcome | None = Field(None, description="Of a run: only those who ended so.")
    rule: str | None = Field(
        None, max_length=20, description="Of a run: only those this rule kept back, such as C-09."
    )
    page: int = Page

    @model_validator(mode="after")
    def _of_something(self) -> DecisionList:
        if not (self.who or self.campaign or self.run):
            raise ValueError("say of which contact (who), campaign or run")
        if self.outcome and self.rule:
            raise ValueError("give an outcome or a rule, not both: a rule has one outcome")
        if self.who and (self.run or self.outcome or self.rule):
            raise ValueError("of one contact all decisions are told: leave run, outcome and rule out")
        return self


class _OneDecision(Arguments):
    decision: str | None = Field(
        None, max_length=100, description="Which decision (d_…), or the proposal (p_…) made of it."
    )
    who: str | None = Field(None, max_length=200, description=f"{_WHO} Their newest decision is meant.")
    campaign: str | None = Field(
        None, max_length=200, description=f"{_CAMPAIGN} With a contact: only of this campaign."
    )

    @model_validator(mode="after")
    def _one(self) -> _OneDecision:
        if bool(self.decision) == bool(self.who):
            raise ValueError("say which decision, or about whom (who), and not both")
        return self


class DecisionExplain(_OneDecision):
    """Which decision to explain."""

    quick: bool = Field(
        False, description="True tells what is stored only, at once; else turning points and lessons besides."
    )


class DecisionCompare(Arguments):
    """Two contacts in one campaign."""

    one: str = Field(min_length=1, max_length=200, description=_WHO)
    other: str = Field(min_length=1, max_length=200, description=f"The other one. {_WHO}")
    campaign: str | None = Field(
        None,
        max_length=200,
        description=f"{_CAMPAIGN} The one that considered both last where left out.",
    )


class WhatIf(Arguments):
    """One thing taken to have been otherwise; exactly one of event, stage, seniority, what."""

    event: EventKind | None = Field(None, description="They did this, such as page_viewed or email_replied…")
    times: int = Field(1, ge=0, le=100, description="…so many times; 0 for never…")
    topic: str | None = Field(None, max_length=100, description="…about this topic…")
    within_days: int | None = Field(
        None,
        ge=1,
        le=365,
        description="…in so many days before the decision; left out: 30, or ever for 0 times.",
    )
    stage: LifecycleStage | None = Field(None, description="They were in this lifecycle stage.")
    seniority: Seniority | None = Field(None, description="They stood this high.")
    what: str | None = Field(
        None, max_length=100, description="A number on record, such as “size of the company” or “open deals”…"
    )
    number: float | None = Field(None, ge=0, description="…was this, as people count it.")

    @model_validator(mode="after")
    def _one_thing(self) -> WhatIf:
        if sum(one is not None for one in (self.event, self.stage, self.seniority, self.what)) != 1:
            raise ValueError(
                "suppose one thing an entry: an event, a stage, a seniority, or what with number"
            )
        if (self.what is None) != (self.number is None):
            raise ValueError("what and number belong together")
        return self


class DecisionSuppose(_OneDecision):
    """Which decision, and what is supposed."""

    supposed: tuple[WhatIf, ...] = Field(
        min_length=1, max_length=6, description="What was otherwise; all of it together."
    )


class DecisionDesk(Protocol):
    """What answers them."""

    def decision_list(self, asker: Asker, given: DecisionList) -> ToolAnswer:
        """List decisions."""
        ...

    def decision_explain(self, asker: Asker, given: DecisionExplain) -> ToolAnswer:
        """Say why a decision was what it was."""
        ...

    def decision_compare(self, asker: Asker, given: DecisionCompare) -> ToolAnswer:
        """Say why two contacts fared differently."""
        ...

    def decision_suppose(self, asker: Asker, given: DecisionSuppose) -> ToolAnswer:
        """Say what would have been."""
        ...


def decision_tools(desk: DecisionDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "decision_list",
            "What was decided and how it ended: of one contact over all runs, or of one run (or a campaign's newest), "
            "contact by contact, with counts by outcome and rule. Answers “who got what” and “how many were refused, "
            "and why”.",
            DecisionList,
            Act.READ,
            look=desk.decision_list,
        ),
        Tool(
            "decision_explain",
            "Why one decision was what it was: what speaks for it, who decided, what else was possible, what would "
            "have changed it, which past outcomes taught it; or the rule that kept the contact back and what mends it.",
            DecisionExplain,
            Act.READ,
            look=desk.decision_explain,
        ),
        Tool(
            "decision_compare",
            "Why two contacts of one campaign fared differently: the rule, chance, what came after, or the facts that "
            "set the two choices apart, strongest first.",
            DecisionCompare,
            Act.READ,
            look=desk.decision_compare,
        ),
        Tool(
            "decision_suppose",
            "What if the contact had done something so many times (or never), stood in another stage or seniority, or "
            "had other numbers on record: which action leads then, its chance and worth, before and after. Nothing "
            "is changed.",
            DecisionSuppose,
            Act.READ,
            look=desk.decision_suppose,
        ),
    )

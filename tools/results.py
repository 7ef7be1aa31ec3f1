"""The assistant's tools about results: what campaigns brought, the funnel, what the learner believes."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from pydantic import Field, model_validator

from domain.assistant import Asker, ToolAnswer
from domain.staff import Act
from tools.campaigns import campaign_field
from tools.toolset import Arguments, Tool


class Told(StrEnum):
    """What people are told apart by, in what is believed."""

    STAGE = "stage"
    SENIORITY = "seniority"
    INDUSTRY = "industry"
    SIZE = "size"


def since_field() -> Any:
    """The argument that says from when on."""
    return Field(
        None, description="Only contacts first decided about from this day on (2026-10-01); left out: all."
    )


class ResultShow(Arguments):
    """Whose results; every campaign's verdict where none is named."""

    campaign: str | None = campaign_field(None)
    since: date | None = since_field()
    until: date | None = Field(
        None, description="… up to and with this day (2026-10-31); left out: until now."
    )

    @model_validator(mode="after")
    def _in_order(self) -> ResultShow:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until comes before since")
        return self


class ResultFunnel(Arguments):
    """From when on."""

    since: date | None = Field(
        None, description="Only stages entered and deals closed from this day on; left out: all."
    )


class LearningShow(Arguments):
    """Whose learner, every campaign's where none is named; and what tells people apart."""

    campaign: str | None = campaign_field(None)
    by: Told = Told.STAGE


class ResultDesk(Protocol):
    """What does them."""

    def result_show(self, asker: Asker, given: ResultShow) -> ToolAnswer:
        """Show results."""
        ...

    def result_funnel(self, asker: Asker, given: ResultFunnel) -> ToolAnswer:
        """Show the funnel."""
        ...

    def learning_show(self, asker: Asker, given: LearningShow) -> ToolAnswer:
        """Show what is believed."""
        ...


def result_tools(desk: ResultDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "result_show",
            "Show what a campaign brought: the lift against the holdout with its interval, or that there is not "
            "enough data to tell; what contacts reached by who decided, revenue, costs. Without a campaign: every "
            "campaign's verdict. “Last month” is since its first and until its last day.",
            ResultShow,
            Act.READ,
            look=desk.result_show,
        ),
        Tool(
            "result_funnel",
            "Show how many contacts go from stage to stage within 90 days, and the pipeline's velocity by currency, "
            "with intervals.",
            ResultFunnel,
            Act.READ,
            look=desk.result_funnel,
        ),
        Tool(
            "learning_show",
            "Show what a campaign's learner believes now: what each content, and silence, is worth to whom, how sure "
            "that is, its state of knowledge, which shifts of the market were noticed; how many people the newest run "
            "left in silence, and why. Without a campaign: the only one that decided, or each in a line.",
            LearningShow,
            Act.READ,
            look=desk.learning_show,
        ),
    )

"""The assistant's tools about campaigns and their runs: what they are, whom they reach, and changing them."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field, model_validator

from domain.assistant import Asker, Effect, ToolAnswer
from domain.campaign import EventCondition, FieldCondition
from domain.run import ContactOutcome
from domain.search import SearchWords
from domain.staff import Act
from tools.toolset import Arguments, Tool

MOST_YAML_CHARS = 50_000
MOST_REASON_CHARS = 300
MOST_CONDITIONS = 20

Condition = FieldCondition | EventCondition

_CAMPAIGN = "Which campaign: id, name, or a part that fits one only."
_BASE = "`base` of campaign_show: refused where somebody changed the file since."


def campaign_field(default: Any = ...) -> Any:
    """The argument that names a campaign."""
    return Field(default, min_length=1, max_length=200, description=_CAMPAIGN)


def reason_field() -> Any:
    """The argument that says why."""
    return Field(
        "", max_length=MOST_REASON_CHARS, description="Why, in the member's own words; empty if not said."
    )


class CampaignList(Arguments):
    """Which campaigns."""

    words: SearchWords = Field("", description="Words in the name or the id.")
    page: int = Field(1, ge=1, le=10_000, description="Which page of a long list.")


class CampaignShow(Arguments):
    """One campaign."""

    campaign: str = campaign_field()


class CampaignCount(Arguments):
    """Whom to count: a campaign's audience, or conditions of one's own."""

    campaign: str | None = campaign_field(None)
    all: tuple[Condition, ...] = Field(
        (),
        max_length=MOST_CONDITIONS,
        description="Conditions that must all hold: {field: country, in: [DE, AT]}, {field: account.employees, "
        "at_least: 50}, {event: page_viewed, topic: pricing, within_days: 30, at_least: 1}.",
    )
    none: tuple[Condition, ...] = Field(
        (), max_length=MOST_CONDITIONS, description="Conditions of which none may hold."
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> CampaignCount:
        if (self.campaign is None) == (not self.all and not self.none):
            raise ValueError("give a campaign, or conditions (all, none); one of the two")
        return self


class RunList(Arguments):
    """Which runs."""

    campaign: str | None = Field(None, max_length=200, description=f"Only of one campaign. {_CAMPAIGN}")
    page: int = Field(1, ge=1, le=10_000, description="Which page of a long list.")


class RunShow(Arguments):
    """One run."""

    run: str = Field(
        min_length=1, max_length=100, description="The run's id (r261124-1a2b3c), or `last` with a campaign."
    )
    campaign: str | None = Field(None, max_length=200, description="Whose last run, with run=last.")
    outcome: ContactOutcome | None = Field(
        None, description="List the contacts that ended so, with the reasons."
    )


class CampaignSave(Arguments):
    """The whole file of a new or a changed campaign."""

    yaml: str = Field(
        min_length=1,
        max_length=MOST_YAML_CHARS,
        description="The whole campaign file in YAML. An `id` nobody has makes a new campaign; a known one changes it. "
        "Keep the comments and whatever is not to change.",
    )
    base: str = Field("", max_length=64, description=f"Of a campaign there is. {_BASE}")


class CampaignPause(Arguments):
    """Which campaign is to wait."""

    campaign: str = campaign_field()
    reason: str = reason_field()


class CampaignResume(Arguments):
    """Which campaign goes on, or live."""

    campaign: str = campaign_field()
    base: str = Field("", max_length=64, description=_BASE)
    unrehearsed: bool = Field(
        False,
        description="True only where the member said it may go live without a dry run of it as it is now.",
    )
    reason: str = reason_field()


class CampaignStop(Arguments):
    """Which campaign ends."""

    campaign: str = campaign_field()
    reason: str = reason_field()


class RunStart(Arguments):
    """What to run."""

    campaign: str = campaign_field()
    dry: bool = Field(
        True, description="True decides and drafts a sample and sends nothing; False is a real run."
    )


class CampaignDesk(Protocol):
    """What answers those that only look."""

    def campaign_list(self, asker: Asker, given: CampaignList) -> ToolAnswer:
        """List campaigns."""
        ...

    def campaign_show(self, asker: Asker, given: CampaignShow) -> ToolAnswer:
        """Show one campaign."""
        ...

    def campaign_count(self, asker: Asker, given: CampaignCount) -> ToolAnswer:
        """Count an audience."""
        ...

    def run_list(self, asker: Asker, given: RunList) -> ToolAnswer:
        """List runs."""
        ...

    def run_show(self, asker: Asker, given: RunShow) -> ToolAnswer:
        """Show one run."""
        ...


class CampaignChanges(Protocol):
    """What tells and does the changes."""

    def plan_save(self, asker: Asker, given: CampaignSave) -> Effect:
        """Tell what a save would change."""
        ...

    def save(self, asker: Asker, given: CampaignSave) -> ToolAnswer:
        """Save it, paused."""
        ...

    def plan_pause(self, asker: Asker, given: CampaignPause) -> Effect:
        """Tell what a pause would do."""
        ...

    def pause(self, asker: Asker, given: CampaignPause) -> ToolAnswer:
        """Pause it."""
        ...

    def plan_resume(self, asker: Asker, given: CampaignResume) -> Effect:
        """Tell what would happen next, and when."""
        ...

    def resume(self, asker: Asker, given: CampaignResume, seal: str) -> ToolAnswer:
        """Let it go on, or live."""
        ...

    def plan_stop(self, asker: Asker, given: CampaignStop) -> Effect:
        """Tell what would be withdrawn."""
        ...

    def stop(self, asker: Asker, given: CampaignStop) -> ToolAnswer:
        """Stop it."""
        ...

    def plan_run(self, asker: Asker, given: RunStart) -> Effect:
        """Tell what a run would do."""
        ...

    def run(self, asker: Asker, given: RunStart) -> ToolAnswer:
        """Put it on record."""
        ...


def campaign_tools(desk: CampaignDesk) -> tuple[Tool[Any], ...]:
    """The tools that only look, done by a desk."""
    return (
        Tool(
            "campaign_list",
            "List campaigns with how each stands (live, paused, not live yet, stopped), when it runs next, what its "
            "last run did and how much waits for a person.",
            CampaignList,
            Act.READ,
            look=desk.campaign_list,
        ),
        Tool(
            "campaign_show",
            "Show one campaign: goal, audience, content, autonomy, schedule, standing and why, last runs, its whole "
            "`file` (YAML), and `base`, which names the file as it is now for campaign_save and campaign_resume.",
            CampaignShow,
            Act.READ,
            look=desk.campaign_show,
        ),
        Tool(
            "campaign_count",
            "Count how many contacts a campaign's audience reaches, or conditions for a new one, condition by "
            "condition; a run takes more away (rules, holdout). It names nobody: for who, and for how many people "
            "do or are something, use contact_find.",
            CampaignCount,
            Act.READ,
            look=desk.campaign_count,
        ),
        Tool(
            "run_list",
            "List runs, newest first: when, dry or real, where it stands, how many contacts, sent and waiting.",
            RunList,
            Act.READ,
            look=desk.run_list,
        ),
        Tool(
            "run_show",
            "Show one run: how far it is, how many contacts ended where and why, what a dry run would say. With "
            "`outcome`: the contacts that ended so.",
            RunShow,
            Act.READ,
            look=desk.run_show,
        ),
    )


def campaign_change_tools(desk: CampaignChanges) -> tuple[Tool[Any], ...]:
    """The tools that change campaigns, done by a desk."""
    return (
        Tool(
            "campaign_save",
            "Save a new or changed campaign from its whole YAML file (campaign_show gives it as `file`). Saved on yes, "
            "paused: nothing runs until campaign_resume. Mistakes come back line by line; mend them and call again. "
            "More autonomy than `assist` is an admin's to give.",
            CampaignSave,
            Act.CAMPAIGN_WRITE,
            plan=desk.plan_save,
            do=desk.save,
        ),
        Tool(
            "campaign_pause",
            "Pause a campaign: from then on nothing of it leaves, and nothing is lost; campaign_resume lets it go on.",
            CampaignPause,
            Act.CAMPAIGN_WRITE,
            plan=desk.plan_pause,
            do=desk.pause,
        ),
        Tool(
            "campaign_resume",
            "Let a held campaign go on, or a new or changed one go live. Going live asks for a dry run of it as it is "
            "now (run_start with dry=true), or the member's word that it may go without.",
            CampaignResume,
            Act.CAMPAIGN_WRITE,
            plan=desk.plan_resume,
            do_as_sealed=desk.resume,
        ),
        Tool(
            "campaign_stop",
            "Stop a campaign for good: its run is given up, its proposals close, its unsent messages are withdrawn. "
            "To hold it for a while use campaign_pause.",
            CampaignStop,
            Act.CAMPAIGN_WRITE,
            plan=desk.plan_stop,
            do=desk.stop,
        ),
        Tool(
            "run_start",
            "Start a run of a campaign. dry=true decides for everyone, drafts for a sample and sends nothing; "
            "dry=false is a real run within the campaign's autonomy and caps.",
            RunStart,
            Act.CAMPAIGN_WRITE,
            plan=desk.plan_run,
            do=desk.run,
        ),
    )

"""A campaign states an outcome, for whom, within which bounds. It holds no decision tree."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from domain.base import CurrencyCode, Noun
from domain.events import EventKind
from domain.people import LifecycleStage

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Outcome(StrEnum):
    """What a campaign is after."""

    REPLY = "reply"
    MEETING = "meeting"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    WON = "won"
    RENEWED = "renewed"


UNSUBSCRIBE_SHARE = 0.01
"""House default: a lost address costs this share of a goal's worth, about what a cold contact is worth."""

COMPLAINT_SHARE = 0.05
"""House default: a complaint costs five lost addresses, because mailbox providers count it against every
other message. Google and Yahoo act from 0.3 % complaints on (sender guidelines of February 2024)."""


class Goal(Noun):
    """The outcome wanted, what one is worth, how long we wait for it, and what harm costs.

    `stage_worths_cents` says what a stage on the way is worth; a stage left out is derived from the goal's
    worth and the chance of getting there (`learning/worth.py`), then from what deals show. A person's
    word stands over both. A stage counts for `window_days` unless `stage_windows_days` gives it its own.
    `signal_days`: how long after a message early signals (a click, a visit) count
    and stay fresh. `contact_cents`: one message's cost apart from the model's, which is metered. A lost
    address or a complaint costs what is given, else `UNSUBSCRIBE_SHARE` and `COMPLAINT_SHARE` of the worth.
    """

    outcome: Outcome
    worth_cents: PositiveInt
    currency: CurrencyCode = "USD"
    window_days: PositiveInt = 30
    stage_worths_cents: dict[Outcome, NonNegativeInt] = Field(default_factory=dict)
    stage_windows_days: dict[Outcome, PositiveInt] = Field(default_factory=dict)
    signal_days: PositiveInt = 14
    contact_cents: NonNegativeFloat = 1.0
    unsubscribe_cents: NonNegativeInt | None = None
    complaint_cents: NonNegativeInt | None = None

    @property
    def unsubscribe_cost_cents(self) -> float:
        """What one unsubscribe costs: as given, or `UNSUBSCRIBE_SHARE` of the worth."""
        given = self.unsubscribe_cents
        return UNSUBSCRIBE_SHARE * self.worth_cents if given is None else given

    @property
    def complaint_cost_cents(self) -> float:
        """What one complaint costs: as given, or `COMPLAINT_SHARE` of the worth."""
        given = self.complaint_cents
        return COMPLAINT_SHARE * self.worth_cents if given is None else given


Scalar = str | int | float | bool


class FieldCondition(Noun):
    """One condition on a contact's or its account's field, such as `account.employees`."""

    field: str
    is_in: tuple[Scalar, ...] | None = Field(None, alias="in", min_length=1)
    is_not_in: tuple[Scalar, ...] | None = Field(None, alias="not_in", min_length=1)
    at_least: float | None = None
    at_most: float | None = None
    is_known: bool | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> FieldCondition:
        asked = (self.is_in, self.is_not_in, self.at_least, self.at_most, self.is_known)
        if all(part is None for part in asked):
            raise ValueError(
                f"condition on {self.field!r} asks nothing: give in, not_in, at_least, at_most or is_known"
            )
        return self


class EventCondition(Noun):
    """One condition on what a contact did: at least (or at most) so many events in so many days."""

    event: EventKind
    topic: str | None = None
    within_days: PositiveInt | None = None
    at_least: int | None = None
    at_most: int | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> EventCondition:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"condition on {self.event.value!r} asks nothing: give at_least or at_most")
        return self


class Audience(Noun):
    """Who is considered: every condition in `all` holds, none in `none` does."""

    all: tuple[FieldCondition | EventCondition, ...] = ()
    none: tuple[FieldCondition | EventCondition, ...] = ()


class Autonomy(StrEnum):
    """How much the system does alone, from nothing to nearly all."""

    SHADOW = "shadow"
    ASSIST = "assist"
    GUARDED = "guarded"
    AUTOPILOT = "autopilot"


class SendSlot(StrEnum):
    """When a message goes out, in the recipient's own zone."""

    NOW = "now"
    MORNING = "morning"
    MIDDAY = "midday"
    AFTERNOON = "afternoon"


class When(Noun):
    """Every given part must hold; an empty part holds for all."""

    stage: tuple[LifecycleStage, ...] = ()
    topic: tuple[str, ...] = ()


class RuleRow(Noun):
    """Assets to send, the first that fits, where `when` holds."""

    when: When = When()
    send: tuple[str, ...] = Field(min_length=1)


class UsualRule(Noun):
    """A team's usual practice as data, to be compared with: rows from top to bottom, the first that holds decides.

    A row holds where `when` does and one of its assets fits the contact; where none holds, silence.
    """

    name: str
    rows: tuple[RuleRow, ...] = Field(min_length=1)
    slot: SendSlot | None = None


class Caps(Noun):
    """Bounds of one run. Whatever is reached first stops new drafts; the rest is listed as not reached."""

    messages: PositiveInt | None = None
    model_calls: PositiveInt | None = None
    model_tokens: PositiveInt | None = None
    model_cost_cents: PositiveInt | None = None
    minutes: PositiveInt | None = None


class DailyCaps(Noun):
    """Bounds of one day in the team's zone, over all runs of the campaign.

    `messages` beyond it wait for the next day; beyond the other two the understudy writes and a person reviews.
    """

    messages: PositiveInt | None = None
    model_calls: PositiveInt | None = None
    model_cost_cents: PositiveInt | None = None


class Schedule(Noun):
    """When a campaign runs by itself: `cron` has five fields (or @daily and the like).

    `time_zone` left out is the team's (ATTUNE_TIME_ZONE). `missed` says what becomes of times at which no
    scheduler was there: they are skipped, or all of them together are caught up with one run.
    """

    cron: str
    time_zone: str | None = None
    missed: Literal["skip", "catch_up_once"] = "skip"


class LearnerSettings(Noun):
    """What a campaign's learner is told; a change must be shown not to be worse (`attune learn try`).

    boldness: how many standard deviations of doubt count when actions are compared; 1 is Thompson's rule.
    floor: share of the draws spread evenly over everything possible. half_life_days: after so long an outcome
    counts half.
    """

    boldness: float = Field(0.1, gt=0, le=3)
    floor: float = Field(0.02, ge=0.01, le=1)
    half_life_days: float = Field(365, gt=0)


class Campaign(Noun):
    """One campaign file. `id` is its slug; `assets` empty means the whole active library.

    Of those not held out, `explore_share` is drawn without looking at what is believed, `usual_share` follows
    `usual`, and the learner decides for the rest. For `silence_holds_hours` after a decision to say nothing, further
    runs let it stand instead of drawing again; 0 draws anew each time.
    """

    id: Slug
    name: str
    goal: Goal
    audience: Audience = Audience()
    assets: tuple[str, ...] = ()
    channels: tuple[Literal["email"], ...] = ("email",)
    slots: tuple[SendSlot, ...] = (SendSlot.NOW, SendSlot.MORNING, SendSlot.AFTERNOON)
    caps: Caps = Caps()
    daily: DailyCaps = DailyCaps()
    holdout_share: float = Field(0.1, ge=0, le=0.5)
    explore_share: float = Field(0.1, ge=0, le=1)
    usual_share: float = Field(0.0, ge=0, le=1)
    usual: UsualRule | None = None
    learner: LearnerSettings = LearnerSettings()
    silence_share: float = Field(0.1, ge=0, le=1)
    silence_holds_hours: NonNegativeFloat = 20
    autonomy: Autonomy = Autonomy.ASSIST
    schedule: Schedule | None = None
    brief: str = ""

    @model_validator(mode="after")
    def _arms_fit(self) -> Campaign:
        if self.usual_share > 0 and self.usual is None:
            raise ValueError("usual_share is given, but no usual practice (usual: {name, rows})")
        if self.explore_share + self.usual_share > 1:
            raise ValueError("explore_share and usual_share sum to more than 1")
        return self

"""Why a decision was what it was: reasons, alternatives, what would have changed it, and which past taught it."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from domain.base import Noun, UtcDatetime
from domain.decision import SILENCE, Arm, Contribution, Knowledge
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority


class ReasonGroup(Noun):
    """The strongest reasons of one kind, and their sum."""

    name: str
    cents: float
    reasons: tuple[Contribution, ...]


class Option(Noun):
    """One thing that could have been done, its chance before the draw, and what it was expected to be worth."""

    action_key: str
    name: str
    probability: float
    value_cents: float | None = None
    uncertainty_cents: float | None = None
    is_taken: bool = False


class TurningPoint(Noun):
    """A change of one number alone, in [0, 1], after which another action has the higher expected worth.

    `about` names the asset or the part of the day a fit belongs to; None where it is about the contact.
    `typical` is the mean of the contacts decided about in the same run. `value_cents` is the new leader's worth,
    `former_cents` that of the one that led before, both after the change, by the learner that decided.
    """

    what: str
    about: str | None = None
    before: float
    after: float
    typical: float
    winner: str
    value_cents: float
    former_cents: float


class PastLesson(Noun):
    """One past decision that moved this value by `cents`, what was done, and what came of it."""

    decision_id: str
    contact_name: str
    at: UtcDatetime
    name: str
    came_of_it: str
    cents: float


class Tried(Noun):
    """How often something had been tried by then, and how often it led to something."""

    what: str
    times: int
    led_to_something: int


class Why(Noun):
    """Everything there is to say about one decision, for a person or a program.

    `arm_words` says who decided. `is_recomputed` tells whether the learner that decided was still kept, so that turning
    points and lessons could be reckoned with it; `note` says what is missing, or read differently today.
    `leader` names the action of highest expected worth; None where nothing was believed.
    `outcomes` is how many past outcomes had been learned from; None where the learner is not kept.
    """

    decision_id: str
    campaign_id: str
    contact_id: str
    contact_name: str
    action_name: str
    currency: str
    decided_at: UtcDatetime
    arm: Arm
    arm_words: str
    summary: tuple[str, ...] = ()
    learner_version: str
    features_version: str
    knowledge: Knowledge
    value_cents: float | None = None
    uncertainty_cents: float | None = None
    base_cents: float | None = None
    groups: tuple[ReasonGroup, ...] = ()
    rest_cents: float = 0.0
    options: tuple[Option, ...] = ()
    leader: str | None = None
    is_recomputed: bool = False
    note: str = ""
    outcomes: int | None = None
    turning_points: tuple[TurningPoint, ...] = ()
    lessons_for: tuple[PastLesson, ...] = ()
    lessons_against: tuple[PastLesson, ...] = ()
    tried: tuple[Tried, ...] = ()

    @property
    def silence_cents(self) -> float | None:
        """What silence was expected to be worth beside what was done; None where it was taken or not believed."""
        found = next((one for one in self.options if one.action_key == SILENCE.key), None)
        return None if found is None or found.is_taken else found.value_cents


class SupposedActs(Noun):
    """They had done this so many times (0 is never) in the days before the decision, about a topic or any."""

    event: EventKind
    topic: str | None = None
    times: NonNegativeInt = Field(le=100)
    within_days: PositiveInt = Field(30, le=365)


class SupposedStage(Noun):
    """They had been in this stage, for as long as they were in theirs."""

    stage: LifecycleStage


class SupposedSeniority(Noun):
    """They had stood this high."""

    seniority: Seniority


class SupposedNumber(Noun):
    """Another number on record had been different: `what` by its label, `number` as a person counts it."""

    what: str
    number: float = Field(ge=0)


Supposed = SupposedActs | SupposedStage | SupposedSeniority | SupposedNumber
"""One thing that is taken to have been otherwise when a decision was made."""


class Moved(Noun):
    """One number of those decided on, in [0, 1], before and after what is supposed."""

    what: str
    before: float
    after: float


class SupposedOption(Noun):
    """One thing that could have been done: chance and expected worth as it was, and under what is supposed."""

    name: str
    action_key: str
    is_taken: bool
    probability_before: float
    probability_after: float
    before_cents: float
    after_cents: float


class Supposition(Noun):
    """What the learner that decided would have made of something else: which action leads, before and after.

    `options` are sorted by the chance after. `moved`: the numbers that differ, the strongest first. `opened` and
    `closed`: content that would fit them then, and that would no longer. `note` says what reads differently today.
    """

    decision_id: str
    contact_id: str
    contact_name: str
    campaign_id: str
    currency: str
    decided_at: UtcDatetime
    supposed: tuple[str, ...]
    moved: tuple[Moved, ...]
    options: tuple[SupposedOption, ...]
    taken: str
    leader_before: str
    leader_after: str
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    knowledge: Knowledge
    note: str = ""


class Difference(Noun):
    """One thing in which two contacts differ, and by how much it set apart what they got.

    `cents`: by so much the first one's action would lose of its lead over the second one's, for the first contact, were
    this as it is with the second. `mine` and `other` in [0, 1].
    """

    what: str
    about: str | None = None
    mine: float
    other: float
    cents: float

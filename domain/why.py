"""Why a decision was what it was: reasons, alternatives, what would have changed it, and which past taught it."""

from __future__ import annotations

from domain.base import Noun, UtcDatetime
from domain.decision import Arm, Contribution, Knowledge


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

"""One contact's story: what happened, what we sent, decided, were told and asked a person about, newest first."""

from __future__ import annotations

from enum import StrEnum

from domain.base import Noun, UtcDatetime
from domain.decision import Decision
from domain.events import Event
from domain.message import OutboxEntry
from domain.people import Consent, Suppression
from domain.review import Review
from domain.run import RunContact


class StoryKind(StrEnum):
    """What sort of thing a moment is. A run's line stands alone only where nothing was decided."""

    CONSENT = "consent"
    DECISION = "decision"
    EVENT = "event"
    LINE = "line"
    MESSAGE = "message"
    REVIEW = "review"
    STOP = "stop"


class StoryPlace(Noun):
    """A place in a story: everything older comes after it. Things of one instant are told apart by kind and id."""

    at: UtcDatetime
    kind: StoryKind
    id: str


class Moment(Noun):
    """One thing of a story, whole: the field of its kind is set; a decision may have its run's line beside it.

    `is_rehearsal`: it belongs to a dry run, so nothing left the house.
    """

    place: StoryPlace
    event: Event | None = None
    message: OutboxEntry | None = None
    decision: Decision | None = None
    line: RunContact | None = None
    review: Review | None = None
    consent: Consent | None = None
    stop: Suppression | None = None
    campaign_id: str | None = None
    is_rehearsal: bool = False


class StoryPage(Noun):
    """So many moments, newest first; `older` is where the next page begins, None at the story's beginning."""

    moments: tuple[Moment, ...] = ()
    older: StoryPlace | None = None

"""What the evidence tells of happenings: which kind, when, on what, and whether it may be mentioned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.context import Grounds
from agents.understudy.topics import Topic, own_topic, topic_named
from agents.understudy.wording import title_of
from domain.events import EventKind
from domain.message import Evidence, EvidenceKind

HALF_LIFE_DAYS = 45.0
"""After so many days an act counts half: a quarter's interest is nearly spent two quarters later."""

WEIGHTS: dict[EventKind, float] = {
    EventKind.EMAIL_REPLIED: 5.0,
    EventKind.FORM_SUBMITTED: 5.0,
    EventKind.MEETING_HELD: 4.5,
    EventKind.TRIAL_STARTED: 4.5,
    EventKind.MEETING_BOOKED: 4.0,
    EventKind.WEBINAR_ATTENDED: 4.0,
    EventKind.CALL_HELD: 3.5,
    EventKind.CONTENT_DOWNLOADED: 3.5,
    EventKind.PRODUCT_USED: 2.5,
    EventKind.EMAIL_FORWARDED: 2.5,
    EventKind.TICKET_OPENED: 2.0,
    EventKind.EMAIL_CLICKED: 2.0,
    EventKind.PAGE_VIEWED: 2.0,
    EventKind.NOTE_ADDED: 1.0,
    EventKind.EMAIL_OPENED: 0.3,
}
"""How much one act says about what a person wants now. What a person did knowingly stands above what
was only observed; an open says next to nothing, because most are made by machines."""

SAYABLE = frozenset(
    {
        EventKind.EMAIL_REPLIED,
        EventKind.FORM_SUBMITTED,
        EventKind.MEETING_HELD,
        EventKind.MEETING_BOOKED,
        EventKind.TRIAL_STARTED,
        EventKind.WEBINAR_ATTENDED,
        EventKind.CONTENT_DOWNLOADED,
    }
)
"""What a person knowingly did towards us, and may be reminded of."""

_SIGN_UP_WORDS = ("newsletter", "subscri", "sign up", "signup", "sign-up", "opt-in", "opt in", "updates")


@dataclass(frozen=True)
class Act:
    """One happening, or a counted group of them, out of one piece of evidence.

    topic: what it bears on, to choose by; said: the same by the act's own word, to tell it by.
    title: what they took, only where it is ours to name; is_this_asset: they took what we now offer.
    """

    fact: Evidence
    kind: EventKind
    at: datetime | None
    topic: Topic | None
    score: float
    said: Topic | None = None
    title: str | None = None
    is_this_asset: bool = False
    is_sign_up: bool = False

    @property
    def is_sayable(self) -> bool:
        """Tell whether the person may be reminded of it."""
        return self.kind in SAYABLE and not self.fact.is_private

    @property
    def phrase_key(self) -> str:
        """The list of phrases that tells it."""
        return "signed_up" if self.is_sign_up else self.kind.value


def acts_in(ctx: Grounds) -> tuple[Act, ...]:
    """Every happening in the evidence with its strength, strongest first."""
    kinds = {event.id: event.kind for event in ctx.dossier.events}
    found = (_act(fact, kinds, ctx) for fact in ctx.evidence if fact.kind is EvidenceKind.EVENT)
    return tuple(sorted((act for act in found if act), key=lambda act: (-act.score, act.fact.id)))


def _act(fact: Evidence, kinds: dict[str, EventKind], ctx: Grounds) -> Act | None:
    kind = _kind_of(fact.ref, kinds)
    if kind is None or kind not in WEIGHTS or (fact.at is not None and fact.at > ctx.now):
        return None
    age_days = (ctx.now - fact.at).total_seconds() / 86_400 if fact.at else 2 * HALF_LIFE_DAYS
    event = next((e for e in ctx.dossier.events if fact.ref.startswith(f"event:{e.id}")), None)
    is_this_asset = bool(event and event.asset_id == ctx.asset.id)
    words = f"{event.subject or ''} {event.text or ''}".lower() if event else ""
    return Act(
        fact=fact,
        kind=kind,
        at=fact.at,
        topic=topic_named(fact.topic),
        score=WEIGHTS[kind] * 0.5 ** (age_days / HALF_LIFE_DAYS),
        said=own_topic(fact.topic),
        title=title_of(ctx.asset.title) if is_this_asset and not fact.is_tainted else None,
        is_this_asset=is_this_asset,
        is_sign_up=kind is EventKind.FORM_SUBMITTED and any(word in words for word in _SIGN_UP_WORDS),
    )


def _kind_of(ref: str, kinds: dict[str, EventKind]) -> EventKind | None:
    head, _, rest = ref.partition(":")
    if head == "events":
        name = rest.partition(":")[0]
        return EventKind(name) if name in set(EventKind) else None
    if head != "event":
        return None
    return kinds.get(rest) or kinds.get(rest.removesuffix(":notes"))


def strongest_topics(acts: Sequence[Act]) -> tuple[Topic, ...]:
    """The topics of all acts, by summed strength."""
    topics: dict[str, Topic] = {}
    scores: dict[str, float] = {}
    for act in acts:
        if act.topic:
            topics[act.topic.slug] = act.topic
            scores[act.topic.slug] = scores.get(act.topic.slug, 0.0) + act.score
    return tuple(topics[slug] for slug in sorted(scores, key=lambda slug: (-scores[slug], slug)))

"""The acts features count: event kinds grouped by what they say about a person, and how fast they fade.

A machine's opens and clicks are no acts. A human's open is one, but the weakest: it shows in the vector
and counts for nothing else (no interest, no habit, no engagement, never a reward).
"""

from __future__ import annotations

from enum import StrEnum

from domain.events import EventKind

HALF_LIFE_DAYS = (4, 16, 64)
"""Days after which an act counts half: lately, in these weeks, in these months. Each divides the last."""

HALF_LIFE_NAMES = ("lately", "in recent weeks", "in recent months")
RECENCY_HALF_LIFE_DAYS = 14
"""The time since the newest act is told as 2^(-days / 14): 1 just now, 0 never."""


class Act(StrEnum):
    """What a person did, or what was done with them."""

    VISIT = "visit"
    FORM = "form"
    CONTENT = "content"
    PRODUCT = "product"
    OPEN = "open"
    CLICK = "click"
    REPLY = "reply"
    MEETING = "meeting"
    TALK = "talk"
    SENT = "sent"


ACTS = tuple(Act)

ACT_OF_KIND: dict[EventKind, Act] = {
    EventKind.PAGE_VIEWED: Act.VISIT,
    EventKind.FORM_SUBMITTED: Act.FORM,
    EventKind.CONTENT_DOWNLOADED: Act.CONTENT,
    EventKind.WEBINAR_ATTENDED: Act.CONTENT,
    EventKind.TRIAL_STARTED: Act.PRODUCT,
    EventKind.PRODUCT_USED: Act.PRODUCT,
    EventKind.EMAIL_OPENED: Act.OPEN,
    EventKind.EMAIL_CLICKED: Act.CLICK,
    EventKind.EMAIL_FORWARDED: Act.CLICK,
    EventKind.EMAIL_REPLIED: Act.REPLY,
    EventKind.MEETING_BOOKED: Act.MEETING,
    EventKind.MEETING_HELD: Act.MEETING,
    EventKind.CALL_HELD: Act.TALK,
    EventKind.NOTE_ADDED: Act.TALK,
    EventKind.TICKET_OPENED: Act.TALK,
    EventKind.EMAIL_SENT: Act.SENT,
}

LABELS: dict[Act, str] = {
    Act.VISIT: "visited pages",
    Act.FORM: "filled in forms",
    Act.CONTENT: "took content or attended webinars",
    Act.PRODUCT: "used the product",
    Act.OPEN: "opened messages (weak)",
    Act.CLICK: "clicked in messages",
    Act.REPLY: "replied",
    Act.MEETING: "booked or held meetings",
    Act.TALK: "spoke with our people",
    Act.SENT: "was written to by us",
}

FULL_COUNTS: dict[Act, float] = {
    Act.VISIT: 30,
    Act.FORM: 5,
    Act.CONTENT: 10,
    Act.PRODUCT: 60,
    Act.OPEN: 10,
    Act.CLICK: 10,
    Act.REPLY: 4,
    Act.MEETING: 4,
    Act.TALK: 8,
    Act.SENT: 12,
}
"""A decayed count of this much is as much as any: it is told as log(1 + n) / log(1 + full), at most 1. Rare acts
have small ones, so that one reply weighs more than one page view and one prior fits every column."""

FULL_TOPIC, FULL_KIND, FULL_COMPANY = 20.0, 8.0, 1_000.0
"""The same for acts about one topic, answers to (and sends of) one kind of content, and all acts of colleagues."""

ENGAGED = (Act.VISIT, Act.FORM, Act.CONTENT, Act.PRODUCT, Act.CLICK, Act.REPLY, Act.MEETING)
"""Acts that show a person is at work on this: they make slot habits and an account's engagement."""

INTERESTED = (*ENGAGED, Act.TALK)
"""Acts whose topic is the person's interest. What we sent says nothing about them."""

ANSWERED = (Act.CONTENT, Act.CLICK, Act.REPLY)
"""Acts that answer an asset, so that its kind of content is one the person answers to."""


def number(act: Act) -> int:
    """Return the act's place in `ACTS`."""
    return ACTS.index(act)

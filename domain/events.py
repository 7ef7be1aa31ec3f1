"""What happened: one vocabulary for every source, in the past tense."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from domain.base import Noun, UtcDatetime


class EventKind(StrEnum):
    """Everything a contact, an account or a deal can do or have done to it."""

    EMAIL_SENT = "email_sent"
    EMAIL_DELIVERED = "email_delivered"
    EMAIL_OPENED = "email_opened"
    EMAIL_CLICKED = "email_clicked"
    EMAIL_REPLIED = "email_replied"
    EMAIL_FORWARDED = "email_forwarded"
    EMAIL_BOUNCED = "email_bounced"
    EMAIL_SOFT_BOUNCED = "email_soft_bounced"
    EMAIL_COMPLAINED = "email_complained"
    EMAIL_UNSUBSCRIBED = "email_unsubscribed"
    EMAIL_DEFERRED = "email_deferred"
    EMAIL_DROPPED = "email_dropped"
    PAGE_VIEWED = "page_viewed"
    FORM_SUBMITTED = "form_submitted"
    CONTENT_DOWNLOADED = "content_downloaded"
    WEBINAR_ATTENDED = "webinar_attended"
    TRIAL_STARTED = "trial_started"
    PRODUCT_USED = "product_used"
    MEETING_BOOKED = "meeting_booked"
    MEETING_HELD = "meeting_held"
    CALL_HELD = "call_held"
    NOTE_ADDED = "note_added"
    TASK_ADDED = "task_added"
    TICKET_OPENED = "ticket_opened"
    STAGE_CHANGED = "stage_changed"
    DEAL_CREATED = "deal_created"
    DEAL_STAGE_CHANGED = "deal_stage_changed"
    DEAL_WON = "deal_won"
    DEAL_LOST = "deal_lost"
    CUSTOMER_LOST = "customer_lost"
    RENEWED = "renewed"


class Event(Noun):
    """One thing that happened.

    `id` is `source:provider_id`, so the same record read twice is the same event. `text` and
    `properties` come from outside: they are data and never an instruction. `is_machine` marks what a
    scanner or a privacy proxy did; it never counts as the person's act.
    """

    id: str
    kind: EventKind
    at: UtcDatetime
    source: str
    contact_id: str | None = None
    account_id: str | None = None
    deal_id: str | None = None
    asset_id: str | None = None
    topic: str | None = None
    subject: str | None = None
    text: str | None = None
    is_machine: bool = False
    properties: dict[str, JsonValue] = Field(default_factory=dict)

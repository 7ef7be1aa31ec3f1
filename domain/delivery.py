"""What comes back after sending: one vocabulary for every provider, in Anymail's words.

A provider's webhook is read into `MailEvent`s; a mail that reached us into an `InboundMail`. All text in
both comes from outside: it is data, never an instruction.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from domain.base import Noun, Sha256, UtcDatetime
from domain.people import SuppressionReason

OUTBOX_ARGUMENT = "attune_outbox"
"""What our own id of a message is called in a provider's custom arguments, which it gives back with events."""


class MailEventKind(StrEnum):
    """What became of a message, in the words of the django-anymail documentation."""

    QUEUED = "queued"
    SENT = "sent"
    REJECTED = "rejected"
    FAILED = "failed"
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    AUTORESPONDED = "autoresponded"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    INBOUND = "inbound"
    UNKNOWN = "unknown"


class BounceClass(StrEnum):
    """How final a bounce is: the address is gone, it failed this time, or the receiver refused us."""

    HARD = "hard"
    SOFT = "soft"
    BLOCK = "block"


class MailEvent(Noun):
    """One thing a provider told about one message.

    `event_id` is unique within the provider and the same in every repeat. `outbox_id` is our own id where the
    provider gives it back, `message_id` the Message-ID header, `provider_message_id` the provider's own id:
    whichever is there matches the event with our message. `stops` is a stop the provider itself keeps on the
    address, told by other means than an event of its own. `raw` is what was received.
    """

    provider: str
    event_id: str = Field(min_length=1, max_length=300)
    kind: MailEventKind
    at: UtcDatetime
    address: str | None = None
    outbox_id: str | None = None
    message_id: str | None = None
    provider_message_id: str | None = None
    bounce: BounceClass | None = None
    stops: SuppressionReason | None = None
    detail: str = ""
    url: str | None = None
    user_agent: str | None = None
    is_machine: bool = False
    raw: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        """The event's id in our journal."""
        return f"{self.provider}:{self.event_id}"


class WebhookRequest(Noun):
    """One HTTP request as it came; header names are lower case. `body` is what signatures are over."""

    headers: dict[str, str]
    body: bytes


class OnceToken(Noun):
    """A signature's token that may be used for one body only, where the signature does not cover the body."""

    token: str = Field(min_length=1, max_length=300)
    body_sha256: Sha256


class BouncedAddress(Noun):
    """One address a bounce report speaks of."""

    address: str
    bounce: BounceClass
    detail: str = ""


class InboundMail(Noun):
    """A mail somebody sent us.

    `text` is what the person wrote, without the mail it quotes. `references` are Message-IDs it answers,
    nearest first. `is_automatic`: a machine wrote it (out of office, receipt, list), so it is no reply and is
    never answered. `bounces` are the addresses a bounce report speaks of.
    """

    id: str
    source: str
    message_id: str | None = None
    references: tuple[str, ...] = ()
    from_address: str
    to_addresses: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    at: UtcDatetime
    is_automatic: bool = False
    why_automatic: str = ""
    bounces: tuple[BouncedAddress, ...] = ()


class InboundKind(StrEnum):
    """What a mail that reached us was taken for."""

    REPLY = "reply"
    OPT_OUT = "opt_out"
    UNSURE = "unsure"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"


class InboundRecord(Noun):
    """A mail that reached us, what it was taken for, and whether a person still has to read it."""

    id: str
    source: str
    kind: InboundKind
    from_address: str
    subject: str = ""
    text: str = ""
    at: UtcDatetime
    received_at: UtcDatetime
    contact_id: str | None = None
    outbox_id: str | None = None
    hold_reason: str | None = None
    settled_at: UtcDatetime | None = None
    settled_by: str | None = None
    settled_as: str | None = None

    @property
    def waits(self) -> bool:
        """Tell whether a person has to decide about it."""
        return self.hold_reason is not None and self.settled_at is None

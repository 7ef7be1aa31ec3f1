"""Postmark's webhooks: one event a request, protected by basic authentication; nothing is signed.

Postmark gives most events no id, so one is derived from what makes it this event: a repeat has the same.
Source: Postmark developer docs, "Webhooks overview", bounce, delivery, open, click, spam complaint and
subscription change.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from domain.delivery import OUTBOX_ARGUMENT, BounceClass, MailEvent, MailEventKind, OnceToken, WebhookRequest
from domain.people import SuppressionReason
from tools.webhooks.bounces import bounce_class
from tools.webhooks.proof import (
    an_object,
    moment,
    need_basic_auth,
    parsed,
    part,
    readable,
    words,
    words_or_none,
)

_KINDS = {
    "Delivery": MailEventKind.DELIVERED,
    "Bounce": MailEventKind.BOUNCED,
    "Open": MailEventKind.OPENED,
    "Click": MailEventKind.CLICKED,
    "SpamComplaint": MailEventKind.COMPLAINED,
    "SubscriptionChange": MailEventKind.UNKNOWN,
}
_BOUNCES = {
    "HardBounce": BounceClass.HARD,
    "BadEmailAddress": BounceClass.HARD,
    "Transient": BounceClass.SOFT,
    "SoftBounce": BounceClass.SOFT,
    "DnsError": BounceClass.SOFT,
    "Undeliverable": BounceClass.SOFT,
    "Blocked": BounceClass.BLOCK,
    "SpamNotification": BounceClass.BLOCK,
    "VirusNotification": BounceClass.BLOCK,
    "DMARCPolicy": BounceClass.BLOCK,
}
_NOT_BOUNCES = {
    "AutoResponder": MailEventKind.AUTORESPONDED,
    "ChallengeVerification": MailEventKind.AUTORESPONDED,
    "AddressChange": MailEventKind.AUTORESPONDED,
    "Subscribe": MailEventKind.SUBSCRIBED,
    "Unsubscribe": MailEventKind.UNSUBSCRIBED,
    "SpamComplaint": MailEventKind.COMPLAINED,
    "ManuallyDeactivated": MailEventKind.REJECTED,
    "Unconfirmed": MailEventKind.DEFERRED,
    "SMTPApiError": MailEventKind.FAILED,
    "InboundError": MailEventKind.UNKNOWN,
    "TemplateRenderingFailed": MailEventKind.FAILED,
}
_KEPT_STOPS = {
    "HardBounce": SuppressionReason.HARD_BOUNCE,
    "SpamComplaint": SuppressionReason.COMPLAINT,
}
_TIMES = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


class PostmarkWebhook:
    """Verifies and reads Postmark's events."""

    name = "postmark"

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.Webhook`. There is no signed time; a replay is a repeat and changes nothing."""
        need_basic_auth(self.name, request, self._username, self._password)
        return None

    def read(self, request: WebhookRequest) -> tuple[MailEvent, ...]:
        """See `domain.ports.Webhook`."""
        with readable(self.name):
            return (self._event(an_object(parsed(request.body))),)

    def _event(self, one: dict[str, Any]) -> MailEvent:
        record, kept_for = words(one.get("RecordType")), words(one.get("SuppressionReason"))
        kind, type_ = _KINDS.get(record, MailEventKind.UNKNOWN), words(one.get("Type"))
        stops = None
        if record == "Bounce":
            kind = _NOT_BOUNCES.get(type_, kind)
        elif record == "SubscriptionChange" and one.get("SuppressSending") is True:
            # A bounce or a complaint comes as an event of its own as well; here only the stop counts.
            stops = _KEPT_STOPS.get(kept_for)
            kind = kind if stops else MailEventKind.UNSUBSCRIBED
        elif record == "SubscriptionChange":
            kind = MailEventKind.SUBSCRIBED
        detail = words(one.get("Details") or one.get("Description"))
        permanent = type_ in {"HardBounce", "BadEmailAddress"}
        return MailEvent(
            provider=self.name,
            event_id=_identity(record, one),
            kind=kind,
            at=_time(one),
            address=words_or_none(one.get("Recipient") or one.get("Email")),
            outbox_id=words_or_none(part(one, "Metadata").get(OUTBOX_ARGUMENT)),
            provider_message_id=words_or_none(one.get("MessageID")),
            bounce=(_BOUNCES.get(type_) or bounce_class(detail, permanent))
            if kind is MailEventKind.BOUNCED
            else None,
            stops=stops,
            detail=detail,
            url=words_or_none(one.get("OriginalLink")),
            user_agent=words_or_none(one.get("UserAgent")),
            raw=one,
        )


def _time(one: dict[str, Any]) -> datetime:
    said = [one[name] for name in _TIMES if one.get(name)]
    if not said:
        raise KeyError(f"one of {', '.join(_TIMES)}")
    return moment(said[0])


def _identity(record: str, one: dict[str, Any]) -> str:
    if one.get("ID") is not None:
        return f"{record}-{words(one['ID'], 60)}"
    parts = [
        one.get(name) for name in ("MessageID", "Recipient", "OriginalLink", "SuppressionReason", *_TIMES)
    ]
    return f"{record}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"

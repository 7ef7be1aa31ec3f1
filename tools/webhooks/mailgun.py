"""Mailgun's webhooks: one event a request; HMAC-SHA256 over timestamp and token, and not over the body.

So a seen signature would fit any other body: a token is accepted for one body only (`OnceToken`).
Source: Mailgun docs, "Securing webhooks" and "Event structure".
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

from domain.delivery import OUTBOX_ARGUMENT, BounceClass, MailEvent, MailEventKind, OnceToken, WebhookRequest
from domain.errors import WebhookRefused
from domain.people import SuppressionReason
from tools.webhooks.bounces import bounce_class
from tools.webhooks.proof import (
    MOST_ID_CHARS,
    an_object,
    moment,
    need_fresh,
    parsed,
    part,
    readable,
    same,
    words,
    words_or_none,
)

_KINDS = {
    "accepted": MailEventKind.QUEUED,
    "delivered": MailEventKind.DELIVERED,
    "rejected": MailEventKind.REJECTED,
    "failed": MailEventKind.BOUNCED,
    "opened": MailEventKind.OPENED,
    "clicked": MailEventKind.CLICKED,
    "unsubscribed": MailEventKind.UNSUBSCRIBED,
    "complained": MailEventKind.COMPLAINED,
    "stored": MailEventKind.INBOUND,
}
_SUPPRESSED = {
    "suppress-bounce": SuppressionReason.HARD_BOUNCE,
    "suppress-complaint": SuppressionReason.COMPLAINT,
    "suppress-unsubscribe": SuppressionReason.UNSUBSCRIBED,
}


class MailgunWebhook:
    """Verifies and reads Mailgun's events."""

    name = "mailgun"

    def __init__(self, signing_key: str) -> None:
        self._key = signing_key.encode()

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.Webhook`."""
        with readable(self.name):
            signature = part(an_object(parsed(request.body)), "signature")
        return check_token(self.name, self._key, signature, request.body, now)

    def read(self, request: WebhookRequest) -> tuple[MailEvent, ...]:
        """See `domain.ports.Webhook`."""
        with readable(self.name):
            return (self._event(an_object(parsed(request.body)["event-data"])),)

    def _event(self, one: dict[str, Any]) -> MailEvent:
        kind = _KINDS.get(words(one.get("event")).lower(), MailEventKind.UNKNOWN)
        status, reason = part(one, "delivery-status"), words(one.get("reason")).lower()
        stops = None
        if kind is MailEventKind.BOUNCED and words(one.get("severity")).lower() == "temporary":
            kind = MailEventKind.DEFERRED
        elif kind is MailEventKind.BOUNCED and reason in _SUPPRESSED:
            kind, stops = MailEventKind.REJECTED, _SUPPRESSED[reason]
        detail = words(status.get("message") or status.get("description") or one.get("reject"))
        client = part(one, "client-info")
        return MailEvent(
            provider=self.name,
            event_id=words(one["id"], MOST_ID_CHARS),
            kind=kind,
            at=moment(one["timestamp"]),
            address=words_or_none(one.get("recipient")),
            outbox_id=words_or_none(part(one, "user-variables").get(OUTBOX_ARGUMENT)),
            message_id=words_or_none(part(one, "message", "headers").get("message-id")),
            bounce=_class(status, reason, detail) if kind is MailEventKind.BOUNCED else None,
            stops=stops,
            detail=detail,
            url=words_or_none(one.get("url")),
            user_agent=words_or_none(client.get("user-agent")),
            is_machine=bool(words(client.get("bot"))),
            raw=one,
        )


def check_token(
    provider: str, key: bytes, signature: dict[str, Any], body: bytes, now: datetime
) -> OnceToken:
    """Check Mailgun's signature block, which events and inbound mail share.

    Raises:
        WebhookRefused: it does not fit, or is too old.

    """
    stamp, token = words(signature.get("timestamp")), words(signature.get("token"))
    expected = hmac.new(key, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not token or not same(words(signature.get("signature")), expected):
        raise WebhookRefused(provider, "its signature does not fit")
    need_fresh(provider, stamp, now)
    return OnceToken(token=token[:MOST_ID_CHARS], body_sha256=hashlib.sha256(body).hexdigest())


def _class(status: dict[str, Any], reason: str, detail: str) -> BounceClass:
    if reason == "old":  # given up after too many deferrals
        return BounceClass.SOFT
    said = f"{words(status.get('enhanced-code'))} {words(status.get('code'))} {detail}"
    return bounce_class(said, is_permanent=True)

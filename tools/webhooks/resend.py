"""Resend's webhooks: one event a request, signed by Svix (HMAC-SHA256 over id, timestamp and body).

Source: Resend docs, "Event types" and "Verify webhook requests"; Svix docs, "Verifying webhooks manually".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Any

from domain.delivery import OUTBOX_ARGUMENT, BounceClass, MailEvent, MailEventKind, OnceToken, WebhookRequest
from domain.errors import SettingsInvalid, WebhookRefused
from domain.people import SuppressionReason
from tools.webhooks import proof
from tools.webhooks.bounces import bounce_class

_KINDS = {
    "email.scheduled": MailEventKind.QUEUED,
    "email.sent": MailEventKind.SENT,
    "email.delivered": MailEventKind.DELIVERED,
    "email.delivery_delayed": MailEventKind.DEFERRED,
    "email.complained": MailEventKind.COMPLAINED,
    "email.bounced": MailEventKind.BOUNCED,
    "email.opened": MailEventKind.OPENED,
    "email.clicked": MailEventKind.CLICKED,
    "email.failed": MailEventKind.FAILED,
    "email.suppressed": MailEventKind.REJECTED,
    "email.received": MailEventKind.INBOUND,
}


class ResendWebhook:
    """Verifies and reads Resend's events."""

    name = "resend"

    def __init__(self, secret: str) -> None:
        """Take the signing secret as Resend shows it (`whsec_…`)."""
        try:
            self._key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError) as problem:
            raise SettingsInvalid(
                "ATTUNE_RESEND_WEBHOOK_SECRET is not a secret of the form whsec_…"
            ) from problem
        if not self._key:
            raise SettingsInvalid("ATTUNE_RESEND_WEBHOOK_SECRET is empty.")

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.Webhook`."""
        event_id = request.headers.get("svix-id", "")
        stamp = request.headers.get("svix-timestamp", "")
        signed = f"{event_id}.{stamp}.".encode() + request.body
        expected = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        given = [one.partition(",") for one in request.headers.get("svix-signature", "").split()]
        fits = [version == "v1" and proof.same(value, expected) for version, _, value in given]
        if not event_id or not any(fits):
            raise WebhookRefused(self.name, "its signature does not fit")
        proof.need_fresh(self.name, stamp, now)
        return None

    def read(self, request: WebhookRequest) -> tuple[MailEvent, ...]:
        """See `domain.ports.Webhook`."""
        with proof.readable(self.name):
            one = proof.an_object(proof.parsed(request.body))
            return (self._event(one, proof.words(request.headers["svix-id"], proof.MOST_ID_CHARS)),)

    def _event(self, one: dict[str, Any], event_id: str) -> MailEvent:
        kind = _KINDS.get(proof.words(one.get("type")), MailEventKind.UNKNOWN)
        told, bounce, click = (
            proof.part(one, "data"),
            proof.part(one, "data", "bounce"),
            proof.part(one, "data", "click"),
        )
        detail = proof.words(bounce.get("message") or proof.part(told, "failed").get("reason"))
        to = told.get("to")
        return MailEvent(
            provider=self.name,
            event_id=event_id,
            kind=kind,
            at=proof.moment(one["created_at"]),
            address=_address(to[0]) if isinstance(to, list) and to else proof.words_or_none(to),
            outbox_id=_tag(told.get("tags")),
            message_id=proof.words_or_none(told.get("message_id")),
            provider_message_id=proof.words_or_none(told.get("email_id")),
            bounce=_class(bounce, detail) if kind is MailEventKind.BOUNCED else None,
            stops=SuppressionReason.HARD_BOUNCE if kind is MailEventKind.REJECTED else None,
            detail=detail,
            url=proof.words_or_none(click.get("link")),
            user_agent=proof.words_or_none(click.get("userAgent")),
            raw=one,
        )


def _address(written: Any) -> str | None:
    said = proof.words(written)
    return said.rpartition("<")[2].rstrip("> ") or None


def _tag(tags: Any) -> str | None:
    """Our own id among the tags, which come as an object or as a list of name and value."""
    if isinstance(tags, list):
        tags = {proof.words(tag.get("name")): tag.get("value") for tag in tags if isinstance(tag, dict)}
    return proof.words_or_none(proof.part({"tags": tags}, "tags").get(OUTBOX_ARGUMENT))


def _class(bounce: dict[str, Any], detail: str) -> BounceClass:
    type_, sub = proof.words(bounce.get("type")).lower(), proof.words(bounce.get("subType")).lower()
    if type_ == "permanent":
        return BounceClass.HARD
    if "content" in sub or "attachment" in sub:
        return BounceClass.BLOCK
    if type_ in {"transient", "undetermined"}:
        return BounceClass.SOFT
    return bounce_class(detail, is_permanent=True)

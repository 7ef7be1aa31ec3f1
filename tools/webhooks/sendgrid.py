"""Twilio SendGrid's event webhook: a JSON list, signed with ECDSA P-256 over timestamp and body.

Source: Twilio docs, "Getting started with the event webhook security features" and "Event webhook reference".
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from domain.delivery import OUTBOX_ARGUMENT, BounceClass, MailEvent, MailEventKind, OnceToken, WebhookRequest
from domain.errors import SettingsInvalid, WebhookRefused
from domain.people import SuppressionReason
from tools.webhooks.bounces import bounce_class
from tools.webhooks.proof import (
    MOST_ID_CHARS,
    an_object,
    moment,
    need_fresh,
    parsed,
    readable,
    words,
    words_or_none,
)

_KINDS = {
    "processed": MailEventKind.QUEUED,
    "dropped": MailEventKind.REJECTED,
    "delivered": MailEventKind.DELIVERED,
    "deferred": MailEventKind.DEFERRED,
    "bounce": MailEventKind.BOUNCED,
    "open": MailEventKind.OPENED,
    "click": MailEventKind.CLICKED,
    "spamreport": MailEventKind.COMPLAINED,
    "unsubscribe": MailEventKind.UNSUBSCRIBED,
    "group_unsubscribe": MailEventKind.UNSUBSCRIBED,
    "group_resubscribe": MailEventKind.SUBSCRIBED,
}
_DROPPED_FOR = {
    "bounced address": SuppressionReason.HARD_BOUNCE,
    "invalid": SuppressionReason.HARD_BOUNCE,
    "unsubscribed address": SuppressionReason.UNSUBSCRIBED,
    "spam reporting address": SuppressionReason.COMPLAINT,
}
_CLASSES = {
    "invalid address": BounceClass.HARD,
    "content": BounceClass.BLOCK,
    "reputation": BounceClass.BLOCK,
    "technical": BounceClass.SOFT,
    "frequency or volume too high": BounceClass.SOFT,
    "mailbox unavailable": BounceClass.SOFT,
}


class SendGridWebhook:
    """Verifies and reads SendGrid's events."""

    name = "sendgrid"

    def __init__(self, public_key: str) -> None:
        """Take the verification key as SendGrid shows it (base64 of a DER public key)."""
        try:
            key = load_der_public_key(base64.b64decode(public_key, validate=True))
        except (binascii.Error, ValueError, UnsupportedAlgorithm) as problem:
            raise SettingsInvalid(
                "ATTUNE_SENDGRID_WEBHOOK_KEY is not SendGrid's verification key (base64 of a public key)."
            ) from problem
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise SettingsInvalid(
                "ATTUNE_SENDGRID_WEBHOOK_KEY is not a P-256 key, which SendGrid signs with."
            )
        self._key = key

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.Webhook`."""
        stamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
        signature = request.headers.get("x-twilio-email-event-webhook-signature", "")
        need_fresh(self.name, stamp, now)
        try:
            given = base64.b64decode(signature, validate=True)
            self._key.verify(given, stamp.encode() + request.body, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as problem:
            raise WebhookRefused(self.name, "its signature does not fit") from problem
        return None

    def read(self, request: WebhookRequest) -> tuple[MailEvent, ...]:
        """See `domain.ports.Webhook`."""
        with readable(self.name):
            told = parsed(request.body)
            if not isinstance(told, list):
                raise TypeError("a list of events was expected")
            return tuple(self._event(an_object(one)) for one in told)

    def _event(self, one: dict[str, Any]) -> MailEvent:
        kind = _KINDS.get(words(one.get("event")).lower(), MailEventKind.UNKNOWN)
        detail = words(one.get("reason") or one.get("response"))
        return MailEvent(
            provider=self.name,
            event_id=words(one["sg_event_id"], MOST_ID_CHARS),
            kind=kind,
            at=moment(one["timestamp"]),
            address=words_or_none(one.get("email")),
            outbox_id=words_or_none(one.get(OUTBOX_ARGUMENT)),
            message_id=words_or_none(one.get("smtp-id")),
            # The id the API returned is the part before the first dot.
            provider_message_id=words(one.get("sg_message_id")).partition(".")[0] or None,
            bounce=_class(one, detail) if kind is MailEventKind.BOUNCED else None,
            stops=_DROPPED_FOR.get(detail.lower()) if kind is MailEventKind.REJECTED else None,
            detail=detail,
            url=words_or_none(one.get("url")),
            user_agent=words_or_none(one.get("useragent")),
            is_machine=one.get("sg_machine_open") is True,
            raw=one,
        )


def _class(one: dict[str, Any], detail: str) -> BounceClass:
    named = _CLASSES.get(words(one.get("bounce_classification")).lower())
    if named is not None:
        return named
    said = bounce_class(f"{words(one.get('status'))} {detail}", is_permanent=True)
    # What SendGrid calls a block never says that the address is gone.
    is_block = one.get("type") == "blocked" and said is BounceClass.HARD
    return BounceClass.BLOCK if is_block else said

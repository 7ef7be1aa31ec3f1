"""Amazon SES's events, which come through an SNS topic (HTTPS subscription, raw delivery off).

Source: AWS docs, "Contents of Amazon SES event data" and "Examples of event data".
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from domain.delivery import OUTBOX_ARGUMENT, BounceClass, MailEvent, MailEventKind, OnceToken, WebhookRequest
from domain.errors import SettingsInvalid
from tools.webhooks.bounces import bounce_class
from tools.webhooks.proof import (
    MOST_ID_CHARS,
    an_object,
    moment,
    parsed,
    part,
    readable,
    words,
    words_or_none,
)
from tools.webhooks.sns import Fetch, SnsEnvelope, is_topic

_KINDS = {
    "Send": MailEventKind.SENT,
    "Delivery": MailEventKind.DELIVERED,
    "DeliveryDelay": MailEventKind.DEFERRED,
    "Bounce": MailEventKind.BOUNCED,
    "Complaint": MailEventKind.COMPLAINED,
    "Reject": MailEventKind.REJECTED,
    "Rendering Failure": MailEventKind.FAILED,
    "Open": MailEventKind.OPENED,
    "Click": MailEventKind.CLICKED,
    "Subscription": MailEventKind.UNKNOWN,
}
_PARTS = {
    "Send": "send",
    "Delivery": "delivery",
    "DeliveryDelay": "deliveryDelay",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Reject": "reject",
    "Rendering Failure": "failure",
    "Open": "open",
    "Click": "click",
    "Subscription": "subscription",
}
_RECIPIENTS = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")


class SesWebhook:
    """Verifies and reads Amazon SES's events, and confirms our subscription to their topic."""

    name = "ses"

    def __init__(self, topic: str, fetch: Fetch) -> None:
        if not is_topic(topic):
            raise SettingsInvalid("ATTUNE_SES_TOPIC_ARN is not the ARN of an SNS topic (arn:aws:sns:…).")
        self._sns = SnsEnvelope(self.name, topic, fetch)

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.Webhook`."""
        with readable(self.name):
            envelope = an_object(parsed(request.body))
        self._sns.verify(envelope, now)
        return None

    def read(self, request: WebhookRequest) -> tuple[MailEvent, ...]:
        """See `domain.ports.Webhook`. A request to confirm our subscription is answered and has no events."""
        with readable(self.name):
            envelope = an_object(parsed(request.body))
            if envelope["Type"] == "SubscriptionConfirmation":
                self._sns.confirm(envelope)
                return ()
            if envelope["Type"] != "Notification":
                return ()
            try:
                told = json.loads(envelope["Message"])
            except ValueError:
                return ()  # "Successfully validated SNS topic …": words for people, no event
            return tuple(self._events(an_object(told), envelope))

    def _events(self, told: dict[str, Any], envelope: dict[str, Any]) -> list[MailEvent]:
        type_ = words(told.get("eventType") or told.get("notificationType"))
        kind, said, mail = (
            _KINDS.get(type_, MailEventKind.UNKNOWN),
            part(told, _PARTS.get(type_, "")),
            part(told, "mail"),
        )
        if type_ == "Complaint" and words(said.get("complaintFeedbackType")) == "not-spam":
            kind = MailEventKind.UNKNOWN
        if type_ == "Subscription" and part(said, "newTopicPreferences").get("unsubscribeAll") is True:
            kind = MailEventKind.UNSUBSCRIBED
        recipients = next((said[name] for name in _RECIPIENTS if said.get(name)), mail.get("destination"))
        people = recipients if isinstance(recipients, list) and recipients else [None]
        tags = part(mail, "tags").get(OUTBOX_ARGUMENT)
        events = []
        for number, person in enumerate(people):
            about = person if isinstance(person, dict) else {"emailAddress": person}
            detail = words(about.get("diagnosticCode") or said.get("smtpResponse") or said.get("reason"))
            envelope_id = words(envelope["MessageId"], MOST_ID_CHARS)
            events.append(
                MailEvent(
                    provider=self.name,
                    event_id=f"{envelope_id}-{number}" if number else envelope_id,
                    kind=kind,
                    at=moment(said.get("timestamp") or mail.get("timestamp") or envelope["Timestamp"]),
                    address=words_or_none(about.get("emailAddress")),
                    outbox_id=words_or_none(tags[0])
                    if isinstance(tags, list) and tags
                    else words_or_none(tags),
                    message_id=words_or_none(part(mail, "commonHeaders").get("messageId")),
                    provider_message_id=words_or_none(mail.get("messageId")),
                    bounce=_class(said, f"{words(about.get('status'))} {detail}")
                    if kind is MailEventKind.BOUNCED
                    else None,
                    detail=detail,
                    url=words_or_none(said.get("link")),
                    user_agent=words_or_none(said.get("userAgent")),
                    raw=told,
                )
            )
        return events


def _class(bounce: dict[str, Any], detail: str) -> BounceClass:
    type_, sub = words(bounce.get("bounceType")), words(bounce.get("bounceSubType"))
    if type_ == "Permanent":
        return BounceClass.HARD
    if sub in {"ContentRejected", "AttachmentRejected"}:
        return BounceClass.BLOCK
    if type_ in {"Transient", "Undetermined"}:
        return BounceClass.SOFT
    return bounce_class(detail, is_permanent=False)

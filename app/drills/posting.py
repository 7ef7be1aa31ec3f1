"""Plays the providers: signs events the way each one documents it, so that ours can be tried without them.

Written from the providers' public documentation, not recorded from their services.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from domain.delivery import OUTBOX_ARGUMENT, BounceClass, MailEventKind, WebhookRequest

TOPIC = "arn:aws:sns:eu-west-1:123456789012:attune-events"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
WORDS = {
    BounceClass.HARD: "550 5.1.1 The email account that you tried to reach does not exist.",
    BounceClass.SOFT: "452 4.2.2 The mailbox is full.",
    BounceClass.BLOCK: "550 5.7.1 Message blocked due to poor reputation.",
}


class Told(NamedTuple):
    """One event as a provider knows it."""

    event_id: str
    kind: MailEventKind
    at: datetime
    address: str
    outbox_id: str
    bounce: BounceClass | None = None
    url: str = "https://www.acme.example/guide"
    agent: str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15"


class Poster(Protocol):
    """One provider."""

    name: str

    def settings(self) -> dict[str, str]:
        """The settings with which our side believes this provider."""
        ...

    def post(self, events: Sequence[Told], now: datetime) -> list[WebhookRequest]:
        """Return the requests in which this provider tells these events."""
        ...


class SendGrid:
    """Several events a request, signed over timestamp and body."""

    name = "sendgrid"
    _NAMES = {  # noqa: RUF012
        MailEventKind.DELIVERED: "delivered",
        MailEventKind.DEFERRED: "deferred",
        MailEventKind.BOUNCED: "bounce",
        MailEventKind.OPENED: "open",
        MailEventKind.CLICKED: "click",
        MailEventKind.COMPLAINED: "spamreport",
        MailEventKind.UNSUBSCRIBED: "unsubscribe",
    }

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def settings(self) -> dict[str, str]:
        """See `Poster`."""
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"sendgrid_webhook_key": base64.b64encode(public).decode()}

    def post(self, events: Sequence[Told], now: datetime) -> list[WebhookRequest]:
        """See `Poster`."""
        told = [
            {
                "email": one.address,
                "timestamp": int(one.at.timestamp()),
                "event": self._NAMES[one.kind],
                "sg_event_id": one.event_id,
                "sg_message_id": f"sg{one.outbox_id}.filter0425.0",
                OUTBOX_ARGUMENT: one.outbox_id,
                "useragent": one.agent,
                **({"url": one.url} if one.kind is MailEventKind.CLICKED else {}),
                **(
                    {
                        "reason": WORDS[one.bounce],
                        "type": "blocked" if one.bounce is BounceClass.BLOCK else "bounce",
                    }
                    if one.bounce
                    else {}
                ),
            }
            for one in events
        ]
        body, stamp = json.dumps(told).encode(), str(int(now.timestamp()))
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "x-twilio-email-event-webhook-timestamp": stamp,
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        }
        return [WebhookRequest(headers=headers, body=body)]


class Mailgun:
    """One event a request, signed over timestamp and token."""

    name = "mailgun"
    _NAMES = {  # noqa: RUF012
        MailEventKind.DELIVERED: "delivered",
        MailEventKind.DEFERRED: "failed",
        MailEventKind.BOUNCED: "failed",
        MailEventKind.OPENED: "opened",
        MailEventKind.CLICKED: "clicked",
        MailEventKind.COMPLAINED: "complained",
        MailEventKind.UNSUBSCRIBED: "unsubscribed",
    }
    key = "key-mailgun-signing"

    def settings(self) -> dict[str, str]:
        """See `Poster`."""
        return {"mailgun_signing_key": self.key}

    def post(self, events: Sequence[Told], now: datetime) -> list[WebhookRequest]:
        """See `Poster`."""
        return [self._one(one, now) for one in events]

    def _one(self, one: Told, now: datetime) -> WebhookRequest:
        stamp = str(int(now.timestamp()))
        token = hashlib.sha256(f"{one.event_id}{stamp}".encode()).hexdigest()[:50]
        signature = hmac.new(self.key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        said = WORDS[one.bounce] if one.bounce else ""
        told = {
            "event": self._NAMES[one.kind],
            "id": one.event_id,
            "timestamp": one.at.timestamp(),
            "recipient": one.address,
            "severity": "temporary" if one.kind is MailEventKind.DEFERRED else "permanent",
            "message": {"headers": {"message-id": f"{one.outbox_id}@acme.example"}},
            "user-variables": {OUTBOX_ARGUMENT: one.outbox_id},
            "delivery-status": {"code": int(said[:3]) if said else 250, "message": said},
            "client-info": {"user-agent": one.agent},
            "url": one.url,
        }
        signed = {"timestamp": stamp, "token": token, "signature": signature}
        body = json.dumps({"signature": signed, "event-data": told}).encode()
        return WebhookRequest(headers={}, body=body)


class Postmark:
    """One event a request, with a user name and a password."""

    name = "postmark"
    _BOUNCES = {BounceClass.HARD: "HardBounce", BounceClass.SOFT: "SoftBounce", BounceClass.BLOCK: "Blocked"}  # noqa: RUF012

    def settings(self) -> dict[str, str]:
        """See `Poster`."""
        return {"postmark_webhook_username": "hook", "postmark_webhook_password": "a long secret"}

    def post(self, events: Sequence[Told], now: datetime) -> list[WebhookRequest]:
        """See `Poster`."""
        authorization = "Basic " + base64.b64encode(b"hook:a long secret").decode()
        return [
            WebhookRequest(
                headers={"authorization": authorization}, body=json.dumps(self._record(one)).encode()
            )
            for one in events
        ]

    def _record(self, one: Told) -> dict[str, Any]:
        at, shared = (
            one.at.isoformat(),
            {"MessageID": f"pm-{one.outbox_id}", "Metadata": {OUTBOX_ARGUMENT: one.outbox_id}},
        )
        by_id = {**shared, "ID": one.event_id, "Email": one.address, "BouncedAt": at}
        read = {**shared, "Recipient": one.address, "ReceivedAt": at, "UserAgent": one.agent}
        kind = one.kind
        if kind is MailEventKind.BOUNCED and one.bounce:
            return {
                "RecordType": "Bounce",
                "Type": self._BOUNCES[one.bounce],
                "Details": WORDS[one.bounce],
                **by_id,
            }
        if kind is MailEventKind.DEFERRED:
            return {"RecordType": "Bounce", "Type": "Unconfirmed", **by_id}
        if kind is MailEventKind.COMPLAINED:
            return {"RecordType": "SpamComplaint", **by_id}
        if kind is MailEventKind.UNSUBSCRIBED:
            change = {"ChangedAt": at, "SuppressSending": True, "SuppressionReason": "ManualSuppression"}
            return {"RecordType": "SubscriptionChange", "Recipient": one.address, **shared, **change}
        if kind is MailEventKind.DELIVERED:
            return {"RecordType": "Delivery", "Recipient": one.address, "DeliveredAt": at, **shared}
        if kind is MailEventKind.CLICKED:
            return {"RecordType": "Click", "OriginalLink": one.url, **read}
        return {"RecordType": "Open", **read}


class Resend:
    """One event a request, signed by Svix."""

    name = "resend"
    _NAMES = {  # noqa: RUF012
        MailEventKind.DELIVERED: "email.delivered",
        MailEventKind.DEFERRED: "email.delivery_delayed",
        MailEventKind.BOUNCED: "email.bounced",
        MailEventKind.OPENED: "email.opened",
        MailEventKind.CLICKED: "email.clicked",
        MailEventKind.COMPLAINED: "email.complained",
        MailEventKind.UNSUBSCRIBED: "email.suppressed",
    }
    _BOUNCES = {  # noqa: RUF012
        BounceClass.HARD: {"type": "Permanent", "subType": "General"},
        BounceClass.SOFT: {"type": "Transient", "subType": "MailboxFull"},
        BounceClass.BLOCK: {"type": "Transient", "subType": "ContentRejected"},
    }
    key = b"a resend signing secret"

    def settings(self) -> dict[str, str]:
        """See `Poster`."""
        return {"resend_webhook_secret": "whsec_" + base64.b64encode(self.key).decode()}

    def post(self, events: Sequence[Told], now: datetime) -> list[WebhookRequest]:
        """See `Poster`."""
        return [self._one(one, now) for one in events]

    def _one(self, one: Told, now: datetime) -> WebhookRequest:
        told = {
            "type": self._NAMES[one.kind],
            "created_at": one.at.isoformat(),
            "data": {
                "email_id": f"re-{one.outbox_id}",
                "to": [one.address],
                "tags": {OUTBOX_ARGUMENT: one.outbox_id},
                **({"bounce": self._BOUNCES[one.bounce]} if one.bounce else {}),
                **(
                    {"click": {"link": one.url, "userAgent": one.agent}}
                    if one.kind is MailEventKind.CLICKED
                    else {}
                ),
            },
        }
        body, stamp = json.dumps(told).encode(), str(int(now.timestamp()))
        signed = f"{one.event_id}.{stamp}.".encode() + body
        signature = base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()
        headers = {
            "svix-id": one.event_id,
            "svix-timestamp": stamp,
            "svix-signature": f"v1,{base64.b64encode(b'another key of ours').decode()} v1,{signature}",
        }
        return [WebhookRequest(headers=headers, body=body)][0]


class Ses:
    """One event a request, in Amazon SNS's signed envelope."""

    name = "ses"
    _BOUNCES = {  # noqa: RUF012
        BounceClass.HARD: ("Permanent", "General"),
        BounceClass.SOFT: ("Transient", "MailboxFull"),
        BounceClass.BLOCK: ("Transient", "ContentRejected"),
    }

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
            .sign(self._key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )
        self.asked: list[str] = []

    def settings(self) -> dict[str, str]:
        """See `Poster`."""
        return {"ses_topic_arn": TOPIC}

    def fetch(self, url: str) -> bytes:
        """Answer in Amazon's place what our side asks for."""
        self.asked.append(url)
        return self.certificate

    def post(self, events: Sequence[Told], now: datetime) -> list[WebhookRequest]:
        """See `Poster`."""
        return [self.envelope(self._event(one), now, one.event_id) for one in events]

    def envelope(self, told: Any, now: datetime, message_id: str, **changes: Any) -> WebhookRequest:
        """Sign one envelope; `changes` are made before the signature."""
        message = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": TOPIC,
            "Message": json.dumps(told),
            "Timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
            **changes,
        }
        names = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        message["Signature"] = base64.b64encode(signature).decode()
        return WebhookRequest(headers={}, body=json.dumps(message).encode())

    def _event(self, one: Told) -> dict[str, Any]:
        at, people = one.at.isoformat(), [{"emailAddress": one.address}]
        mail = {
            "timestamp": at,
            "messageId": f"ses-{one.outbox_id}",
            "destination": [one.address],
            "tags": {OUTBOX_ARGUMENT: [one.outbox_id]},
        }
        kind = one.kind
        if kind is MailEventKind.BOUNCED and one.bounce:
            type_, sub = self._BOUNCES[one.bounce]
            bounce = {"bounceType": type_, "bounceSubType": sub, "bouncedRecipients": people, "timestamp": at}
            return {"eventType": "Bounce", "mail": mail, "bounce": bounce}
        if kind is MailEventKind.COMPLAINED:
            complaint = {"complainedRecipients": people, "timestamp": at, "complaintFeedbackType": "abuse"}
            return {"eventType": "Complaint", "mail": mail, "complaint": complaint}
        if kind is MailEventKind.UNSUBSCRIBED:
            preferences = {"timestamp": at, "newTopicPreferences": {"unsubscribeAll": True}}
            return {"eventType": "Subscription", "mail": mail, "subscription": preferences}
        if kind is MailEventKind.CLICKED:
            click = {"link": one.url, "timestamp": at, "userAgent": one.agent}
            return {"eventType": "Click", "mail": mail, "click": click}
        names = {
            MailEventKind.DELIVERED: ("Delivery", "delivery"),
            MailEventKind.DEFERRED: ("DeliveryDelay", "deliveryDelay"),
            MailEventKind.OPENED: ("Open", "open"),
        }
        type_, part = names[kind]
        return {"eventType": type_, "mail": mail, part: {"timestamp": at, "userAgent": one.agent}}


def forged(genuine: WebhookRequest, poster: Poster, now: datetime, rng: random.Random) -> WebhookRequest:
    """Return a request our side must refuse: altered, unsigned, wrongly signed, stale, or a token used again."""
    way = rng.choice(("altered", "unsigned", "stale", "signed by another"))
    if way == "altered" and poster.name != "postmark":
        # For Mailgun, whose signature leaves out the body, this is a seen token under other words.
        return WebhookRequest(headers=genuine.headers, body=genuine.body.replace(b"@", b"@evil.", 1))
    if way == "unsigned":
        return WebhookRequest(
            headers={},
            body=genuine.body.replace(b'"signature"', b'"unsigned"').replace(b'"Signature"', b'"Unsigned"'),
        )
    event = Told("forged", MailEventKind.UNSUBSCRIBED, now, "victim@acme.example", "o_1")
    if way == "stale" and poster.name != "postmark":
        return poster.post([event], now - timedelta(minutes=61))[0]
    stranger = type(poster)()
    if isinstance(stranger, Mailgun | Resend):
        stranger.key = stranger.key[::-1]
    request = stranger.post([event], now)[0]
    if isinstance(poster, Postmark):
        wrong = "Basic " + base64.b64encode(b"hook:a wrong secret").decode()
        return WebhookRequest(headers={"authorization": wrong}, body=request.body)
    return request


def posters() -> tuple[Poster, ...]:
    """Every provider."""
    return (SendGrid(), Mailgun(), Postmark(), Resend(), Ses())

"""Amazon SNS's envelope: signed JSON whose certificate is fetched from Amazon's own host and nowhere else.

The certificate's address stands in the message, so it is data: host and path are pinned, the look-up goes
through the egress guard. A subscription is confirmed only for the topic that was configured, at an address
built here; the one in the message is never followed.
Source: AWS docs, "Verifying the signatures of Amazon SNS messages".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from domain.errors import WebhookRefused
from tools.webhooks.proof import moment, need_near, readable, same, words

MOST_AGE = timedelta(hours=1)
"""SNS tries for long when we are away, with the time of its first try, and never again once it was refused. The
signature covers the MessageId, so that a replay is a repeat and changes nothing."""

Fetch = Callable[[str], bytes]
"""Returns what stands at an address. Raises `AddressRefused` or `OSError`."""

_TOPIC = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:sns:(?P<region>[a-z0-9-]{4,30}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}"
)
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{8,64}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


def is_topic(arn: str) -> bool:
    """Tell whether this is the name (ARN) of an SNS topic."""
    return _TOPIC.fullmatch(arn) is not None


class SnsEnvelope:
    """Verifies envelopes of one topic, and confirms our subscription to it."""

    def __init__(self, provider: str, topic: str, fetch: Fetch) -> None:
        found = _TOPIC.fullmatch(topic)
        if not found:
            raise ValueError(f"{topic!r} is not the ARN of an SNS topic")
        suffix = ".cn" if topic.startswith("arn:aws-cn:") else ""
        self._host = f"sns.{found['region']}.amazonaws.com{suffix}"
        self._provider, self._topic, self._fetch = provider, topic, fetch
        # Keyed by the pinned address; a handful of them in years, so forged ones push out nothing of worth.
        self._certificate = lru_cache(maxsize=8)(self._load)

    def verify(self, envelope: dict[str, Any], now: datetime) -> None:
        """Refuse an envelope that Amazon did not sign for this topic just now."""
        if not same(words(envelope.get("TopicArn")), self._topic):
            raise WebhookRefused(self._provider, "it is of another topic than ATTUNE_SES_TOPIC_ARN")
        names = _SIGNED.get(words(envelope.get("Type")))
        if names is None:
            raise WebhookRefused(self._provider, "its type is none of Amazon SNS's")
        with readable(self._provider):
            need_near(self._provider, moment(envelope["Timestamp"]), now, MOST_AGE)
        algorithms: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - SNS's own choice
        algorithm = algorithms.get(words(envelope.get("SignatureVersion")))
        if algorithm is None:
            raise WebhookRefused(self._provider, "its signature version is unknown")
        key = self._certificate(self._pinned(words(envelope.get("SigningCertURL"))))
        try:
            given = base64.b64decode(str(envelope.get("Signature", "")), validate=True)
            key.verify(given, _canonical(envelope, names), padding.PKCS1v15(), algorithm)
        except (InvalidSignature, binascii.Error, ValueError) as problem:
            raise WebhookRefused(self._provider, "its signature does not fit") from problem

    def confirm(self, envelope: dict[str, Any]) -> None:
        """Confirm the subscription a verified envelope asks about."""
        asked = {"Action": "ConfirmSubscription", "TopicArn": self._topic, "Token": str(envelope["Token"])}
        self._fetch(f"https://{self._host}/?{urlencode(asked)}")

    def _pinned(self, url: str) -> str:
        parts = urlsplit(url)
        is_pinned = (
            parts.scheme == "https"
            and parts.netloc == self._host
            and _CERTIFICATE_PATH.fullmatch(parts.path) is not None
            and not parts.query
            and not parts.fragment
        )
        if not is_pinned:
            raise WebhookRefused(self._provider, f"its certificate is not at {self._host}")
        return url

    def _load(self, url: str) -> rsa.RSAPublicKey:
        try:
            certificate = x509.load_pem_x509_certificate(self._fetch(url))
        except ValueError as problem:
            raise WebhookRefused(self._provider, "its certificate cannot be read") from problem
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise WebhookRefused(self._provider, "its certificate has no RSA key")
        return key


def _canonical(envelope: dict[str, Any], names: tuple[str, ...]) -> bytes:
    """What Amazon signs: name and value on lines of their own, in order, absent ones left out."""
    lines = [f"{name}\n{envelope[name]}\n" for name in names if envelope.get(name) is not None]
    return "".join(lines).encode("utf-8", "surrogatepass")

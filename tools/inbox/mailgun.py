"""Mail that a Mailgun route posts to us, signed like its events. Source: Mailgun docs, "Receiving messages".

An address that ends in `mime` gets the whole mail (`body-mime`); any other gets its fields.
"""

from __future__ import annotations

import json
from datetime import datetime

from domain.base import utc_now
from domain.delivery import InboundMail, OnceToken, WebhookRequest
from domain.ports import Clock
from tools.inbox.letters import read_mail
from tools.inbox.posted import form_fields, put_together
from tools.webhooks.mailgun import check_token
from tools.webhooks.proof import readable


class MailgunInbound:
    """Reads one mail a request."""

    name = "mailgun"

    def __init__(self, signing_key: str, clock: Clock = utc_now) -> None:
        self._key, self._clock = signing_key.encode(), clock

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.InboundHook`."""
        with readable(self.name):
            fields = form_fields(request)
        signed = {name: _said(fields, name) for name in ("timestamp", "token", "signature")}
        return check_token(self.name, self._key, signed, request.body, now)

    def read(self, request: WebhookRequest) -> tuple[InboundMail, ...]:
        """See `domain.ports.InboundHook`."""
        with readable(self.name):
            fields = form_fields(request)
            if fields.get("body-mime"):
                return (read_mail(fields["body-mime"], self.name, self._clock()),)
            pairs = json.loads(fields["message-headers"]) if fields.get("message-headers") else []
            headers = [(str(name), str(value)) for name, value in pairs]
            named = [
                (name, _said(fields, name)) for name in ("Message-Id", "In-Reply-To", "References", "Date")
            ]
            return (
                put_together(
                    [*headers, *((name, value) for name, value in named if value)],
                    from_line=_said(fields, "from") or _said(fields, "sender"),
                    to_line=_said(fields, "recipient"),
                    subject=_said(fields, "subject"),
                    text=_said(fields, "body-plain"),
                    markup=_said(fields, "body-html"),
                    source=self.name,
                    now=self._clock(),
                ),
            )


def _said(fields: dict[str, bytes], name: str) -> str:
    return fields.get(name, b"").decode("utf-8", "replace")

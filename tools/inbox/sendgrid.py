"""Mail that SendGrid's Inbound Parse posts to us. Source: Twilio docs, "Setting up the Inbound Parse webhook".

Inbound Parse is protected by a user name and a password in the address it posts to, which it sends as basic
authentication. "POST the raw, full MIME message" is understood, and so are the fields it sends otherwise.
"""

from __future__ import annotations

from datetime import datetime
from email import message_from_string

from domain.base import utc_now
from domain.delivery import InboundMail, OnceToken, WebhookRequest
from domain.ports import Clock
from tools.inbox.letters import read_mail
from tools.inbox.posted import form_fields, put_together
from tools.webhooks.proof import need_basic_auth, readable


class SendGridInbound:
    """Reads one mail a request."""

    name = "sendgrid"

    def __init__(self, username: str, password: str, clock: Clock = utc_now) -> None:
        self._username, self._password, self._clock = username, password, clock

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.InboundHook`."""
        need_basic_auth(self.name, request, self._username, self._password)
        return None

    def read(self, request: WebhookRequest) -> tuple[InboundMail, ...]:
        """See `domain.ports.InboundHook`."""
        with readable(self.name):
            fields = form_fields(request)
            if fields.get("email"):
                return (read_mail(fields["email"], self.name, self._clock()),)
            said = {name: value.decode("utf-8", "replace") for name, value in fields.items()}
            headers = message_from_string(said.get("headers", ""))
            return (
                put_together(
                    [(name, str(value)) for name, value in headers.items()],
                    from_line=said["from"],
                    to_line=said.get("to", ""),
                    subject=said.get("subject", ""),
                    text=said.get("text", ""),
                    markup=said.get("html", ""),
                    source=self.name,
                    now=self._clock(),
                ),
            )

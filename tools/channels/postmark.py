"""Postmark through its Email API: fields, no raw MIME.

Kept: sender, recipient, Reply-To, subject, both bodies, List-Unsubscribe and its Post, X-Attune-Id, and the
Message-ID (`X-PM-KeepID`). Postmark writes the MIME itself and signs it. On a broadcast stream it adds an
unsubscribe link of its own unless custom handling is switched on for the stream.
Source: Postmark developer docs, "Email API", "API overview" and "Messages API".
"""

from __future__ import annotations

from email.utils import formataddr

import httpx

from domain.base import utc_now
from domain.delivery import OUTBOX_ARGUMENT
from domain.errors import NotSent
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime
from tools.channels.provider_api import (
    ProviderApi,
    answer_id,
    answer_object,
    other_headers,
    outbox_id_in,
)

URL = "https://api.postmarkapp.com"


class PostmarkChannel:
    """Hands messages to Postmark. `find` says yes where the message is listed, never no: the list lags."""

    name = "postmark"

    def __init__(
        self,
        token: str,
        stream: str = "broadcast",
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._headers = {"X-Postmark-Server-Token": token, "Accept": "application/json"}
        self._stream = stream
        self._clock = clock
        self._api = ProviderApi("Postmark", timeout_seconds, transport)

    async def send(self, message: Message) -> Receipt:
        """See `domain.ports.Channel`."""
        now = self._clock()
        to_mime(message, now)  # refuses what must not stand in a header (C-25)
        headers = {**other_headers(message), "X-PM-KeepID": "true"}
        fields = {
            "From": formataddr((message.from_name, message.from_address)),
            "To": formataddr((message.to_name, message.to_address)),
            **({"ReplyTo": message.reply_to} if message.reply_to else {}),
            "Subject": message.subject,
            "TextBody": message.text,
            "HtmlBody": message.html,
            "MessageStream": self._stream,
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            "Metadata": {OUTBOX_ARGUMENT: outbox_id_in(message)},
        }
        answer = await self._api.post(f"{URL}/email", headers=self._headers, json=fields)
        told = answer_object("Postmark", answer)
        if told.get("ErrorCode"):
            raise NotSent(
                f"Postmark said {told['ErrorCode']} {str(told.get('Message'))[:300]}", is_transient=False
            )
        return Receipt(
            provider=self.name,
            provider_message_id=answer_id("Postmark", told.get("MessageID")),
            accepted_at=now,
            detail=str(told.get("Message", "")),
        )

    async def find(self, message: Message) -> bool | None:
        """See `domain.ports.Channel`."""
        asked = {"count": "1", "offset": "0", f"metadata_{OUTBOX_ARGUMENT}": outbox_id_in(message)}
        told = await self._api.ask(f"{URL}/messages/outbound", headers=self._headers, params=asked)
        return True if told and told.get("TotalCount") else None

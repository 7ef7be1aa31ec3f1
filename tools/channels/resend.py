"""Resend through its Emails API: fields, no raw MIME; our id is the idempotency key.

Kept: sender, recipient, Reply-To, subject, both bodies, List-Unsubscribe and its Post, X-Attune-Id, Message-ID.
Resend writes the MIME itself and signs it. Source: Resend API reference, "Send email", "Errors", "Idempotency keys".
"""

from __future__ import annotations

from email.utils import formataddr

import httpx

from domain.base import utc_now
from domain.delivery import OUTBOX_ARGUMENT
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

URL = "https://api.resend.com/emails"


class ResendChannel:
    """Hands messages to Resend. `find` cannot tell: messages are looked up by Resend's own id only."""

    name = "resend"

    def __init__(
        self,
        api_key: str,
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api_key = api_key
        self._clock = clock
        self._api = ProviderApi("Resend", timeout_seconds, transport)

    async def send(self, message: Message) -> Receipt:
        """See `domain.ports.Channel`."""
        now = self._clock()
        to_mime(message, now)  # refuses what must not stand in a header (C-25)
        fields = {
            "from": formataddr((message.from_name, message.from_address)),
            "to": [formataddr((message.to_name, message.to_address))],
            **({"reply_to": message.reply_to} if message.reply_to else {}),
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "headers": other_headers(message),
            "tags": [{"name": OUTBOX_ARGUMENT, "value": outbox_id_in(message)}],
        }
        headers = {"Authorization": f"Bearer {self._api_key}", "Idempotency-Key": outbox_id_in(message)}
        answer = await self._api.post(URL, headers=headers, json=fields)
        told = answer_object("Resend", answer)
        return Receipt(
            provider=self.name,
            provider_message_id=answer_id("Resend", told.get("id")),
            accepted_at=now,
            detail=str(answer.status_code),
        )

    async def find(self, message: Message) -> bool | None:
        """Always None."""
        return None

"""Twilio SendGrid through its v3 Mail Send API: fields, no raw MIME.

Kept: sender, recipient, Reply-To, subject, both bodies, List-Unsubscribe and its Post, X-Attune-Id, Message-ID.
SendGrid writes the MIME itself and signs it with its own DKIM key. Its own unsubscribe links are turned off:
ours are in the message. Source: Twilio docs, "Mail Send" API reference.
"""

from __future__ import annotations

import httpx

from domain.base import utc_now
from domain.delivery import OUTBOX_ARGUMENT
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime
from tools.channels.provider_api import ProviderApi, answer_id, other_headers, outbox_id_in

URL = "https://api.sendgrid.com/v3/mail/send"


class SendGridChannel:
    """Hands messages to SendGrid. `find` cannot tell: looking messages up is an extra SendGrid sells."""

    name = "sendgrid"

    def __init__(
        self,
        api_key: str,
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api_key = api_key
        self._clock = clock
        self._api = ProviderApi("SendGrid", timeout_seconds, transport)

    async def send(self, message: Message) -> Receipt:
        """See `domain.ports.Channel`."""
        now = self._clock()
        to_mime(message, now)  # refuses what must not stand in a header (C-25)
        fields = {
            "personalizations": [{"to": [_mailbox(message.to_address, message.to_name)]}],
            "from": _mailbox(message.from_address, message.from_name),
            **({"reply_to": _mailbox(message.reply_to)} if message.reply_to else {}),
            "subject": message.subject,
            "content": [
                {"type": "text/plain", "value": message.text},
                {"type": "text/html", "value": message.html},
            ],
            "headers": other_headers(message),
            "custom_args": {OUTBOX_ARGUMENT: outbox_id_in(message)},
            "tracking_settings": {"subscription_tracking": {"enable": False}},
        }
        headers = {"Authorization": f"Bearer {self._api_key}"}
        answer = await self._api.post(URL, headers=headers, json=fields)
        return Receipt(
            provider=self.name,
            provider_message_id=answer_id("SendGrid", answer.headers.get("x-message-id")),
            accepted_at=now,
            detail=str(answer.status_code),
        )

    async def find(self, message: Message) -> bool | None:
        """Always None."""
        return None


def _mailbox(address: str, name: str = "") -> dict[str, str]:
    return {"email": address, **({"name": name} if name else {})}

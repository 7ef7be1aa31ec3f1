"""Twilio SendGrid through its v3 Mail Send API: fields, no raw MIME.

Kept: sender, recipient, Reply-To, subject, both bodies, List-Unsubscribe and its Post, X-Attune-Id, Message-ID.
SendGrid writes the MIME itself and signs it with its own DKIM key. Its own unsubscribe links are turned off:
ours are in the message. Source: Twilio docs, "Mail Send" API reference.
"""

from __future__ import annotations

from typing import Any

import httpx

from domain.delivery import OUTBOX_ARGUMENT
from domain.message import Message
from tools.channels.fields_channel import FieldsChannel
from tools.channels.provider_api import answer_id, other_headers, outbox_id_in


class SendGridChannel(FieldsChannel):
    """Hands messages to SendGrid. `find` cannot tell: looking messages up is an extra SendGrid sells."""

    name = "sendgrid"
    label = "SendGrid"
    url = "https://api.sendgrid.com/v3/mail/send"

    def fields(self, message: Message) -> dict[str, Any]:
        """The message in SendGrid's words."""
        return {
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

    def given_id(self, answer: httpx.Response) -> str:
        """The `X-Message-Id` of its answer."""
        return answer_id(self.label, answer.headers.get("x-message-id"))


def _mailbox(address: str, name: str = "") -> dict[str, str]:
    return {"email": address, **({"name": name} if name else {})}

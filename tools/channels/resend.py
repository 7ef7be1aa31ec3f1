"""Resend through its Emails API: fields, no raw MIME; our id is the idempotency key.

Kept: sender, recipient, Reply-To, subject, both bodies, List-Unsubscribe and its Post, X-Attune-Id, Message-ID.
Resend writes the MIME itself and signs it. Source: Resend API reference, "Send email", "Errors", "Idempotency keys".
"""

from __future__ import annotations

from email.utils import formataddr
from typing import Any

import httpx

from domain.delivery import OUTBOX_ARGUMENT
from domain.message import Message
from tools.channels.fields_channel import FieldsChannel
from tools.channels.provider_api import answer_id, answer_object, other_headers, outbox_id_in


class ResendChannel(FieldsChannel):
    """Hands messages to Resend. `find` cannot tell: messages are looked up by Resend's own id only."""

    name = "resend"
    label = "Resend"
    url = "https://api.resend.com/emails"

    def headers(self, message: Message) -> dict[str, str]:
        """Our id keeps a second request from becoming a second message."""
        return {"Idempotency-Key": outbox_id_in(message)}

    def fields(self, message: Message) -> dict[str, Any]:
        """The message in Resend's words."""
        return {
            "from": formataddr((message.from_name, message.from_address)),
            "to": [formataddr((message.to_name, message.to_address))],
            **({"reply_to": message.reply_to} if message.reply_to else {}),
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "headers": other_headers(message),
            "tags": [{"name": OUTBOX_ARGUMENT, "value": outbox_id_in(message)}],
        }

    def given_id(self, answer: httpx.Response) -> str:
        """The `id` of its answer."""
        return answer_id(self.label, answer_object(self.label, answer).get("id"))

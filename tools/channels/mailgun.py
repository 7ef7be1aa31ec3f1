"""Mailgun through its Messages API, with the MIME as we wrote it: nothing of the message is lost.

Source: Mailgun docs, "Messages" (`messages.mime`) and "Events".
"""

from __future__ import annotations

from urllib.parse import quote

import httpx

from domain.base import utc_now
from domain.delivery import OUTBOX_ARGUMENT
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime
from tools.channels.provider_api import ProviderApi, answer_id, answer_object, outbox_id_in

BASE_URL = "https://api.mailgun.net"


class MailgunChannel:
    """Hands messages to Mailgun. `find` says yes where an event of the message is there, never no: events lag."""

    name = "mailgun"

    def __init__(
        self,
        api_key: str,
        domain: str,
        base_url: str = BASE_URL,
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._auth = httpx.BasicAuth("api", api_key)
        self._url = f"{base_url.rstrip('/')}/v3/{quote(domain, safe='.-')}"
        self._clock = clock
        self._api = ProviderApi("Mailgun", timeout_seconds, transport)

    async def send(self, message: Message) -> Receipt:
        """See `domain.ports.Channel`."""
        now = self._clock()
        raw = to_mime(message, now)
        answer = await self._api.post(
            f"{self._url}/messages.mime",
            auth=self._auth,
            data={"to": message.to_address, f"v:{OUTBOX_ARGUMENT}": outbox_id_in(message)},
            files={"message": ("message.eml", raw, "message/rfc822")},
        )
        told = answer_object("Mailgun", answer)
        return Receipt(
            provider=self.name,
            provider_message_id=answer_id("Mailgun", told.get("id")).strip("<>"),
            accepted_at=now,
            detail=str(told.get("message", "")),
        )

    async def find(self, message: Message) -> bool | None:
        """See `domain.ports.Channel`."""
        asked = {"message-id": message.message_id.strip("<>"), "limit": "1"}
        told = await self._api.ask(f"{self._url}/events", auth=self._auth, params=asked)
        return True if told and told.get("items") else None

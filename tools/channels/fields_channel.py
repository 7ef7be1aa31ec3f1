"""What channels share whose provider takes fields and no MIME, and can be asked about a message by its own id only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import httpx

from domain.base import utc_now
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime
from tools.channels.provider_api import ProviderApi


class FieldsChannel(ABC):
    """Hands messages to one provider as fields, under one API key. `find` cannot tell."""

    name: str
    label: ClassVar[str]
    url: ClassVar[str]

    def __init__(
        self,
        api_key: str,
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api_key = api_key
        self._clock = clock
        self._api = ProviderApi(self.label, timeout_seconds, transport)

    async def send(self, message: Message) -> Receipt:
        """See `domain.ports.Channel`."""
        now = self._clock()
        to_mime(message, now)  # refuses what must not stand in a header (C-25)
        headers = {"Authorization": f"Bearer {self._api_key}", **self.headers(message)}
        answer = await self._api.post(self.url, headers=headers, json=self.fields(message))
        return Receipt(
            provider=self.name,
            provider_message_id=self.given_id(answer),
            accepted_at=now,
            detail=str(answer.status_code),
        )

    async def find(self, message: Message) -> bool | None:
        """Always None."""
        return None

    def headers(self, message: Message) -> dict[str, str]:
        """What the request carries beside the key."""
        return {}

    @abstractmethod
    def fields(self, message: Message) -> dict[str, Any]:
        """The message in the provider's words."""

    @abstractmethod
    def given_id(self, answer: httpx.Response) -> str:
        """The id the provider gave it. Raises `SendUnknown` where the answer has none."""

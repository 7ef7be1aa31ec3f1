"""A channel that keeps messages in memory and fails when told to; it passes the channels' contract."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from domain.base import utc_now
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime


class FakeChannel:
    """Takes every message, unless a failure is scripted for the next call."""

    name = "fake"

    def __init__(self, clock: Clock = utc_now) -> None:
        self.sent: list[Message] = []
        self._clock = clock
        self._failures: deque[tuple[Exception, bool]] = deque()

    def fail_next(self, failure: Exception, *, but_take_it: bool = False) -> None:
        """Raise `failure` at the next send; `but_take_it` takes the message all the same."""
        self._failures.append((failure, but_take_it))

    async def send(self, message: Message) -> Receipt:
        """Take the message, once."""
        now: datetime = self._clock()
        to_mime(message, now)
        failure, takes = self._failures.popleft() if self._failures else (None, True)
        if takes and not await self.find(message):
            self.sent.append(message)
        if failure is not None:
            raise failure
        return Receipt(provider=self.name, provider_message_id=message.message_id, accepted_at=now)

    async def find(self, message: Message) -> bool | None:
        """Tell whether the message was taken."""
        return any(one.message_id == message.message_id for one in self.sent)

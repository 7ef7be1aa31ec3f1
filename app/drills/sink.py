"""A channel into a file: every message that arrives is one line, a copy is a second one, and nobody can ask it.

Unlike the mailbox it does not keep a copy out, and unlike a provider it cannot be looked up: the hardest channel
to send through at most once.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path

from app.settings import Settings
from app.wiring import House, open_house
from domain.message import Message, Receipt
from domain.ports import Clock


class SinkChannel:
    """Appends `Message-ID address` to a file, whole lines only, however many processes write."""

    name = "sink"

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Take one message; there is no way back from here."""
        await asyncio.sleep(0)
        self.take(message)
        return Receipt(provider=self.name, provider_message_id=message.message_id, accepted_at=self._clock())

    def take(self, message: Message) -> None:
        """Write the line: from here on the message has arrived."""
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, f"{message.message_id} {message.to_address}\n".encode())
        finally:
            os.close(handle)

    async def find(self, message: Message) -> bool | None:
        """Always None: a sink cannot be asked."""
        return None


def arrived(path: Path) -> list[tuple[str, str]]:
    """Return Message-ID and address of everything that arrived, in order."""
    if not path.exists():
        return []
    return [tuple(line.split(" ", 1)) for line in path.read_text().splitlines()]  # type: ignore[misc]


def sinking(folder: Path, sink: Path, clock: Clock | datetime, **settings: object) -> House:
    """Open a workspace whose messages go to a sink."""
    at = clock if callable(clock) else (lambda: clock)
    chosen = Settings(_env_file=None, workspace=folder, model=None, warm_up=False)
    house = open_house(chosen.model_copy(update=settings), clock=at)
    house.__dict__["channel"] = SinkChannel(sink, at)
    return house

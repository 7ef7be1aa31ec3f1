"""A folder of `.eml` files: the channel that needs no server, and the proof of what would have left."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from domain.base import utc_now
from domain.errors import NotSent, SendUnknown
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime


class MailboxChannel:
    """Writes each message as one file named by its Message-ID; a second copy is impossible."""

    name = "mailbox"

    def __init__(self, folder: Path, clock: Clock = utc_now) -> None:
        self._folder = folder
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Write the message, whole or not at all. The very same message again gives a receipt, no copy.

        Raises:
            NotSent: the folder cannot be written, or another message has this Message-ID.
            SendUnknown: the file stands, but the disk did not confirm it.

        """
        return await asyncio.to_thread(self._deliver, message)

    async def find(self, message: Message) -> bool | None:
        """Tell whether this message's file is there."""
        return await asyncio.to_thread(self.path_of(message).exists)

    def path_of(self, message: Message) -> Path:
        """The file a message is written to."""
        bare = message.message_id.strip("<>")
        plain = re.sub(r"[^A-Za-z0-9@._-]", "_", bare)[:120].lstrip(".")
        if plain != bare:
            plain = f"{plain}-{hashlib.sha256(bare.encode()).hexdigest()[:12]}"
        return self._folder / f"{plain}.eml"

    def _deliver(self, message: Message) -> Receipt:
        now = self._clock()
        raw = to_mime(message, now)
        path = self.path_of(message)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            is_new = _write_once(path, raw)
        except OSError as problem:
            raise NotSent(f"{path} cannot be written ({problem.strerror})", is_transient=True) from problem
        if is_new:
            _settle(self._folder)
        else:
            now = _same_message(path, message)
        return Receipt(
            provider=self.name,
            provider_message_id=message.message_id,
            accepted_at=now,
            detail=str(path) if is_new else f"{path} was there already",
        )


def _write_once(path: Path, raw: bytes) -> bool:
    """Put the bytes under `path` in one step; False if something stands there already."""
    handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        with suppress(OSError):
            Path(name).unlink()
    return True


def _settle(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as problem:
        raise SendUnknown(
            f"The message was written, but {folder} could not be synced: {problem}"
        ) from problem


def _same_message(path: Path, message: Message) -> datetime:
    """When the message standing at `path` was sent, provided that it is this one."""
    raw = path.read_bytes()
    sent_at: datetime = message_from_bytes(raw, policy=SMTP)["Date"].datetime
    if to_mime(message, sent_at) != raw:
        raise NotSent(f"another message stands at {path} already", is_transient=False)
    return sent_at

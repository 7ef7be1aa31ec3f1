"""A real SMTP server that misbehaves on request, in a thread of its own: for drills only (needs aiosmtpd)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Fault(StrEnum):
    """What the server does instead of taking a message."""

    NONE = "none"
    BUSY = "421 at the recipient"
    GREYLISTED = "450 at the recipient"
    NO_SUCH_USER = "550 at the recipient"
    DROPS_BEFORE_DATA = "drops before DATA"
    DROPS_AFTER_THE_DOT = "drops after the final dot"
    STALLS_AFTER_THE_DOT = "stalls after the final dot"

    @property
    def takes(self) -> bool:
        """Tell whether the message has arrived although the sender may not hear of it."""
        return self in (Fault.NONE, Fault.DROPS_AFTER_THE_DOT, Fault.STALLS_AFTER_THE_DOT)


_ANSWERS = {Fault.BUSY: "421 too busy", Fault.GREYLISTED: "450 later", Fault.NO_SUCH_USER: "550 no such user"}


class BadMailServer:
    """`fault` may be changed at any time. What arrived is a line of Message-ID and address in the sink's file."""

    def __init__(self, sink: Path, fault: Fault) -> None:
        self.fault, self.port = fault, 0
        self._sink = sink

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        answer = _ANSWERS.get(self.fault, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message after its final dot."""
        assert isinstance(envelope.content, bytes)
        message_id = str(message_from_bytes(envelope.content)["Message-ID"]).strip()
        with self._sink.open("a", encoding="utf-8") as file:
            file.write(f"{message_id} {envelope.rcpt_tos[0]}\n")
        if self.fault is Fault.DROPS_AFTER_THE_DOT:
            _hang_up(server)
        elif self.fault is Fault.STALLS_AFTER_THE_DOT:
            await asyncio.sleep(3_600)
        return "250 taken"


def _hang_up(protocol: Any) -> None:
    if protocol.transport is not None:
        protocol.transport.close()


class _Dropping(SMTP):
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.event_handler.fault is Fault.DROPS_BEFORE_DATA:
            _hang_up(self)
            return
        await super().smtp_DATA(arg)


@contextmanager
def serving(sink: Path, fault: Fault) -> Iterator[BadMailServer]:
    """Serve on a free port of this machine until the block ends."""
    handler, ready, ended = BadMailServer(sink, fault), threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        listening = await loop.create_server(
            lambda: _Dropping(handler, hostname="mx.example", loop=loop), "127.0.0.1", 0
        )
        handler.port = listening.sockets[0].getsockname()[1]
        ready.set()
        while not ended.is_set():
            await asyncio.sleep(0.02)
        listening.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield handler
    finally:
        ended.set()
        thread.join(timeout=10)

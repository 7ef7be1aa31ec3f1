"""How much one request may bring, and how often one address may guess."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1_000_000
"""W-06: a webhook, or a form, is far smaller."""

MOST_MAIL_BYTES = 12_000_000
"""A mail posted to us, with what is attached to it."""

MAIL_PATH = "/inbound/"

MOST_MISSES = 30
MISSES_SECONDS = 60.0
MOST_ADDRESSES = 10_000


class BodyLimit:
    """Answers 413 to a body that is, or turns out to be, too large; what was read of it is let go."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body stays within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_MAIL_BYTES if scope["path"].startswith(MAIL_PATH) else MOST_BYTES
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if told.isdigit() and int(told) > most:
            await _TOO_LARGE(scope, receive, send)
            return
        seen, has_answered = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most:
                    raise _BodyTooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal has_answered
            has_answered = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _BodyTooLargeError:
            if not has_answered:
                await _TOO_LARGE(scope, receive, send)


class _BodyTooLargeError(Exception):
    pass


_TOO_LARGE = PlainTextResponse("The request is too large.\n", status_code=413)


class Misses:
    """Counts wrong guesses by address. Only they are limited: a true link always works, however often.

    Providers carry out one-click opt-outs for all their users from few addresses, so a limit on requests
    would lose opt-outs.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def is_too_many(self, address: str) -> bool:
        """Note one wrong guess and tell whether this address has made too many of late."""
        now = self._clock()
        began, many = self._seen.pop(address, (now, 0))
        if now - began > MISSES_SECONDS:
            began, many = now, 0
        self._seen[address] = (began, many + 1)
        while len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return many + 1 > MOST_MISSES


def address_of(request: Request) -> str:
    """The network address somebody calls from; behind a proxy on this machine, the one it names.

    Of IPv6 its /64: whoever has one line has 2^64 addresses, and would never meet a limit by address.
    """
    told = request.client.host if request.client else "unknown"
    try:
        found = ip_address(told.partition("%")[0])
    except ValueError:
        return told
    if found.version == 4 or found.ipv4_mapped:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(ip_network((found, 64), strict=False))

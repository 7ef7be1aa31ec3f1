"""SMTP: one connection a message, and an exact answer to "did it leave?".

RFC 1047: a break after the final dot leaves the sender unsure, and only then is the outcome unknown.
Everything before is provably not sent and may be tried again; a refusal of this message (5xx to its
sender, recipient or body) is final.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Literal

import aiosmtplib

from domain.base import utc_now
from domain.errors import NotSent, SendUnknown
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime
from tools.channels.signing import DkimSigner

Tls = Literal["none", "starttls", "tls"]

_FIRST_DOT = re.compile(rb"(?m)^\.")
_READY_FOR_BODY = 354
WhyUnsigned = Callable[[bytes], str | None]
"""Says of a signed mail's bytes why they must not leave, or None."""

_BROKEN = (aiosmtplib.SMTPException, OSError, ssl.SSLError, TimeoutError)


class SmtpChannel:
    """Hands messages to one SMTP server. `find` cannot tell: SMTP has no way to ask."""

    name = "smtp"

    def __init__(
        self,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        tls: Tls = "starttls",
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        tls_context: ssl.SSLContext | None = None,
        signer: DkimSigner | None = None,
        why_unsigned: WhyUnsigned | None = None,
    ) -> None:
        """Take where to and how. Mail that `signer` signed is asked of `why_unsigned` before it leaves (C-21)."""
        if (username is None) != (password is None):
            raise ValueError("give both user name and password for SMTP, or neither")
        if username is not None and tls == "none" and host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError(f"the SMTP password would travel to {host} in the clear; use tls or starttls")
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._tls = tls
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._tls_context = tls_context
        self._signer = signer
        self._why_unsigned = why_unsigned

    async def send(self, message: Message) -> Receipt:
        """Hand over one message.

        Raises:
            NotSent: refused, badly signed, or the connection failed before the body was sent.
            SendUnknown: the connection failed after the body went out and before the answer came.

        """
        now = self._clock()
        raw = self._signed(to_mime(message, now), message.from_address)
        client = self._client()
        try:
            await self._offer(client, message, raw)
            answer = await self._hand_over(client, raw)
        finally:
            client.close()
        return Receipt(
            provider=self.name,
            provider_message_id=message.message_id,
            accepted_at=now,
            detail=answer,
        )

    def _signed(self, raw: bytes, from_address: str) -> bytes:
        if self._signer is None:
            return raw
        signed = self._signer.sign(raw, from_address)
        if self._why_unsigned is not None and (why := self._why_unsigned(signed)):
            raise NotSent(why, is_transient=False)
        return signed

    async def find(self, message: Message) -> bool | None:
        """Always None: an SMTP server cannot be asked."""
        return None

    async def reach(self) -> str | None:
        """Connect, log in and say goodbye; return what went wrong, or None. No message is sent."""
        client = self._client()
        try:
            await client.connect()
            await client.quit()
        except (*_BROKEN, ValueError) as problem:
            return _words(problem)
        finally:
            client.close()
        return None

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
            timeout=self._timeout_seconds,
            tls_context=self._tls_context,
        )

    async def _offer(self, client: aiosmtplib.SMTP, message: Message, raw: bytes) -> None:
        """Everything up to the server's word that it waits for the body."""
        try:
            await client.connect()
        except _BROKEN as problem:
            # Also a refused login: the message is not at fault, a later try may find the server well.
            raise NotSent(f"{self._host}:{self._port} {_words(problem)}", is_transient=True) from problem
        try:
            await client.ehlo()
            size = [f"size={len(raw)}"] if client.supports_extension("size") else []
            await client.mail(message.from_address, options=size)
            await client.rcpt(message.to_address)
            ready = await client.execute_command(b"DATA", timeout=self._timeout_seconds)
        except aiosmtplib.SMTPResponseException as refusal:
            raise _refused(refusal.code, refusal.message) from refusal
        except UnicodeError as problem:
            detail = f"the address {message.to_address!r} needs SMTPUTF8, which is not spoken here"
            raise NotSent(detail, is_transient=False) from problem
        except ValueError as problem:
            raise NotSent(f"an address cannot be sent ({problem})", is_transient=False) from problem
        except _BROKEN as problem:
            raise NotSent(f"{self._host}:{self._port} {_words(problem)}", is_transient=True) from problem
        if ready.code != _READY_FOR_BODY:
            raise _refused(ready.code, ready.message)

    async def _hand_over(self, client: aiosmtplib.SMTP, raw: bytes) -> str:
        """The body and the final dot. From the first byte on, a break leaves the outcome unknown.

        aiosmtplib's own `data()` gives one error for a break before and after the body, hence the two
        steps over its protocol here.
        """
        body = _FIRST_DOT.sub(b"..", raw if raw.endswith(b"\r\n") else raw + b"\r\n")
        where = f"{self._host}:{self._port}"
        try:
            if client.protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            client.protocol.write(body + b".\r\n")
        except aiosmtplib.SMTPServerDisconnected as problem:
            raise NotSent(f"{where} closed the connection before the body", is_transient=True) from problem
        try:
            done = await client.protocol.read_response(timeout=self._timeout_seconds)
        except _BROKEN as problem:
            raise SendUnknown(
                f"{where} {_words(problem)} after the message was handed over; it may or may not have been "
                "taken and is not sent again. Look at the server's log."
            ) from problem
        if 200 <= done.code < 300:
            return f"{done.code} {done.message}"
        if 400 <= done.code < 600:
            raise _refused(done.code, done.message)
        raise SendUnknown(f"{where} answered {done.code} to the message, which says neither yes nor no")


def _refused(code: int, words: str) -> NotSent:
    return NotSent(f"the server said {code} {' '.join(words.split())}", is_transient=not 500 <= code < 600)


def _words(problem: BaseException) -> str:
    return f"failed: {' '.join(str(problem).split()) or type(problem).__name__}"

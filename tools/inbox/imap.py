"""Replies by IMAP: read by UID, over verified TLS, leaving the mailbox as it is.

The place in the mailbox is `UIDVALIDITY:UID`. Where the server numbered the folder anew, reading begins again;
what was taken before is recognised by its Message-ID.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from typing import Any, Literal

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls
from imap_tools.errors import ImapToolsError

from domain.base import utc_now
from domain.delivery import InboundMail
from domain.errors import InboxUnavailable
from domain.ports import Clock
from tools.inbox.letters import read_mail

MOST_BYTES = 2_000_000
"""Of a larger mail the beginning is read: text comes before attachments."""

_BROKEN = (ImapToolsError, imaplib.IMAP4.error, OSError, ssl.SSLError)


class ImapInbox:
    """One folder of one mailbox."""

    name = "imap"

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        password: str,
        folder: str = "INBOX",
        tls: Literal["tls", "starttls"] = "tls",
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._password = username, password
        self._folder = folder
        self._tls = tls
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._context = tls_context or ssl.create_default_context()

    def fetch(self, after: str | None, limit: int) -> Iterator[tuple[InboundMail, str]]:
        """See `domain.ports.Inbox`."""
        try:
            with self._opened() as mailbox:
                mailbox.folder.set(self._folder, readonly=True)
                validity = mailbox.folder.status(self._folder, ["UIDVALIDITY"])["UIDVALIDITY"]
                last = _last(after, validity)
                # `n:*` names the newest mail even where it is older than n.
                uids = [int(uid) for uid in mailbox.uids(f"UID {last + 1}:*") if uid]
                for uid in sorted(uid for uid in uids if uid > last)[:limit]:
                    raw = self._raw(mailbox, uid)
                    if raw is not None:
                        yield read_mail(raw, self.name, self._clock()), f"{validity}:{uid}"
        except _BROKEN as problem:
            words = " ".join(str(problem).split())[:200] or type(problem).__name__
            raise InboxUnavailable(
                f"The mailbox at {self._host}:{self._port} cannot be read ({words}). What was read is kept; "
                "try again, or check ATTUNE_IMAP_*."
            ) from problem

    def _opened(self) -> BaseMailBox:
        kind: Any = MailBox if self._tls == "tls" else MailBoxStartTls
        mailbox: BaseMailBox = kind(
            self._host, self._port, timeout=self._timeout_seconds, ssl_context=self._context
        )
        return mailbox.login(self._username, self._password, initial_folder=None)

    def _raw(self, mailbox: BaseMailBox, uid: int) -> bytes | None:
        status, parts = mailbox.client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
        found = [part[1] for part in parts if isinstance(part, tuple) and len(part) == 2]
        return found[0] if status == "OK" and found else None


def _last(after: str | None, validity: int) -> int:
    known, _, uid = (after or "").partition(":")
    return int(uid) if known == str(validity) and uid.isdigit() else 0

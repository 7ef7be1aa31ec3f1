"""From a `Message` to the bytes on the wire, and proof that the bytes say the same (C-25).

Python's own header classes decode `=?UTF-8?Q?=0A?=` inside a subject and then emit the line break, which
lets a subject add a Bcc. So values are checked before, and what was built is parsed back after.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from domain.errors import NotSent
from domain.message import Message

LINE_MOST_CHARS = 998
"""RFC 5322, section 2.1.1, without the line end."""

_SUPPLIED = frozenset({"list-unsubscribe", "list-unsubscribe-post", "x-attune-id"})
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>")


class _LinkHeader(UnstructuredHeader, BaseHeader):
    """A header of links, folded only between them: Python would cut or encode a link longer than a line."""

    def fold(self, *, policy: Policy) -> str:
        """Return the header's lines."""
        links = str(self).replace(", <", f",{policy.linesep} <")
        return f"{self.name}: {links}{policy.linesep}"


class _SubjectHeader(UnstructuredHeader, BaseHeader):
    """A subject that keeps its spaces: Python's own folding drops some between two encoded words."""

    def fold(self, *, policy: Policy) -> str:
        """Return the header's lines."""
        if str(self).isascii():
            return super().fold(policy=policy)
        words = Header(str(self), "utf-8", maxlinelen=75, header_name=self.name).encode(
            linesep=policy.linesep
        )
        return f"{self.name}: {words}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _SubjectHeader)
_HEADERS.map_to_type("list-unsubscribe", _LinkHeader)
_POLICY = SMTP.clone(header_factory=_HEADERS, max_line_length=76)
"""76: the line length of quoted-printable bodies (RFC 2045) follows the policy's."""


def to_mime(message: Message, sent_at: datetime) -> bytes:
    """Return the message as CRLF bytes: text and HTML alternatives, every header exactly once.

    The same message and time give the same bytes.

    Args:
        message: what to send.
        sent_at: aware time for the Date header.

    Raises:
        NotSent: if a value cannot safely stand in a header, or the bytes do not read back as built.

    """
    if sent_at.tzinfo is None:
        raise ValueError("sent_at has no time zone; pass an aware UTC time")
    for what, value in _header_values(message):
        _refuse_unsafe(what, value)
    try:
        built, expected = _built(message, sent_at)
        raw = built.as_bytes()
    except (ValueError, TypeError, IndexError, UnicodeError) as problem:
        raise NotSent(f"it cannot be written as mail ({problem})", is_transient=False) from problem
    _refuse_if_changed(raw, message, expected)
    return raw


def _header_values(message: Message) -> list[tuple[str, str]]:
    return [
        ("Subject", message.subject),
        ("To name", message.to_name),
        ("To", message.to_address),
        ("From name", message.from_name),
        ("From", message.from_address),
        ("Reply-To", message.reply_to or ""),
        *message.headers,
    ]


def _refuse_unsafe(what: str, value: str) -> None:
    for mark in value:
        if unicodedata.category(mark) in {"Cc", "Zl", "Zp", "Cs"}:
            raise NotSent(f"C-25: {what!r} holds the control character U+{ord(mark):04X}", is_transient=False)
    if "=?" in value:
        raise NotSent(f"C-25: {what!r} holds '=?', which mail programs decode", is_transient=False)


def _built(message: Message, sent_at: datetime) -> tuple[EmailMessage, list[str]]:
    """The mail, and the names its header set must have when read back."""
    for name, _ in message.headers:
        if name.lower() not in _SUPPLIED:
            raise ValueError(f"the header {name[:60]!r} is not one a message may bring")
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise ValueError(f"the Message-ID {message.message_id[:80]!r} is malformed")
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(display_name=message.from_name, addr_spec=message.from_address)
    mail["To"] = Address(display_name=message.to_name, addr_spec=message.to_address)
    if message.reply_to:
        mail["Reply-To"] = Address(addr_spec=message.reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(sent_at.astimezone(UTC))
    mail["Message-ID"] = message.message_id
    for name, value in message.headers:
        mail[name] = value
    mail.set_content(message.text, charset="utf-8", cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", charset="utf-8", cte="quoted-printable")
    mail.set_boundary(f"attune-{hashlib.sha256(message.sha256.encode()).hexdigest()[:40]}")
    optional = ["Reply-To"] if message.reply_to else []
    supplied = [name for name, _ in message.headers]
    expected = ["From", "To", *optional, "Subject", "Date", "Message-ID", *supplied]
    return mail, [*expected, "MIME-Version", "Content-Type"]


def _refuse_if_changed(raw: bytes, message: Message, expected: list[str]) -> None:
    """Read the bytes as a stranger would and compare: the header set, the addresses, the words."""
    if any(len(line) > LINE_MOST_CHARS for line in raw.split(b"\r\n")):
        raise NotSent("C-25: a line is longer than 998 characters", is_transient=False)
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw):
        raise NotSent("C-25: a bare line break or a NUL stands in the mail", is_transient=False)
    read = message_from_bytes(raw, policy=SMTP)
    names = [name.lower() for name in read.keys()]  # noqa: SIM118 - a mail's keys repeat, unlike a dict's
    if sorted(names) != sorted(name.lower() for name in expected):
        raise NotSent(f"C-25: the header set reads back as {sorted(names)}", is_transient=False)
    if len(names) != len(set(names)):
        raise NotSent("C-25: a header stands in the mail twice", is_transient=False)
    said = {
        "Subject": (str(read["Subject"]), message.subject),
        "To": (_one_address(read, "To"), message.to_address),
        "From": (_one_address(read, "From"), message.from_address),
        "text": (_body(read, "plain"), message.text),
        "HTML": (_body(read, "html"), message.html),
        **{name: (str(read[name]), value) for name, value in message.headers},
    }
    for what, (back, meant) in said.items():
        if " ".join(back.split()) != " ".join(meant.split()):
            raise NotSent(f"C-25: the {what} reads back as {back[:80]!r}", is_transient=False)


def _one_address(read: EmailMessage, name: str) -> str:
    found = read[name].addresses
    return str(found[0].addr_spec) if len(found) == 1 else repr([str(one) for one in found])


def _body(read: EmailMessage, subtype: str) -> str:
    part = read.get_body((subtype,))
    return str(part.get_content()) if part is not None else ""

"""From a `Message` to the bytes on the wire, and proof that the bytes say the same (C-25).

Python's own header classes decode `=?UTF-8?Q?=0A?=` inside a subject and then emit the line break, which
lets a subject add a Bcc. So values are checked before, and what was built is parsed back after.

Those classes also take longer than everything else a message needs, so they see only what is not plain
ASCII on one line; the rest is written, and read back, as it stands.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import Message as ReadMail
from email.policy import SMTP, Policy, compat32
from email.utils import format_datetime

from domain.errors import NotSent
from domain.message import Message

LINE_MOST_CHARS = 998
"""RFC 5322, section 2.1.1, without the line end."""

SHORT_LINE_CHARS = 76
"""RFC 2045, section 6.7: the longest line of a quoted-printable body; headers keep to it as well."""

_SUPPLIED = frozenset({"list-unsubscribe", "list-unsubscribe-post", "x-attune-id"})
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
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
_POLICY = SMTP.clone(header_factory=_HEADERS, max_line_length=SHORT_LINE_CHARS)

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Words and single spaces of ASCII, which every reader takes as they stand."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/^_{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_{|}~-]+)*")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PLAIN_MAILBOX = re.compile(
    rf"(?:{_PLAIN_NAME.pattern} <(?P<named>{_PLAIN_ADDRESS.pattern})>)|(?P<bare>{_PLAIN_ADDRESS.pattern})"
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")


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
        raw, expected = _built(message, sent_at)
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
    mark = _UNSAFE.search(value)
    if mark:
        code = f"U+{ord(mark.group()):04X}"
        raise NotSent(f"C-25: {what!r} holds the control character {code}", is_transient=False)
    if "=?" in value:
        raise NotSent(f"C-25: {what!r} holds '=?', which mail programs decode", is_transient=False)


def _built(message: Message, sent_at: datetime) -> tuple[bytes, list[str]]:
    """The mail, and the names its header set must have when read back."""
    for name, _ in message.headers:
        if name.lower() not in _SUPPLIED:
            raise ValueError(f"the header {name[:60]!r} is not one a message may bring")
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise ValueError(f"the Message-ID {message.message_id[:80]!r} is malformed")
    boundary = f"attune-{hashlib.sha256(message.sha256.encode()).hexdigest()[:40]}"
    lines = {
        "From": _mailbox_line("From", message.from_name, message.from_address),
        "To": _mailbox_line("To", message.to_name, message.to_address),
        **({"Reply-To": _mailbox_line("Reply-To", "", message.reply_to)} if message.reply_to else {}),
        "Subject": _line("Subject", message.subject),
        "Date": f"Date: {format_datetime(sent_at.astimezone(UTC))}\r\n",
        "Message-ID": _line("Message-ID", message.message_id),
    }
    supplied = [_line(name, value) for name, value in message.headers]
    parts = (
        *lines.values(),
        *supplied,
        "MIME-Version: 1.0\r\n",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n',
        _part(boundary, "plain", message.text),
        _part(boundary, "html", message.html),
        f"--{boundary}--\r\n",
    )
    names = [*lines, *(name for name, _ in message.headers), "MIME-Version", "Content-Type"]
    return "".join(parts).encode("ascii"), names


def _line(name: str, value: str) -> str:
    """One header, folded where it has to be."""
    is_short = len(name) + 2 + len(value) <= SHORT_LINE_CHARS
    if name.lower() == "list-unsubscribe" and _PLAIN.fullmatch(value):
        return f"{name}: {value.replace(', <', ',' + _POLICY.linesep + ' <')}{_POLICY.linesep}"
    if is_short and _PLAIN.fullmatch(value):
        return f"{name}: {value}{_POLICY.linesep}"
    return str(_HEADERS(name, value).fold(policy=_POLICY))


def _mailbox_line(name: str, display_name: str, address: str) -> str:
    """A header of one address."""
    if _PLAIN_ADDRESS.fullmatch(address) and (not display_name or _PLAIN_NAME.fullmatch(display_name)):
        line = f"{name}: {display_name} <{address}>" if display_name else f"{name}: {address}"
        if len(line) <= SHORT_LINE_CHARS:
            return line + _POLICY.linesep
    mailbox = Address(display_name=display_name, addr_spec=address)
    return str(_HEADERS(name, mailbox).fold(policy=_POLICY))


def _part(boundary: str, subtype: str, words: str) -> str:
    lines = b"\n".join(words.encode("utf-8").splitlines()) + b"\n"
    body = binascii.b2a_qp(lines, istext=True).replace(b"\n", b"\r\n").decode("ascii")
    return (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}\r\n"
    )


def _refuse_if_changed(raw: bytes, message: Message, expected: list[str]) -> None:
    """Read the bytes as a stranger would and compare: the header set, the addresses, the words."""
    if any(len(line) > LINE_MOST_CHARS for line in raw.split(b"\r\n")):
        raise NotSent("C-25: a line is longer than 998 characters", is_transient=False)
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw):
        raise NotSent("C-25: a bare line break or a NUL stands in the mail", is_transient=False)
    read = message_from_bytes(raw, policy=compat32)
    names = [name.lower() for name in read.keys()]  # noqa: SIM118 - a mail's keys repeat, unlike a dict's
    if sorted(names) != sorted(name.lower() for name in expected):
        raise NotSent(f"C-25: the header set reads back as {sorted(names)}", is_transient=False)
    if len(names) != len(set(names)):
        raise NotSent("C-25: a header stands in the mail twice", is_transient=False)
    said = {
        "Subject": (_value(read, "Subject"), message.subject),
        "To": (_one_address(read, "To"), message.to_address),
        "From": (_one_address(read, "From"), message.from_address),
        "text": (_body(read, "plain"), message.text),
        "HTML": (_body(read, "html"), message.html),
        **{name: (_value(read, name), value) for name, value in message.headers},
    }
    for what, (back, meant) in said.items():
        if " ".join(back.split()) != " ".join(meant.split()):
            raise NotSent(f"C-25: the {what} reads back as {back[:80]!r}", is_transient=False)


def _value(read: ReadMail, name: str) -> str:
    """A header's words. Plain ASCII says what it says; anything else is decoded."""
    unfolded = _FOLD.sub("", str(read[name]))
    if _PLAIN.fullmatch(unfolded) and "=?" not in unfolded:
        return unfolded
    return str(SMTP.header_factory(name, unfolded))


def _one_address(read: ReadMail, name: str) -> str:
    unfolded = _FOLD.sub("", str(read[name]))
    plain = _PLAIN_MAILBOX.fullmatch(unfolded)
    if plain and "=?" not in unfolded:
        return str(plain["named"] or plain["bare"])
    found = SMTP.header_factory(name, unfolded).addresses
    return str(found[0].addr_spec) if len(found) == 1 else repr([str(one) for one in found])


def _body(read: ReadMail, subtype: str) -> str:
    found = [part for part in read.walk() if part.get_content_type() == f"text/{subtype}"]
    if len(found) != 1:
        return ""
    words = found[0].get_payload(decode=True)
    return words.decode("utf-8") if isinstance(words, bytes) else ""

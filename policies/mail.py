"""The rendered mail: the bytes that leave, read back as a stranger's mail program would (C-25, C-21).

What is judged must be what arrives: every field of the `Message` is compared with what the bytes say, so the
rules that look at a message look at the mail. The same reader opens an `.eml` file for `attune policy check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Parsed
from email.policy import compat32
from email.utils import getaddresses

from domain.base import Noun
from domain.message import Finding, Message, Severity

SINGLE = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
"""Headers a mail of ours has exactly once."""

OPTIONAL = ("reply-to", "list-unsubscribe", "list-unsubscribe-post", "x-attune-id", "feedback-id")
"""Headers it may have, at most once."""

ON_THE_WAY = ("dkim-signature", "received", "return-path", "authentication-results", "arc-seal")
"""Headers that signing and carrying add; a mail on disk may have them."""

_SUPPLIED = ("List-Unsubscribe", "List-Unsubscribe-Post", "X-Attune-Id")
_BARE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n)|\x00")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


class Mail(Noun):
    """One mail as its bytes say: decoded headers in order, both bodies, and what is odd about its form."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    part_types: tuple[str, ...] = ()
    longest_line: int = 0
    has_bare_breaks: bool = False
    defects: tuple[str, ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def one(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")


def read_mail(raw: bytes) -> Mail:
    """Read a mail. Never raises for odd mail: what cannot be read is a defect, and rules refuse it."""
    parsed = message_from_bytes(raw, policy=compat32)
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    defects = [type(d).__name__ for part in parsed.walk() for d in part.defects]
    headers = tuple((name, _decoded(str(value), defects)) for name, value in parsed.items())
    return Mail(
        headers=headers,
        text=_body(parts, "text/plain", defects),
        html=_body(parts, "text/html", defects),
        part_types=tuple(part.get_content_type() for part in parts),
        longest_line=max((len(line) for line in raw.replace(b"\r\n", b"\n").split(b"\n")), default=0),
        has_bare_breaks=bool(_BARE_BREAK.search(raw)) and b"\r\n" in raw,
        defects=tuple(defects),
    )


def message_of(mail: Mail, contact_id: str) -> Message:
    """Return the message a mail carries; the recipient is whoever its To header names.

    Raises:
        ValueError: where it lacks a sender, a recipient or both bodies, in plain words.

    """
    sender, recipient = _address(mail, "From"), _address(mail, "To")
    if sender is None or recipient is None:
        raise ValueError("it needs exactly one address in From and one in To")
    if mail.text is None or mail.html is None:
        raise ValueError("it needs a plain text and an HTML part")
    reply_to = _address(mail, "Reply-To")
    return Message(
        contact_id=contact_id,
        to_address=recipient[1],
        to_name=recipient[0],
        from_address=sender[1],
        from_name=sender[0],
        reply_to=reply_to[1] if reply_to else None,
        subject=mail.one("Subject"),
        text=mail.text,
        html=mail.html.rstrip("\n"),
        headers=tuple((name, value) for name in _SUPPLIED for value in mail.all(name)),
        message_id=mail.one("Message-ID"),
    )


def review_mail(mail: Mail, line_most_chars: int) -> Iterator[Finding]:
    """C-25 of one mail by itself: each header once, no stranger among them, lines that carry, two parts."""
    names = [name.lower() for name, _ in mail.headers]
    for name in SINGLE:
        many = names.count(name)
        if many != 1:
            yield _block(f"the mail has {many} {name.title()} headers, and needs exactly one")
    for name in sorted(set(names) - set(SINGLE)):
        if name in OPTIONAL and names.count(name) > 1:
            yield _block(f"the header {name} stands in the mail twice")
        elif name not in OPTIONAL and name not in ON_THE_WAY:
            yield _block(f"the header {name[:60]!r} is not one a message may bring")
    if mail.longest_line > line_most_chars:
        yield _block(f"a line of the mail has {mail.longest_line} characters")
    if mail.has_bare_breaks:
        yield _block("a bare line break or a NUL stands in the mail")
    if sorted(mail.part_types) != ["text/html", "text/plain"]:
        yield _block(
            f"the mail consists of {', '.join(mail.part_types) or 'nothing'}, not of one text and HTML"
        )
    for name, value in mail.headers:
        if any(ord(mark) < 32 or 127 <= ord(mark) < 160 for mark in value.replace("\t", " ")):
            yield _block(f"the header {name} holds a control character once decoded", value[:80])
    for defect in dict.fromkeys(mail.defects):
        yield _block(f"the mail is malformed ({defect})")


def compare(mail: Mail, meant: Message) -> Iterator[Finding]:
    """C-25 of a mail against the message it was made from: nothing may differ."""
    try:
        said = message_of(mail, meant.contact_id)
    except ValueError as problem:
        yield _block(f"the mail does not read back: {problem}")
        return
    for name in Message.model_fields:
        if name in {"contact_id", "channel", "headers"}:
            continue
        is_same = _flat(getattr(said, name)) == _flat(getattr(meant, name))
        if not is_same:
            yield _block(
                f"the mail's {name.replace('_', ' ')} is not the message's", str(getattr(said, name))[:120]
            )
    if sorted(said.headers) != sorted(meant.headers):
        yield _block("the mail's own headers are not the message's")


def signed_headers(signature: str) -> frozenset[str]:
    """Return the header names a DKIM-Signature value covers (its `h=` tag), in lower case."""
    tags = dict(part.strip().partition("=")[::2] for part in signature.split(";") if "=" in part)
    return frozenset(name.strip().lower() for name in tags.get("h", "").split(":") if name.strip())


def review_signature(mail: Mail) -> Iterator[Finding]:
    """C-21 of a signed mail: both List-Unsubscribe headers and From must be under the DKIM signature."""
    signatures = [signed_headers(value) for value in mail.all("DKIM-Signature")]
    needed = {"from", "list-unsubscribe", "list-unsubscribe-post"}
    if not any(needed <= covered for covered in signatures):
        missing = sorted(needed - (signatures[0] if signatures else frozenset()))
        yield Finding(
            rule_id="C-21",
            severity=Severity.BLOCK,
            reason=f"the DKIM signature does not cover {', '.join(missing)}",
            mend="sign with those headers in h=, or the one-click opt-out is not trusted (RFC 8058)",
        )


def unsigned_because(raw: bytes) -> str | None:
    """Return why a signed mail must not be handed over (C-21), or None: asked of the very bytes that leave."""
    found = next(review_signature(read_mail(raw)), None)
    return f"{found.rule_id}: {found.reason}" if found else None


def _flat(value: str | None) -> str:
    return " ".join((value or "").split())


def _decoded(value: str, defects: list[str]) -> str:
    unfolded = _FOLD.sub("", value)
    if "=?" not in unfolded:
        return unfolded
    try:
        return str(make_header(decode_header(unfolded)))
    except (UnicodeError, LookupError, ValueError):
        defects.append("UndecodableHeader")
        return unfolded


def _address(mail: Mail, name: str) -> tuple[str, str] | None:
    # Python's own reader of addresses takes a comma in a decoded name for another mailbox, so a
    # name is cut off before the address in angle brackets.
    values = mail.all(name)
    if len(values) != 1:
        return None
    named = re.fullmatch(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>\s]+@[^<>\s]+)>\s*", values[0])
    if named:
        return named["name"].strip().strip('"').replace('\\"', '"'), named["address"]
    found = getaddresses([values[0]])
    return (found[0][0], found[0][1]) if len(found) == 1 and "@" in found[0][1] else None


def _body(parts: list[Parsed], kind: str, defects: list[str]) -> str | None:
    found = [part for part in parts if part.get_content_type() == kind]
    if len(found) != 1:
        return None
    payload = found[0].get_payload(decode=True)
    if not isinstance(payload, bytes):
        return None
    charset = found[0].get_content_charset() or "utf-8"
    try:
        return payload.decode(charset).replace("\r\n", "\n")
    except (UnicodeError, LookupError):
        defects.append("UndecodableBody")
        return payload.decode("utf-8", "replace").replace("\r\n", "\n")


def _block(reason: str, span: str | None = None) -> Finding:
    return Finding(rule_id="C-25", severity=Severity.BLOCK, reason=reason, span=span)

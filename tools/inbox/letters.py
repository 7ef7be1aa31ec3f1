"""From the bytes of a mail to what a person said in it: whose, in answer to what, without what it quotes.

Nothing in a mail is trusted. Parsing is lenient: a mail nobody can read well is still one that came.
"""

from __future__ import annotations

import hashlib
import html
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import getaddresses, parsedate_to_datetime

import nh3
from mailparser_reply import EmailReplyParser

from domain.delivery import BounceClass, BouncedAddress, InboundMail

MOST_TEXT_CHARS = 20_000
MOST_REFERENCES = 50
MOST_PARTS = 200
LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "pl"]
"""In which the line before a quote ("On … wrote:") is known."""

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_BREAKS = re.compile(r"(?i)<(?:br|/?p|/?div|/?li|/?tr|/?h[1-6]|/?blockquote)\b[^>]{0,200}>")
_QUOTE = re.compile(r"(?is)<blockquote\b.*|<div[^>]{0,300}(?:gmail_quote|divRplyFwdMsg|appendonsend).*")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_AWAY = re.compile(
    r"(?i)^\s*(?:(?:re|aw|sv|antw):\s*)?(?:auto(?:matic)?[ -]?(?:reply|response|antwort)|automatische antwort|autoreply"
    r"|out of (?:the )?office|abwesenheit|abwesend|absence du bureau|reponse automatique|réponse automatique"
    r"|respuesta automática|risposta automatica|automatisch antwoord|autosvar|fuera de (?:la )?oficina)"
)
_LISTS = ("list-id", "list-post")


def read_mail(raw: bytes, source: str, received_at: datetime) -> InboundMail:
    """Read one mail.

    Args:
        raw: its bytes, whole or cut off.
        source: which mailbox or provider it came by.
        received_at: aware UTC time, for a mail whose own date is missing, odd or ahead.

    """
    mail = message_from_bytes(raw)
    why = _why_automatic(mail)
    # A person who quotes a bounce report has not bounced.
    bounces = _bounces(mail) if why else ()
    answered = _ids(mail, "In-Reply-To") + _ids(mail, "References")[::-1]
    message_id = next(iter(_ids(mail, "Message-ID")), None)
    return InboundMail(
        id=_identity(message_id, raw),
        source=source,
        message_id=message_id,
        references=tuple(dict.fromkeys(answered + (_reported(mail) if bounces else [])))[:MOST_REFERENCES],
        from_address=next(iter(_addresses(mail, "From")), ""),
        to_addresses=tuple(_addresses(mail, "To") + _addresses(mail, "Delivered-To"))[:MOST_REFERENCES],
        subject=_header(mail, "Subject")[:500],
        text=own_words(_text(mail)),
        at=_date(mail, received_at),
        is_automatic=why is not None,
        why_automatic=why or "",
        bounces=bounces,
    )


def own_words(text: str) -> str:
    """Return what the writer wrote, without quoted mail and signature."""
    kept = _UNSTORABLE.sub("", text)[:MOST_TEXT_CHARS]
    try:
        latest = EmailReplyParser(languages=LANGUAGES).parse_reply(kept)
    except (ValueError, IndexError, RecursionError, re.error):
        latest = None
    return (latest if latest is not None else kept).strip()


def _why_automatic(mail: Mail) -> str | None:
    """Why a machine wrote this mail (RFC 3834), or None where a person seems to have."""
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted[:40]}"
    precedence = _header(mail, "Precedence").strip().lower()
    if precedence in {"bulk", "junk", "list", "auto_reply"}:
        return f"Precedence: {precedence}"
    for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Response-From"):
        if mail.get(name):
            return name
    if any(mail.get(name) for name in _LISTS):
        return "it comes from a mailing list"
    if _header(mail, "Return-Path").strip() == "<>" or mail.get_content_type() == "multipart/report":
        return "it is a report of a mail system"
    sender = next(iter(_addresses(mail, "From")), "")
    if sender.partition("@")[0] in {"mailer-daemon", "postmaster", "no-reply", "noreply", "donotreply"}:
        return f"it comes from {sender[:80]}"
    if _AWAY.search(_header(mail, "Subject")):
        return "its subject is that of an automatic answer"
    return None


def _bounces(mail: Mail) -> tuple[BouncedAddress, ...]:
    """The addresses a bounce report speaks of."""
    from flufl.bounce import all_failures

    try:
        soft, hard = all_failures(mail)
    except Exception:  # a report nobody can read says nothing; its detectors raise whatever they meet
        return ()
    detail = _diagnosis(mail)
    found = {_plain(address): BounceClass.SOFT for address in soft}
    found |= {_plain(address): _hardness(detail) for address in hard}
    return tuple(
        BouncedAddress(address=address, bounce=bounce, detail=detail)
        for address, bounce in sorted(found.items())
        if "@" in address
    )


def _hardness(detail: str) -> BounceClass:
    """A permanent failure is of the address, unless the report says that the message was refused."""
    status = re.search(r"\b5\.(\d)\.\d{1,3}\b", detail)
    return BounceClass.BLOCK if status and status[1] in "67" else BounceClass.HARD


def _diagnosis(mail: Mail) -> str:
    for part in list(mail.walk())[:MOST_PARTS]:
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            blocks = (
                [one for one in payload if isinstance(one, Mail)] if isinstance(payload, list) else [part]
            )
            lines = [f"{block.get('Status', '')} {block.get('Diagnostic-Code', '')}" for block in blocks]
            return _UNSTORABLE.sub("", " ".join(" ".join(lines).split()))[:500]
    return ""


def _reported(mail: Mail) -> list[str]:
    """Message-IDs of the mail a report returns to us, whole or only its headers."""
    found: list[str] = []
    for part in list(mail.walk())[1:MOST_PARTS]:
        if part.get_content_type() == "text/rfc822-headers":
            found += _ids(message_from_bytes(_bytes(part)), "Message-ID")
        elif part.get("Message-ID") and part is not mail:
            found += _ids(part, "Message-ID")
    return found


def _text(mail: Mail) -> str:
    """The plain text of a mail, or the words of its HTML."""
    plain: list[str] = []
    marked: list[str] = []
    for part in list(mail.walk())[:MOST_PARTS]:
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain":
            plain.append(_decoded(part))
        elif part.get_content_type() == "text/html":
            marked.append(_decoded(part))
    said = "\n".join(plain).strip()
    return said or words_of("\n".join(marked))


def words_of(markup: str) -> str:
    """The words of HTML, a line a block, what it quotes left out."""
    unquoted = _QUOTE.sub("", markup[: MOST_TEXT_CHARS * 10])
    bare = nh3.clean(_BREAKS.sub("\n", unquoted), tags=set(), clean_content_tags={"script", "style", "title"})
    lines = (" ".join(line.split()) for line in html.unescape(bare).splitlines())
    return "\n".join(line for line in lines if line)


def _decoded(part: Mail) -> str:
    try:
        return _bytes(part).decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return _bytes(part).decode("utf-8", "replace")


def _bytes(part: Mail) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, AssertionError):
        payload = None
    return payload if isinstance(payload, bytes) else b""


def _header(mail: Mail, name: str) -> str:
    raw = next((value for value in _values(mail, name)), "")
    try:
        said = str(make_header(decode_header(raw)))
    except (LookupError, ValueError, UnicodeError):
        said = raw
    return " ".join(_UNSTORABLE.sub("", said).split())


def _values(mail: Mail, name: str) -> list[str]:
    """A header's values; bytes beyond ASCII, which no standard allows there, are read as UTF-8."""
    raw = [str(value) for known, value in mail.raw_items() if known.lower() == name.lower()]
    return [value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for value in raw]


def _addresses(mail: Mail, name: str) -> list[str]:
    values = _values(mail, name)
    try:
        found = getaddresses(values)
    except (ValueError, IndexError, TypeError):
        return []
    return [_UNSTORABLE.sub("", address).strip().lower()[:320] for _, address in found if "@" in address]


def _ids(mail: Mail, name: str) -> list[str]:
    return _MESSAGE_ID.findall(_UNSTORABLE.sub("", " ".join(_values(mail, name))))


def _date(mail: Mail, received_at: datetime) -> datetime:
    try:
        at = parsedate_to_datetime(str(mail.get("Date", "")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return received_at
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    try:
        return min(at.astimezone(UTC), received_at)
    except (OverflowError, ValueError):
        return received_at


def _plain(address: bytes | str) -> str:
    said = address.decode("utf-8", "replace") if isinstance(address, bytes) else address
    return _UNSTORABLE.sub("", said).strip().strip("<>").lower()


def _identity(message_id: str | None, raw: bytes) -> str:
    """The same mail by two ways is one mail; one without a Message-ID is known by its bytes."""
    return hashlib.sha256(message_id.encode() if message_id else raw).hexdigest()[:32]

"""The message as it will arrive, against everything that can be told from message and sender alone.

Asked when a draft is addressed and again inside the transaction that sends it, so neither an edit nor a
changed sender profile slips through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.message import Finding, Message, Severity
from domain.sender import SenderProfile
from policies import markup
from policies.case import block
from policies.folding import folded, invisible_mark
from policies.rulebook import RuleBook

SUPPLIED_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post", "X-Attune-Id")
"""The only headers a message may bring of its own; all others are built from its fields."""

_OPT_OUT_WORDS = re.compile(
    r"unsubscribe|opt[ -]?out|stop (?:these|receiving)|no more (?:e-?mails|messages)", re.I
)
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+-]+@([A-Za-z0-9.-]+)>")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]+@[A-Za-z0-9.-]+")
_LEAST_ADDRESS_PARTS = 3
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Unicode's categories Cc, Zl, Zp and Cs."""

_HARD_OPT_OUT = re.compile(
    r"\b(?:log ?in|sign ?in|password|account number|fee|charge|pay)\b[^.\n]{0,60}\b(?:unsubscribe|opt[ -]?out)"
    r"|\b(?:unsubscribe|opt[ -]?out)\b[^.\n]{0,60}\b(?:log ?in|sign ?in|password|account number|fee|charge|pay)\b",
    re.I,
)
_SHORT_OPT_OUT = re.compile(
    r"\b(?:unsubscribe|opt[ -]?out|link)\b[^.\n]{0,60}?\b(?:valid|works?|expires?|open|active)\b[^.\n]{0,20}?"
    r"(?P<many>\d+)\s*(?P<unit>hour|day|week|month)",
    re.I,
)
_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30}
_NO_PLACE = re.compile(
    r"your (?:street|address|city|company)|street address|fake st|anytown|example (?:street|st|road)|lorem|n/a|xxx|tbd",
    re.I,
)


@dataclass(frozen=True)
class Letter:
    """A message, who sends it, and where it may link to besides the sender's own hosts."""

    message: Message
    sender: SenderProfile
    rules: RuleBook
    asset_url: str | None = None


Rule = Callable[[Letter], Iterator[Finding]]


def review_envelope(letter: Letter) -> tuple[Finding, ...]:
    """Return everything wrong with the message itself. A rule that cannot be evaluated blocks."""
    findings: list[Finding] = []
    for rule_id, rule in RULES:
        findings += evaluated(rule_id, lambda rule=rule: rule(letter))  # type: ignore[misc]
    return tuple(findings)


def evaluated(rule_id: str, ask: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Return what a rule finds; a rule that fails to answer has refused."""
    try:
        return list(ask())
    except Exception as problem:
        # Whatever a rule stumbles over, the message it could not judge must not go out.
        reason = f"this rule could not be evaluated ({type(problem).__name__}: {problem})"
        return [block(rule_id, reason)]


def unsafe_character(value: str) -> str | None:
    """Name the first character that may not stand in a header (control, line or paragraph break), or None."""
    mark = _UNSAFE.search(value)
    return f"U+{ord(mark.group()):04X}" if mark else None


def incomplete_address(sender: SenderProfile) -> Finding | None:
    """What C-01 finds wrong with the sender profile's own postal address, whatever the message; None if nothing."""
    written = sender.postal_address
    parts = [part for part in re.split(r"[\n,]+", written) if part.strip(" ,")]
    lacks = []
    if len(parts) < _LEAST_ADDRESS_PARTS:
        lacks.append(f"it has {len(parts)} of the {_LEAST_ADDRESS_PARTS} parts street or box, town, country")
    if not any(mark.isdigit() for mark in written):
        lacks.append("it has no number or postal code")
    if _NO_PLACE.search(written):
        lacks.append("it is no real place")
    if not lacks:
        return None
    return block(
        "C-01",
        f"the sender profile's postal address {written!r} is not complete: {' and '.join(lacks)}",
        mend="give street or box, town with code, and country in the sender profile",
    )


def _postal_address(letter: Letter) -> Iterator[Finding]:
    incomplete = incomplete_address(letter.sender)
    if incomplete:
        yield incomplete
        return
    wanted = _flat(letter.sender.postal_address)
    for part, words in _parts(letter):
        if wanted not in _flat(words):
            yield block("C-01", f"the postal address is missing from the {part}")


def _opt_out(letter: Letter) -> Iterator[Finding]:
    visible = [
        words
        for href, words in markup.links(letter.message.html)
        if _is_opt_out(href, letter.sender) and _OPT_OUT_WORDS.search(words)
    ]
    if not visible:
        yield block("C-02", "the HTML has no visible link to opt out")
    urls = [m.group() for m in markup.URL.finditer(letter.message.text)]
    if not any(_is_opt_out(url, letter.sender) for url in urls) or not _OPT_OUT_WORDS.search(
        letter.message.text
    ):
        yield block("C-02", "the text has no visible link to opt out")
    said = folded(
        markup.URL.sub(" ", letter.message.text)
        + " "
        + " ".join(label for _, label in markup.links(letter.message.html))
    )
    if found := _HARD_OPT_OUT.search(said):
        yield block(
            "C-02", "the opt-out asks for a login or money", found.group(), "one link, and nothing else"
        )
    least = letter.rules.content.opt_out_days
    for found in _SHORT_OPT_OUT.finditer(said):
        if int(found["many"]) * _DAYS[found["unit"].lower()] < least:
            yield block("C-02", f"an opt-out must work for at least {least} days", found.group())


def _one_click(letter: Letter) -> Iterator[Finding]:
    headers = {name.lower(): value for name, value in letter.message.headers}
    offered = re.findall(r"<([^<>]+)>", headers.get("list-unsubscribe", ""))
    https = [url for url in offered if url.lower().startswith("https://")]
    if not any(_is_opt_out(url, letter.sender) for url in https):
        yield block(
            "C-21",
            "the List-Unsubscribe header has no https link to the sender's opt-out page",
            mend="set an https unsubscribe_url in the sender profile",
        )
    if headers.get("list-unsubscribe-post") != "List-Unsubscribe=One-Click":
        yield block("C-21", "the List-Unsubscribe-Post header is missing")


def _true_sender(letter: Letter) -> Iterator[Finding]:
    message, sender = letter.message, letter.sender
    if message.from_address.lower() != str(sender.from_email).lower():
        yield block("C-04", "the From address is not the sender profile's", message.from_address)
    if message.from_name != sender.from_name:
        yield block("C-04", "the From name is not the sender profile's", message.from_name)
    own_reply_to = str(sender.reply_to).lower() if sender.reply_to else None
    if message.reply_to is not None and message.reply_to.lower() != own_reply_to:
        yield block("C-04", "the Reply-To address is not the sender profile's", message.reply_to)


def _safe_headers(letter: Letter) -> Iterator[Finding]:
    message, limits = letter.message, letter.rules.content
    values = [
        ("subject", message.subject),
        ("recipient's name", message.to_name),
        ("recipient's address", message.to_address),
        ("From name", message.from_name),
        ("From address", message.from_address),
        ("Reply-To", message.reply_to or ""),
        ("Message-ID", message.message_id),
        *((f"header {name}", value) for name, value in message.headers),
    ]
    for what, value in values:
        mark = unsafe_character(value)
        if mark:
            yield block("C-25", f"the {what} holds the control character {mark}", value[:80])
        if "=?" in value:
            yield block("C-25", f"the {what} holds '=?', which mail programs decode", value[:80])
        if len(value) > limits.line_most_chars:
            yield block("C-25", f"the {what} is {len(value)} characters long", value[:80])
    names = [name for name, _ in message.headers]
    if len({name.lower() for name in names}) != len(names):
        yield block("C-25", "a header stands in the message twice")
    for name in names:
        if name not in SUPPLIED_HEADERS:
            yield block("C-25", f"the header {name[:80]!r} is not one a message may bring")
    yield from _addresses(letter)
    yield from _lengths(letter)


def _addresses(letter: Letter) -> Iterator[Finding]:
    message = letter.message
    for what, value in (("recipient's", message.to_address), ("From", message.from_address)):
        if not _ADDRESS.fullmatch(value) or len(value) > letter.rules.content.address_most_chars:
            yield block("C-25", f"the {what} address is not one plain address", value[:80])
        elif not value.isascii():
            yield block("C-25", f"the {what} address has letters most mail servers do not take", value[:80])
    found = _MESSAGE_ID.fullmatch(message.message_id)
    if not found or found[1].lower() != message.from_address.rpartition("@")[2].lower():
        yield block("C-25", "the Message-ID is not under the sender's domain", message.message_id[:80])


def _lengths(letter: Letter) -> Iterator[Finding]:
    message, limits = letter.message, letter.rules.content
    if len(message.subject) > limits.subject_most_chars:
        yield block("C-25", f"the subject has {len(message.subject)} characters", mend="shorten it")
    elif len(message.subject) > limits.subject_warn_chars:
        yield Finding(
            rule_id="C-25",
            severity=Severity.WARN,
            reason=f"the subject has {len(message.subject)} characters and will be cut on phones",
            mend="shorten it",
        )
    for what, body in (("text", message.text), ("HTML", message.html)):
        if len(body) > limits.text_most_chars:
            yield block("C-25", f"the {what} has {len(body)} characters")
        if "\x00" in body or any(unsafe_character(line) for line in body.replace("\t", " ").split("\n")):
            yield block("C-25", f"the {what} holds a control character")


def _links(letter: Letter) -> Iterator[Finding]:
    message = letter.message
    urls = [href for href, _ in markup.links(message.html)]
    rest = " ".join(word for word in message.text.split() if word != letter.asset_url)
    urls += [m.group().rstrip(".,;:") for m in markup.URL.finditer(rest)]
    foreign = sorted({url for url in urls if not _is_own(url, letter.sender) and url != letter.asset_url})
    # At sending the asset is not read again (the approved hash covers its link); one outside address
    # is then the most a message can have.
    most = 0 if letter.asset_url is not None else 1
    if len(foreign) > most:
        for url in foreign:
            yield block("A-05", "the link leads to a place nobody approved", url[:200])
    for href, words in markup.links(message.html):
        shown = markup.URL.search(words)
        if shown and urlsplit(shown.group()).hostname != urlsplit(href).hostname:
            yield block("A-05", "the link shows one address and leads to another", words[:200])


def _plain_markup(letter: Letter) -> Iterator[Finding]:
    message = letter.message
    if markup.clean(message.html) != message.html:
        yield block("A-05", "the HTML holds something the sanitiser takes out")
    hidden = invisible_mark(message.subject + message.text + markup.visible_text(message.html))
    if hidden:
        yield block("A-05", f"the message holds an invisible character {hidden}")
    if _said(message.text) != _said(markup.visible_text(message.html)):
        yield block("A-05", "text and HTML do not say the same words")


RULES: tuple[tuple[str, Rule], ...] = (
    ("C-01", _postal_address),
    ("C-02", _opt_out),
    ("C-04", _true_sender),
    ("C-21", _one_click),
    ("C-25", _safe_headers),
    ("A-05", _links),
    ("A-05", _plain_markup),
)


def _parts(letter: Letter) -> tuple[tuple[str, str], ...]:
    return (("text", letter.message.text), ("HTML", markup.visible_text(letter.message.html)))


def _flat(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _said(text: str) -> list[str]:
    return re.findall(r"\w+", markup.URL.sub(" ", text))


def _is_opt_out(url: str, sender: SenderProfile) -> bool:
    ours, theirs = urlsplit(str(sender.unsubscribe_url)), urlsplit(url.rstrip(".,;:"))
    return (ours.scheme, ours.netloc, ours.path) == (theirs.scheme, theirs.netloc, theirs.path) and bool(
        theirs.query
    )


def _is_own(url: str, sender: SenderProfile) -> bool:
    if _is_opt_out(url, sender):
        return True
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or "@" in parts.netloc or "\\" in url:
        return False
    hosts = {host.lower() for host in (*sender.link_hosts, sender.website.host or "")}
    return (parts.hostname or "") in hosts

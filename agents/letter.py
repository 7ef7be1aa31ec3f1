"""Turns a draft into the message that will arrive: code adds everything a model must not choose.

Recipient, sender, greeting, link, postal address, opt-out and headers come from records. The words of
text and HTML are the same. A draft's own subject is passed on as it is, so that a bad one becomes a
finding of the review and not a crash.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, urlencode

from itsdangerous import BadSignature, Signer

from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.message import Draft, Message
from domain.people import Consent, ConsentBasis, ConsentGround, Contact
from domain.sender import SenderProfile
from policies import markup
from policies.envelope import unsafe_character

_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME_PART = r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_])){0,24}\.?"
_PLAIN_NAME = re.compile(rf"{_NAME_PART}(?: {_NAME_PART}){{0,2}}")
_MOST_NAME_CHARS = 60

Lines = tuple[str, ...]


def address(
    draft: Draft,
    *,
    contact: Contact,
    asset: ContentAsset,
    campaign: Campaign,
    sender: SenderProfile,
    outbox_id: str,
    link_key: bytes,
    carried_by: Consent | None = None,
) -> Message:
    """Return the message exactly as it will arrive; the same arguments give the same message.

    Args:
        draft: subject and paragraphs.
        contact: the one recipient; needs an address.
        asset: where the call to action leads.
        campaign: names the message in its own header, for whoever looks at the source.
        sender: the team's profile.
        outbox_id: the entry this message will be; Message-ID and opt-out link derive from it.
        link_key: signs the opt-out link.
        carried_by: the consent record it rests on; the footer says so. None where the law needs none.

    Raises:
        ValueError: if the contact has no address, or a profile value or id cannot stand in a header.

    """
    if not contact.email:
        raise ValueError(f"contact {contact.id!r} has no e-mail address to write to")
    if not _PLAIN_ID.fullmatch(outbox_id):
        raise ValueError(f"outbox id {outbox_id!r} must be 1 to 64 letters, digits, '_' or '-'")
    _need_header_safe("from_name", sender.from_name)
    opt_out_url = _opt_out_url(sender, unsubscribe_token(outbox_id, link_key))
    footer = _footer(contact, sender, carried_by)
    domain = str(sender.from_email).rpartition("@")[2].lower()
    return Message(
        contact_id=contact.id,
        channel="email",
        to_address=contact.email,
        to_name=_display_name(contact),
        from_address=str(sender.from_email),
        from_name=sender.from_name,
        reply_to=str(sender.reply_to) if sender.reply_to else None,
        subject=draft.subject,
        text=_text(draft, contact, asset, sender, opt_out_url, footer),
        html=_html(draft, contact, asset, sender, opt_out_url, footer),
        headers=(
            ("List-Unsubscribe", f"<{opt_out_url}>, <{_opt_out_mailto(sender, outbox_id)}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("X-Attune-Id", f"{campaign.id}/{outbox_id}"),
        ),
        message_id=f"<{outbox_id}@{domain}>",
    )


def unsubscribe_token(outbox_id: str, link_key: bytes) -> str:
    """Return the token of an opt-out link: the entry's id, signed, so that nobody can opt others out.

    It holds no time: an opt-out link works for as long as the workspace keeps its key.
    """
    return _signer(link_key).sign(outbox_id).decode()


def outbox_id_of(token: str, link_key: bytes) -> str | None:
    """Return the outbox id an opt-out token was signed for, or None if it was not signed by this key."""
    try:
        outbox_id = _signer(link_key).unsign(token).decode()
    except (BadSignature, UnicodeError, ValueError):
        return None
    return outbox_id if _PLAIN_ID.fullmatch(outbox_id) else None


def _signer(link_key: bytes) -> Signer:
    return Signer(link_key, salt="attune.opt-out", key_derivation="hmac", digest_method=hashlib.sha256)


def greeting(contact: Contact) -> str:
    """Return `Hello Dana,`, or `Hello,` where the first name is missing or does not look like one."""
    name = " ".join((contact.first_name or "").split())
    if not _PLAIN_NAME.fullmatch(name):
        return "Hello,"
    if len(name) > 2 and (name.isupper() or name.islower()):
        name = name.title()
    return f"Hello {name},"


def _text(
    draft: Draft, contact: Contact, asset: ContentAsset, sender: SenderProfile, opt_out: str, footer: Lines
) -> str:
    body = (" ".join(s.text for s in paragraph.sentences) for paragraph in draft.paragraphs)
    blocks = (
        greeting(contact),
        *body,
        f"{asset.call_to_action}: {asset.url}",
        "\n".join(_signature(sender)),
        "\n".join((*footer, f"Unsubscribe: {opt_out}")),
    )
    return "\n\n".join(blocks) + "\n"


def _html(
    draft: Draft, contact: Contact, asset: ContentAsset, sender: SenderProfile, opt_out: str, footer: Lines
) -> str:
    body = (" ".join(s.text for s in paragraph.sentences) for paragraph in draft.paragraphs)
    paragraphs = "".join(f"<p>{markup.escaped(words)}</p>" for words in (greeting(contact), *body))
    call = f"<p>{_link(str(asset.url), asset.call_to_action)}</p>"
    signature = f"<p>{_lines(_signature(sender))}</p>"
    end = f'<p style="{markup.STYLE_FOOTER}">{_lines(footer)}<br>{_link(opt_out, "Unsubscribe")}</p>'
    whole = f'<div style="{markup.STYLE_BODY}" dir="auto">{paragraphs}{call}{signature}{end}</div>'
    return markup.clean(whole)


def _signature(sender: SenderProfile) -> tuple[str, ...]:
    who = dict.fromkeys((sender.from_name, sender.organisation))
    return (f"{sender.sign_off},", *who)


def _footer(contact: Contact, sender: SenderProfile, carried_by: Consent | None) -> Lines:
    why = f"You get this because {_reason(contact, sender.organisation, carried_by)}."
    address_lines = [line.strip() for line in sender.postal_address.splitlines() if line.strip()]
    is_named = bool(address_lines) and sender.organisation in address_lines[0]
    return (why, *(() if is_named else (sender.organisation,)), *address_lines)


def _reason(contact: Contact, organisation: str, carried_by: Consent | None) -> str:
    """What the message rests on, as its reader would put it; nothing of the record's own words."""
    if carried_by is not None:
        day = f"{carried_by.recorded_at:%d %B %Y}".lstrip("0")
        if carried_by.basis is ConsentBasis.EXPRESS:
            return f"you agreed on {day} to e-mail from {organisation} to {contact.email}"
        if carried_by.basis is ConsentBasis.SOFT_OPT_IN:
            return f"you bought from {organisation}, and this is about goods of that kind"
        if carried_by.ground is ConsentGround.PURCHASE:
            return f"you have bought from {organisation}"
        if carried_by.ground is ConsentGround.INQUIRY:
            return f"you asked {organisation} about something on {day}"
    return f"{organisation} has {contact.email} as a business contact"


def _lines(lines: tuple[str, ...]) -> str:
    return "<br>".join(markup.escaped(line) for line in lines)


def _link(url: str, words: str) -> str:
    return f'<a href="{markup.escaped(url).replace(chr(34), "%22")}">{markup.escaped(words)}</a>'


def _opt_out_url(sender: SenderProfile, token: str) -> str:
    base = str(sender.unsubscribe_url)
    return f"{base}{'&' if '?' in base else '?'}{urlencode({'c': token})}"


def _opt_out_mailto(sender: SenderProfile, outbox_id: str) -> str:
    mailbox = quote(str(sender.reply_to or sender.from_email), safe="@+")
    return f"mailto:{mailbox}?subject={quote(f'unsubscribe {outbox_id}')}"


def _display_name(contact: Contact) -> str:
    """The recipient's name for the To header, or nothing where it could be read as anything else."""
    raw = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    is_plain = unsafe_character(raw) is None and not set(raw) & set('<>@",;:\\={}[]()')
    name = " ".join(raw.split())
    return name if is_plain and len(name) <= _MOST_NAME_CHARS else ""


def _need_header_safe(what: str, value: str) -> None:
    mark = unsafe_character(value)
    if mark or "=?" in value:
        found = f"the control character {mark}" if mark else "'=?'"
        raise ValueError(f"the sender profile's {what} holds {found}, which cannot stand in a header")

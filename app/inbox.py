"""Reads what people sent us: a reply, an opt-out in their own words, an automatic answer, a bounce report.

Nothing is ever answered from here: a machine that answers machines does not end (RFC 3834).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from app.deliver import mark
from domain.delivery import (
    BouncedAddress,
    InboundKind,
    InboundMail,
    InboundRecord,
    MailEvent,
    MailEventKind,
    WebhookRequest,
)
from domain.errors import NotFound, SettingsInvalid
from memory.crm.inbox import InboxStore, kept_at, place_of
from policies.opt_out import OptOut, OptOutReading, read_opt_out

if TYPE_CHECKING:
    from app.wiring import House

MOST_AT_ONCE = 500
SUBJECT_OF_OURS = re.compile(r"(?i)^\s*unsubscribe\s+(?P<outbox_id>[A-Za-z0-9_-]{1,64})\s*$")
"""What the mailto link of our List-Unsubscribe header puts into the subject."""


def inbox_store(house: House) -> InboxStore:
    """Where mail that reached us is kept."""
    return InboxStore(house.engine, house.audit, house.clock, erased_among=house.erased_addresses)


def fetch_inbox(house: House, limit: int = MOST_AT_ONCE) -> Counter[InboundKind | None]:
    """Read the mailbox from where the last reading ended; return how many mails were what (None: known).

    Raises:
        SettingsInvalid: no mailbox is set.
        InboxUnavailable: it cannot be read; what was read until then is kept.

    """
    inbox = house.inbox
    if inbox is None:
        raise SettingsInvalid("No mailbox is set: ATTUNE_IMAP_HOST is missing. See .env.example.")
    fact = f"inbox-place:{inbox.name}"
    found: Counter[InboundKind | None] = Counter()
    for mail, place in inbox.fetch(place_of(house.content.get_fact(fact)), limit):
        record = take_mail(house, mail)
        found[record.kind if record else None] += 1
        house.content.set_fact(fact, kept_at(place, house.clock()))
    return found


def take_posted(house: House, provider: str, request: WebhookRequest) -> Counter[InboundKind | None]:
    """Take the mail a provider posts.

    Raises:
        NotFound: no secret is set for this provider.
        WebhookRefused: it is forged or stale.
        WebhookUnreadable: it is genuine, but not in the documented shape.

    """
    hook = house.inbound_hooks.get(provider)
    if hook is None:
        raise NotFound("inbound webhook", provider, "Set its secret; see docs/delivery.md.")
    once = hook.verify(request, house.clock())
    mails = hook.read(request)
    if once is not None:
        # Under the one name of both doors: a token seen at the other may not bring another body here.
        house.delivery.take(provider, (), once)
    return Counter(record.kind if (record := take_mail(house, mail)) else None for mail in mails)


def take_mail(house: House, mail: InboundMail) -> InboundRecord | None:
    """Take one mail for what it is; None where it was taken before."""
    store = inbox_store(house)
    named = SUBJECT_OF_OURS.match(mail.subject)
    if mail.bounces:
        _tell_bounces(house, mail, store)
        return store.take(mail, InboundKind.BOUNCE)
    if mail.is_automatic and not named:
        return store.take(mail, InboundKind.AUTOMATIC)
    reading = read_opt_out(mail.text, mail.subject)
    return store.take(
        mail,
        _kind(reading),
        outbox_id=named["outbox_id"] if named else None,
        hold_reason=f"C-17: is {reading.span!r} an opt-out?" if reading.needs_a_person else None,
        span=reading.span,
    )


def _kind(reading: OptOutReading) -> InboundKind:
    return {
        OptOut.STOP: InboundKind.OPT_OUT,
        OptOut.UNSURE: InboundKind.UNSURE,
        OptOut.NO: InboundKind.REPLY,
    }[reading.answer]


def _tell_bounces(house: House, mail: InboundMail, store: InboxStore) -> None:
    """Take a bounce report for an event, where it returns a message of ours and names whom that was for.

    Anybody can write a report; only one that knows our Message-ID is about us.
    """
    ours = store.thread_of(mail)
    if ours is None:
        return
    events = [
        MailEvent(
            provider="report",
            event_id=f"{mail.id}-{number}",
            kind=MailEventKind.BOUNCED,
            at=mail.at,
            address=bounced.address,
            outbox_id=ours.outbox_id,
            bounce=bounced.bounce,
            detail=bounced.detail,
            raw={"subject": mail.subject, "from": mail.from_address, "detail": bounced.detail},
        )
        for number, bounced in enumerate(_of_recipient(mail, ours.address))
    ]
    for entry in house.delivery.take("report", events).settled:
        mark(house, entry)


def _of_recipient(mail: InboundMail, address: str) -> list[BouncedAddress]:
    return [bounced for bounced in mail.bounces if bounced.address == address.lower()]

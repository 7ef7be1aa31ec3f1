"""The last look, inside the transaction that reserves a message: on what stands then.

Checked again: consent may have been withdrawn, an address may have bounced, another campaign may have
written, while the draft waited for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from domain.content import ContentAsset
from domain.dossier import Standing
from domain.message import Finding, OutboxEntry, Verdict
from domain.sender import SenderProfile
from policies.contactable import may_contact
from policies.envelope import Letter, block, evaluated, review_envelope
from policies.quiet_hours import is_open, next_open
from policies.rulebook import RuleBook
from policies.suppression import unwanted_topic


def check_send(
    standing: Standing,
    entry: OutboxEntry,
    sender: SenderProfile,
    rules: RuleBook,
    now: datetime,
    asset: ContentAsset | None = None,
) -> Verdict:
    """Hold one reserved message against the rules as things stand at `now`.

    Args:
        standing: read in this very transaction; its times and open campaigns leave this entry out.
        entry: what would be sent.
        sender: the team's profile as it is now.
        rules: the rule book.
        now: aware UTC time of sending.
        asset: the content as it is now: its link is the only approved one, and what it says must still be
            valid. Without it one link beside the sender's own hosts is let pass, because the approved
            hash covers it.

    """
    findings = evaluated("C-09", lambda: _contactable(standing, now, rules))
    findings += evaluated("A-02", lambda: _same_recipient(standing, entry))
    findings += evaluated("H-06", lambda: _is_due(entry, now))
    findings += evaluated("C-18", lambda: _in_hours(standing, now, rules))
    if asset is not None:
        findings += evaluated("H-07", lambda: _still_true(asset, entry, now.date()))
        findings += evaluated("C-03", lambda: _wanted(asset, standing, now))
    findings += review_envelope(Letter(entry.message, sender, rules, str(asset.url) if asset else None))
    return Verdict(findings=tuple(findings))


def _contactable(standing: Standing, now: datetime, rules: RuleBook) -> Iterator[Finding]:
    refusal = may_contact(standing, None, now, rules)
    if refusal:
        yield block(refusal.rule_id, refusal.reason)


def _same_recipient(standing: Standing, entry: OutboxEntry) -> Iterator[Finding]:
    contact = standing.contact
    if not contact.id == entry.contact_id == entry.message.contact_id:
        yield block("A-02", "the message was written for another contact", entry.message.contact_id)
    if entry.message.to_address.lower() != (contact.email or "").lower():
        yield block("A-02", "the contact's address has changed since the message was written")


def _is_due(entry: OutboxEntry, now: datetime) -> Iterator[Finding]:
    if now < entry.not_before:
        yield block("H-06", f"the send slot opens at {entry.not_before:%Y-%m-%d %H:%M} UTC")


def _still_true(asset: ContentAsset, entry: OutboxEntry, today: date) -> Iterator[Finding]:
    """What was true when the message was written may have been withdrawn, or have run out, since."""
    if not asset.is_active:
        yield block("H-07", f"the content {asset.title!r} was withdrawn")
    offer = asset.offer
    if offer and offer.valid_until and offer.valid_until < today:
        yield block("C-05", f"the offer {offer.name!r} ended on {offer.valid_until}")
    for claim in asset.claims:
        if claim.expires_on and claim.expires_on < today and claim.text in entry.message.text:
            yield block("C-07", f"the claim {claim.id} expired on {claim.expires_on}", claim.text)


def _wanted(asset: ContentAsset, standing: Standing, now: datetime) -> Iterator[Finding]:
    topic = unwanted_topic(asset.topics, standing.suppressions, now)
    if topic is not None:
        yield block("C-03", f"{standing.contact.name} does not want to hear about {topic!r}")


def _in_hours(standing: Standing, now: datetime, rules: RuleBook) -> Iterator[Finding]:
    if not is_open(standing.contact, now, rules):
        opens = next_open(standing.contact, now, rules)
        yield block(
            "C-18", f"it is outside house hours for this contact; they open {opens:%Y-%m-%d %H:%M} UTC"
        )

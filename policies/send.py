"""The last look, inside the transaction that reserves a message: on what stands then.

Checked again: consent may have been withdrawn, an address may have bounced, another campaign may have
written, a claim may have expired or a rule have changed, while the draft waited for a person. Nothing is
taken on trust from the first look; whatever is missing blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from domain.content import ContentAsset
from domain.dossier import Standing
from domain.message import Finding, OutboxEntry, Severity, Verdict
from domain.review import DraftRecord
from domain.sender import SenderProfile
from policies.case import block
from policies.competition import must_give_way
from policies.contactable import limits_for, may_contact
from policies.content import review_message
from policies.eligibility import still_fits
from policies.envelope import evaluated
from policies.quiet_hours import shut
from policies.rulebook import RuleBook
from policies.suppression import unwanted_topic


def check_send(
    standing: Standing,
    entry: OutboxEntry,
    sender: SenderProfile,
    rules: RuleBook,
    now: datetime,
    *,
    asset: ContentAsset | None,
    made: DraftRecord | None,
    raw: bytes | None,
    value_cents: float | None = None,
) -> Verdict:
    """Hold one reserved message against the rules as things stand at `now`.

    A hold a person has already seen and approved stands no more in the way; a new one does.

    Args:
        standing: read in this very transaction; its times and open campaigns leave this entry out.
        entry: what would be sent.
        sender: the team's profile as it is now.
        rules: the rule book as it is now.
        now: aware UTC time of sending.
        asset: the content as it is now: its link is the only approved one, and what it says must still be
            valid.
        made: what was made for this decision: the draft with its evidence, and what was found in it then.
        raw: the mail as it will leave, in bytes.
        value_cents: what the message is expected to be worth, for where another wants its place.

    """
    findings = evaluated("C-09", lambda: _contactable(standing, now, rules, asset))
    findings += evaluated("C-26", lambda: _keeps_its_place(standing, now, rules, value_cents))
    findings += evaluated("A-02", lambda: _same_recipient(standing, entry))
    findings += evaluated("H-06", lambda: _is_due(entry, now))
    findings += evaluated("C-18", lambda: _in_hours(standing, now, rules))
    findings += evaluated("H-07", lambda: _still_true(asset, entry, now.date()))
    findings += evaluated("H-07", lambda: _still_meant(standing, asset, now.date(), rules))
    if asset is not None:
        findings += evaluated("C-03", lambda: _wanted(asset, standing, now))
    findings += evaluated("C-07", lambda: _on_record(entry, made))
    findings += evaluated("A-02", lambda: _content(entry, sender, rules, now, asset, made, raw))
    return Verdict(findings=tuple(findings))


def _contactable(
    standing: Standing, now: datetime, rules: RuleBook, asset: ContentAsset | None
) -> Iterator[Finding]:
    refusal = may_contact(standing, None, now, rules, asset)
    if refusal:
        yield block(refusal.rule_id, refusal.reason)


def _keeps_its_place(
    standing: Standing, now: datetime, rules: RuleBook, value_cents: float | None
) -> Iterator[Finding]:
    limits = [limit for _, limit in limits_for(standing.contact, rules)]
    reason = must_give_way(value_cents, now, standing.open_messages, standing.sent_at, limits)
    if reason:
        yield block("C-26", reason)


def _same_recipient(standing: Standing, entry: OutboxEntry) -> Iterator[Finding]:
    contact = standing.contact
    if not contact.id == entry.contact_id == entry.message.contact_id:
        yield block("A-02", "the message was written for another contact", entry.message.contact_id)
    if entry.message.to_address.lower() != (contact.email or "").lower():
        yield block("A-02", "the contact's address has changed since the message was written")


def _is_due(entry: OutboxEntry, now: datetime) -> Iterator[Finding]:
    if now < entry.not_before:
        yield block("H-06", f"the send slot opens at {entry.not_before:%Y-%m-%d %H:%M} UTC")


def _still_true(asset: ContentAsset | None, entry: OutboxEntry, today: date) -> Iterator[Finding]:
    """What was true when the message was written may have been withdrawn, or have run out, since."""
    if asset is None:
        yield block("H-07", "the content this message leads to is not on record")
        return
    if not asset.is_active:
        yield block("H-07", f"the content {asset.title!r} was withdrawn")
    offer = asset.offer
    if offer and offer.valid_until and offer.valid_until < today:
        yield block("C-05", f"the offer {offer.name!r} ended on {offer.valid_until}")
    for claim in asset.claims:
        if claim.expires_on and claim.expires_on < today and claim.text in entry.message.text:
            yield block("C-07", f"the claim {claim.id} expired on {claim.expires_on}", claim.text)


def _still_meant(
    standing: Standing, asset: ContentAsset | None, today: date, rules: RuleBook
) -> Iterator[Finding]:
    """The contact may have become somebody else's reader, or have had this content, since it was chosen."""
    if asset is None:
        return
    sent = dict(standing.sent_assets)
    reason = still_fits(asset, standing.contact, standing.account, sent, today, rules)
    if reason:
        yield block("H-07", reason)


def _wanted(asset: ContentAsset, standing: Standing, now: datetime) -> Iterator[Finding]:
    topic = unwanted_topic(asset.topics, standing.suppressions, now)
    if topic is not None:
        yield block("C-03", f"{standing.contact.name} does not want to hear about {topic!r}")


def _on_record(entry: OutboxEntry, made: DraftRecord | None) -> Iterator[Finding]:
    """What the message rests on must be at hand, and be this message's."""
    if made is None or made.draft is None or made.message is None:
        yield block("C-07", "what was drafted, and on which evidence, is not on record")
    elif made.message.sha256 != entry.message.sha256:
        yield block("C-07", "the draft on record is of another message than the one to be sent")


def _content(
    entry: OutboxEntry,
    sender: SenderProfile,
    rules: RuleBook,
    now: datetime,
    asset: ContentAsset | None,
    made: DraftRecord | None,
    raw: bytes | None,
) -> Iterator[Finding]:
    draft, evidence = (made.draft, made.evidence) if made else (None, ())
    verdict = review_message(entry.message, draft, evidence, asset, sender, rules, now.date(), raw=raw)
    seen = {(f.rule_id, f.span) for f in made.verdict.findings} if made and made.verdict else set()
    for finding in verdict.findings:
        if finding.severity is Severity.BLOCK or (finding.rule_id, finding.span) not in seen:
            yield finding


def _in_hours(standing: Standing, now: datetime, rules: RuleBook) -> Iterator[Finding]:
    if why := shut(standing.contact, now, rules):
        yield why

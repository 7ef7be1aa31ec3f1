"""Suppression: who must not be written to any more, whatever else would allow it."""

from __future__ import annotations

from collections.abc import Sequence

from domain.decision import Refusal
from domain.people import Contact, Suppression, SuppressionReason

_RULES = {
    SuppressionReason.UNSUBSCRIBED: ("C-03", "unsubscribed"),
    SuppressionReason.MANUAL: ("C-03", "was taken off by a person"),
    SuppressionReason.ERASED: ("C-03", "asked to be erased"),
    SuppressionReason.OBJECTION: ("C-13", "objected to marketing"),
    SuppressionReason.HARD_BOUNCE: ("C-19", "has an address that bounced for good"),
    SuppressionReason.COMPLAINT: ("C-19", "reported a message of ours as spam"),
}

_EVERY_CHANNEL = frozenset({SuppressionReason.OBJECTION, SuppressionReason.ERASED})


def refuses(contact: Contact, suppressions: Sequence[Suppression]) -> Refusal | None:
    """Return the first stop that holds for this contact's e-mail, or None.

    Suppressions are those the store found for the contact or its address. Only a hard bounce of an
    address the contact no longer has is passed over: it says nothing about the new one.
    """
    for stop in suppressions:
        if stop.channel not in {"email", "all"} and stop.reason not in _EVERY_CHANNEL:
            continue
        if stop.reason is SuppressionReason.HARD_BOUNCE and _is_old_address(contact, stop):
            continue
        rule_id, did = _RULES[stop.reason]
        reason = f"{contact.name} {did} ({stop.source}, {stop.since.date().isoformat()})"
        return Refusal(contact_id=contact.id, rule_id=rule_id, reason=reason)
    return None


def may_profile(contact: Contact, suppressions: Sequence[Suppression]) -> Refusal | None:
    """Return why this person must not be scored or profiled, or None: an objection stops that too (C-13)."""
    for stop in suppressions:
        if stop.reason in _EVERY_CHANNEL:
            reason = f"{contact.name} {_RULES[stop.reason][1]}: no scoring, no profiling"
            return Refusal(contact_id=contact.id, rule_id="C-13", reason=reason)
    return None


def _is_old_address(contact: Contact, stop: Suppression) -> bool:
    if stop.contact_id != contact.id or not contact.email:
        return False
    return stop.address.strip().lower() != contact.email.strip().lower()

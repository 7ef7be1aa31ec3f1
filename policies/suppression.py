"""Suppression: who must not be written to any more, whatever else would allow it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.decision import Refusal
from domain.people import OF_ADDRESS_ONLY, Contact, Suppression, SuppressionReason, topic_channel

_RULES = {
    SuppressionReason.UNSUBSCRIBED: ("C-03", "unsubscribed"),
    SuppressionReason.MANUAL: ("C-03", "was taken off by a person"),
    SuppressionReason.ERASED: ("C-03", "asked to be erased"),
    SuppressionReason.OBJECTION: ("C-13", "objected to marketing"),
    SuppressionReason.HARD_BOUNCE: ("C-19", "has an address that bounced for good"),
    SuppressionReason.COMPLAINT: ("C-19", "reported a message of ours as spam"),
    SuppressionReason.PAUSED: ("C-03", "asked for a pause"),
    SuppressionReason.TOPIC: ("C-03", "does not want this topic"),
}

_EVERY_CHANNEL = frozenset({SuppressionReason.OBJECTION, SuppressionReason.ERASED})


def refuses(contact: Contact, suppressions: Sequence[Suppression], now: datetime) -> Refusal | None:
    """Return the first stop that holds for this contact's e-mail at `now`, or None.

    Suppressions are those the store found for the contact or its address. Only bounces of an address the
    contact no longer has are passed over: they say nothing about the new one. A pause that is over holds
    nobody; a stop of one topic is asked by `unwanted`.
    """
    for stop in suppressions:
        if stop.until is not None and stop.until <= now:
            continue
        if stop.channel not in {"email", "all"} and stop.reason not in _EVERY_CHANNEL:
            continue
        if stop.reason in OF_ADDRESS_ONLY and _is_old_address(contact, stop):
            continue
        rule_id, did = _RULES[stop.reason]
        end = f", until {stop.until.date().isoformat()}" if stop.until else ""
        reason = f"{contact.name} {did} ({stop.source}, {stop.since.date().isoformat()}{end})"
        return Refusal(contact_id=contact.id, rule_id=rule_id, reason=reason)
    return None


def unwanted(suppressions: Sequence[Suppression], now: datetime) -> frozenset[str]:
    """Return the topics a contact does not want to hear about by e-mail."""
    prefix = topic_channel("")
    return frozenset(
        stop.channel.removeprefix(prefix)
        for stop in suppressions
        if stop.channel.startswith(prefix) and (stop.until is None or stop.until > now)
    )


def unwanted_topic(topics: Sequence[str], suppressions: Sequence[Suppression], now: datetime) -> str | None:
    """Return the first of a content's topics that the contact does not want, or None."""
    refused = unwanted(suppressions, now)
    return next((topic for topic in topics if topic in refused), None)


def may_profile(contact: Contact, suppressions: Sequence[Suppression]) -> Refusal | None:
    """Return why this person must not be scored or profiled, or None: an objection stops that too (C-13)."""
    for stop in suppressions:
        if stop.reason in _EVERY_CHANNEL:
            rule_id, did = _RULES[stop.reason]
            reason = f"{contact.name} {did}: no message, no scoring, no profiling"
            return Refusal(contact_id=contact.id, rule_id=rule_id, reason=reason)
    return None


def _is_old_address(contact: Contact, stop: Suppression) -> bool:
    if stop.contact_id != contact.id or not contact.email:
        return False
    return stop.address.strip().lower() != contact.email.strip().lower()

"""Lawful basis: whether a recorded yes lets us write to this person in this country.

The newest record counts: a withdrawal voids every yes before it. An unknown country is the strictest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.decision import Refusal
from domain.people import Consent, ConsentBasis, Contact
from policies.rulebook import ConsentRules, CountryRule, RuleBook


def refuses(contact: Contact, consents: Sequence[Consent], now: datetime, rules: RuleBook) -> Refusal | None:
    """Return why no recorded basis carries an e-mail to this contact at `now`, or None if one does."""
    relevant = [c for c in consents if c.channel == "email" and c.scope in rules.consent.scopes]
    withdrawals = [c.recorded_at for c in relevant if not c.is_granted]
    standing = [
        c
        for c in relevant
        if c.is_granted and c.recorded_at <= now and all(c.recorded_at > at for at in withdrawals)
    ]
    if withdrawals and not standing:
        day = max(withdrawals).date().isoformat()
        return _refusal(contact, "C-09", f"{contact.name} withdrew consent to e-mail on {day}")

    country = rules.country(contact.country)
    if not country.needs_basis:
        return None
    accepted = _accepted(contact, country, rules)
    usable = [c for c in standing if c.basis in accepted]
    if not usable:
        return _refusal(contact, "C-09", _missing(contact, accepted))
    lasting = [c for c in usable if (until := _expires_at(c, rules.consent)) is None or now < until]
    if not lasting:
        lapsed = max(until for c in usable if (until := _expires_at(c, rules.consent)) is not None)
        return _refusal(contact, "C-11", f"the consent of {contact.name} lapsed on {lapsed.date()}")
    if not any(_is_complete(c) for c in lasting):
        return _refusal(
            contact, "C-08", f"the consent record of {contact.name} lacks its source or its wording"
        )
    return None


def _accepted(contact: Contact, country: CountryRule, rules: RuleBook) -> tuple[ConsentBasis, ...]:
    host = (contact.email or "").rpartition("@")[2].lower()
    is_private = host in rules.addresses.free_mail_domains
    return country.individuals if is_private else country.accepts


def _expires_at(consent: Consent, rules: ConsentRules) -> datetime | None:
    if consent.basis is not ConsentBasis.IMPLIED:
        return consent.expires_at
    # What implied it is not recorded, so without a stated end the shorter term holds; no end may
    # lie beyond the longer one.
    latest = consent.recorded_at + timedelta(days=rules.implied_purchase_days)
    if consent.expires_at is None:
        return consent.recorded_at + timedelta(days=rules.implied_inquiry_days)
    return min(consent.expires_at, latest)


def _is_complete(consent: Consent) -> bool:
    if not consent.source.strip():
        return False
    return consent.basis is not ConsentBasis.EXPRESS or bool((consent.wording or "").strip())


def _missing(contact: Contact, accepted: tuple[ConsentBasis, ...]) -> str:
    where = contact.country or "an unknown country"
    wanted = " or ".join(basis.value.replace("_", " ") for basis in accepted) or "nothing we accept"
    return f"{contact.name} is in {where}, where e-mail needs {wanted}; none is on record"


def _refusal(contact: Contact, rule_id: str, reason: str) -> Refusal:
    return Refusal(contact_id=contact.id, rule_id=rule_id, reason=reason)

"""Addresses: whether this one is a person's own and works (C-20)."""

from __future__ import annotations

from disposable_email_domains import blocklist

from domain.decision import Refusal
from domain.people import Contact, EmailStatus
from policies.rulebook import AddressRules

_PUBLIC_LIST: frozenset[str] = frozenset(blocklist)
"""The list of the package disposable-email-domains, in the version installed."""

_UNUSABLE = {
    EmailStatus.MISSING: "has no e-mail address",
    EmailStatus.INVALID: "has an address that is not valid",
    EmailStatus.BOUNCED: "has an address that bounced",
}


def refuses(contact: Contact, rules: AddressRules) -> Refusal | None:
    """Return why this contact's address is not written to, or None."""
    problem = _UNUSABLE.get(contact.email_status) or _problem(contact.email, rules)
    if problem is None:
        return None
    return Refusal(contact_id=contact.id, rule_id="C-20", reason=f"{contact.name} {problem}")


def is_shared(email: str | None, rules: AddressRules) -> bool:
    """Tell whether an address is that of a function or a team (info@, support@), not of one person."""
    local = (email or "").strip().lower().rpartition("@")[0]
    return local.partition("+")[0] in rules.role_local_parts


def _problem(email: str | None, rules: AddressRules) -> str | None:
    if not email:
        return _UNUSABLE[EmailStatus.MISSING]
    local, at, host = email.strip().lower().rpartition("@")
    if not at or not local or "." not in host or any(mark.isspace() for mark in local + host):
        return _UNUSABLE[EmailStatus.INVALID]
    if is_shared(email, rules):
        return f"has a shared mailbox ({local}@), which belongs to no one person"
    labels = host.split(".")
    parents = {".".join(labels[at:]) for at in range(len(labels) - 1)}
    if parents & rules.disposable_domains or parents & _PUBLIC_LIST:
        return f"has a throw-away address (at {host})"
    return None

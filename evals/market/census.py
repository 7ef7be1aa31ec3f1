"""Counts what a generated market holds, and whom the rules would refuse, before anything is imported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.campaign import Campaign, EventCondition
from domain.dossier import Standing
from domain.events import EventKind
from domain.people import (
    Account,
    Consent,
    Contact,
    EmailStatus,
    Suppression,
    SuppressionReason,
)
from domain.records import AccountRow, ContactRow, EventRow, Row
from policies.audience import matches
from policies.contactable import may_contact
from policies.rulebook import RuleBook


@dataclass
class Census:
    """The rows of one market, sorted."""

    now: datetime
    accounts: dict[str, AccountRow] = field(default_factory=dict)
    contacts: list[ContactRow] = field(default_factory=list)
    events: dict[str, list[EventRow]] = field(default_factory=lambda: defaultdict(list))
    row_kinds: Counter[str] = field(default_factory=Counter)

    def take(self, rows: Iterable[Row]) -> Census:
        """Sort the rows in and return the census itself."""
        for row in rows:
            self.row_kinds[type(row).__name__.removesuffix("Row").lower()] += 1
            if isinstance(row, AccountRow):
                self.accounts[row.external_id or ""] = row
            elif isinstance(row, ContactRow):
                self.contacts.append(row)
            elif isinstance(row, EventRow):
                self.events[row.contact_external_id or ""].append(row)
        return self

    def refusals(self, rules: RuleBook, campaign: Campaign | None = None) -> Counter[str]:
        """Count contacts by the rule that refuses them; "" counts those who may be written to.

        Args:
            rules: the rule book.
            campaign: counts only its audience; None counts everyone.

        """
        counts: Counter[str] = Counter()
        for row in self.contacts:
            contact = _contact(row)
            if campaign and not self._is_meant(campaign, contact, row):
                continue
            refusal = may_contact(self._standing(contact, row), None, self.now, rules)
            counts[refusal.rule_id if refusal else ""] += 1
        return counts

    def _is_meant(self, campaign: Campaign, contact: Contact, row: ContactRow) -> bool:
        account = _account(self.accounts[row.account_external_id or ""])

        def count_of(condition: EventCondition) -> int:
            since = self.now - timedelta(days=condition.within_days or 36_500)
            return sum(
                event.kind is condition.event
                and not event.is_machine
                and event.at >= since
                and condition.topic in (None, event.topic)
                for event in self.events[contact.id]
            )

        return matches(campaign.audience, contact, account, count_of)

    def _standing(self, contact: Contact, row: ContactRow) -> Standing:
        sent_at = [event.at for event in self.events[contact.id] if event.kind is EventKind.EMAIL_SENT]
        return Standing(
            contact=contact,
            consents=_consents(contact, row),
            suppressions=_suppressions(contact, row),
            sent_at=tuple(sorted(sent_at, reverse=True)),
        )


def _contact(row: ContactRow) -> Contact:
    status = EmailStatus.MISSING
    if row.email:
        status = EmailStatus.BOUNCED if row.is_bounced else EmailStatus.USABLE
    fields = {name: getattr(row, name) for name in Contact.model_fields if hasattr(row, name)}
    return Contact(**{**fields, "id": row.external_id or "", "email_status": status})


def _account(row: AccountRow) -> Account:
    fields = {name: getattr(row, name) for name in Account.model_fields if hasattr(row, name)}
    return Account(**{**fields, "id": row.external_id or ""})


def _consents(contact: Contact, row: ContactRow) -> tuple[Consent, ...]:
    if row.consent_basis is None or row.consent_at is None or row.is_opted_out:
        return ()
    return (
        Consent(
            contact_id=contact.id,
            basis=row.consent_basis,
            is_granted=True,
            recorded_at=row.consent_at,
            source=row.consent_source or row.source,
            wording=row.consent_wording,
            proof=f"{row.place.file}, row {row.place.row}",
            ground=row.consent_ground,
            ground_ref=row.consent_ground_ref,
            goods=row.consent_goods,
            opt_out_offered=row.consent_opt_out_offered,
        ),
    )


def _suppressions(contact: Contact, row: ContactRow) -> tuple[Suppression, ...]:
    reason = row.suppression_reason or (SuppressionReason.HARD_BOUNCE if row.is_bounced else None)
    since = row.opted_out_at or row.bounced_at
    if reason is None or since is None or not contact.email:
        return ()
    return (Suppression(address=contact.email, reason=reason, source=row.source, since=since),)

"""Read models: everything known about one contact at one moment."""

from __future__ import annotations

from domain.base import Noun, UtcDatetime
from domain.events import Event
from domain.people import Account, BuyingRole, Consent, Contact, Deal, Suppression


class OpenMessage(Noun):
    """A message on its way to a contact: pending or approved, not yet being sent.

    `value_cents` is what its decision expected it to be worth; None where nothing was believed.
    """

    entry_id: str
    campaign_id: str
    planned_at: UtcDatetime
    is_approved: bool
    value_cents: float | None = None


class Standing(Noun):
    """What decides whether a contact may be written to: read again inside the send transaction.

    `sent_at` are the times of our messages to this contact on every channel and campaign, newest
    first, those of unknown fate included. `soft_bounced_at` are times messages to the contact bounced for
    the time being. `open_campaigns` are campaigns with a message to this contact that is still on its way;
    `open_messages` those of them not yet being sent.
    """

    contact: Contact
    consents: tuple[Consent, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    sent_at: tuple[UtcDatetime, ...] = ()
    soft_bounced_at: tuple[UtcDatetime, ...] = ()
    open_campaigns: tuple[str, ...] = ()
    open_messages: tuple[OpenMessage, ...] = ()


class Dossier(Noun):
    """One contact with account, deals, roles and timeline. `events` are newest first."""

    standing: Standing
    account: Account | None = None
    deals: tuple[Deal, ...] = ()
    roles: tuple[BuyingRole, ...] = ()
    events: tuple[Event, ...] = ()
    account_was_contacted: bool = False
    colleagues_known: int = 0

    @property
    def contact(self) -> Contact:
        """The contact this is about."""
        return self.standing.contact

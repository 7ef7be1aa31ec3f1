"""What features are built from: the few columns of contacts, accounts, deals and the journal they need.

Plain tuples, because a million of them are read at a time and a noun costs ten times as much. The CRM
reads them, the learner's features take them; text and topics come from outside and are only ever counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.events import EventKind

SPOKEN_KINDS = (
    EventKind.FORM_SUBMITTED,
    EventKind.EMAIL_REPLIED,
    EventKind.MEETING_BOOKED,
    EventKind.MEETING_HELD,
    EventKind.CALL_HELD,
    EventKind.NOTE_ADDED,
    EventKind.TICKET_OPENED,
)
"""Kinds of events whose text is searched for topic words."""


class ContactTraits(NamedTuple):
    """A person as features see them. `stage_since` is UTC or None where no source says."""

    id: str
    account_id: str | None = None
    seniority: str = "unknown"
    country: str | None = None
    time_zone: str | None = None
    lifecycle_stage: str = "lead"
    stage_since: datetime | None = None
    department: str | None = None


class AccountTraits(NamedTuple):
    """A company as features see it. Revenue is in cents of the account's own currency."""

    id: str
    industry: str | None = None
    employees: int | None = None
    annual_revenue_cents: int | None = None
    country: str | None = None


class DealTraits(NamedTuple):
    """A purchase as features see it. `closes_on` is planned while it is open, and the end once closed."""

    id: str
    account_id: str | None = None
    kind: str = "new"
    amount_cents: int | None = None
    is_closed: bool = False
    is_won: bool = False
    closes_on: date | None = None
    created_at: datetime | None = None


class DealStep(NamedTuple):
    """A deal entered a stage."""

    deal_id: str
    entered_at: datetime


class DealPart(NamedTuple):
    """Who plays which part (`BuyingRoleKind`) in which deal."""

    contact_id: str
    deal_id: str
    kind: str = "other"


class StageChanges(NamedTuple):
    """What the journal says of a contact's stages as a whole, for contacts with any change in it.

    The first change is the first that reached us. Until then the contact's record said `first_from` (since
    `from_since`), as far as that change tells. `first_at` is when it happened, `last_at` when the newest did.
    """

    contact_id: str
    first_from: str | None
    from_since: datetime | None
    first_at: datetime
    last_at: datetime


class Happening(NamedTuple):
    """One event of the journal as features see it.

    `received_at` is when it reached us, None where that is not to count (imported history, whose import
    was later than everything in it). `text` and `properties` are given only for kinds that need them.
    """

    id: str
    kind: str
    at: datetime
    contact_id: str
    received_at: datetime | None = None
    asset_id: str | None = None
    topic: str | None = None
    text: str | None = None
    is_machine: bool = False
    properties: Mapping[str, Any] | None = None

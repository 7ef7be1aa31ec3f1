"""Accounts, contacts, their deals, and what they allowed us."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from domain.base import CountryCode, CurrencyCode, Noun, UtcDatetime


class LifecycleStage(StrEnum):
    """How far a contact has come, in order."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"


class Seniority(StrEnum):
    """How high a contact stands, read from the job title where the CRM has no field."""

    EXECUTIVE = "executive"
    DIRECTOR = "director"
    MANAGER = "manager"
    SPECIALIST = "specialist"
    UNKNOWN = "unknown"


class EmailStatus(StrEnum):
    """Whether an address can be written to at all."""

    USABLE = "usable"
    MISSING = "missing"
    INVALID = "invalid"
    BOUNCED = "bounced"


class Account(Noun):
    """A company."""

    id: str
    name: str
    domain: str | None = None
    industry: str | None = None
    employees: int | None = None
    annual_revenue_cents: int | None = None
    currency: CurrencyCode = "USD"
    country: CountryCode | None = None
    region: str | None = None
    city: str | None = None
    owner: str | None = None
    created_at: UtcDatetime | None = None
    external_ids: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)


class Contact(Noun):
    """A person we know. `email` is normalised: lower case, IDNA domain."""

    id: str
    account_id: str | None = None
    email: str | None = None
    email_status: EmailStatus = EmailStatus.MISSING
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    department: str | None = None
    seniority: Seniority = Seniority.UNKNOWN
    country: CountryCode | None = None
    region: str | None = None
    time_zone: str | None = None
    language: str | None = None
    phone: str | None = None
    lifecycle_stage: LifecycleStage = LifecycleStage.LEAD
    stage_since: UtcDatetime | None = None
    owner: str | None = None
    created_at: UtcDatetime | None = None
    external_ids: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """Full name, or the address, or the id: whatever a person would call this contact."""
        full = " ".join(part for part in (self.first_name, self.last_name) if part)
        return full or self.email or self.id


class BuyingRoleKind(StrEnum):
    """A person's part in a purchase."""

    CHAMPION = "champion"
    DECISION_MAKER = "decision_maker"
    ECONOMIC_BUYER = "economic_buyer"
    INFLUENCER = "influencer"
    USER = "user"
    BLOCKER = "blocker"
    OTHER = "other"


class BuyingRole(Noun):
    """Who plays which part in which deal."""

    contact_id: str
    deal_id: str
    kind: BuyingRoleKind = BuyingRoleKind.OTHER


class DealKind(StrEnum):
    """New business, a renewal or an expansion."""

    NEW = "new"
    RENEWAL = "renewal"
    EXPANSION = "expansion"


class Deal(Noun):
    """A purchase in the making, or made, or lost."""

    id: str
    account_id: str | None = None
    name: str
    kind: DealKind = DealKind.NEW
    pipeline: str | None = None
    stage: str
    amount_cents: int | None = None
    currency: CurrencyCode = "USD"
    is_closed: bool = False
    is_won: bool = False
    closes_on: date | None = None
    owner: str | None = None
    created_at: UtcDatetime | None = None
    external_ids: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)


class DealStageChange(Noun):
    """A deal entered a stage."""

    deal_id: str
    stage: str
    entered_at: UtcDatetime


class ConsentBasis(StrEnum):
    """On what ground we may write."""

    EXPRESS = "express"
    SOFT_OPT_IN = "soft_opt_in"
    IMPLIED = "implied"
    LEGITIMATE_INTEREST = "legitimate_interest"


class ConsentGround(StrEnum):
    """What an implied consent or a soft opt-in rests on."""

    PURCHASE = "purchase"
    INQUIRY = "inquiry"


class ConsentChannel(StrEnum):
    """A way to reach somebody that a consent can be for."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    POST = "post"


class Consent(Noun):
    """One recorded yes or no for one channel: who, when, how worded, from where, with what proof.

    The last four say what an implied consent or a soft opt-in rests on: a purchase or an inquiry, which
    order, which goods (topics, comma-separated), and whether an opt-out was offered when it was collected.
    """

    contact_id: str
    channel: str = "email"
    basis: ConsentBasis
    is_granted: bool
    recorded_at: UtcDatetime
    source: str
    wording: str | None = None
    proof: str | None = None
    scope: str = "marketing"
    expires_at: UtcDatetime | None = None
    ground: ConsentGround | None = None
    ground_ref: str | None = None
    goods: str | None = None
    opt_out_offered: bool | None = None


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    OBJECTION = "objection"
    MANUAL = "manual"
    ERASED = "erased"
    PAUSED = "paused"
    TOPIC = "topic"


OF_ADDRESS_ONLY = frozenset({SuppressionReason.HARD_BOUNCE})
"""Stops that speak of one address; all others follow the person to a new one."""


def topic_channel(topic: str, channel: str = "email") -> str:
    """The channel of a stop that is for one topic only."""
    return f"{channel}/{topic}"


class Suppression(Noun):
    """A stop for one address, whatever contact carries it now. Imports never lift it.

    `channel` is `email`, `all`, or `email/TOPIC` for a stop of one topic. With `until` it is a pause that
    ends by itself; without, it lasts.
    """

    address: str
    channel: str = "email"
    reason: SuppressionReason
    source: str
    since: UtcDatetime
    contact_id: str | None = None
    until: UtcDatetime | None = None

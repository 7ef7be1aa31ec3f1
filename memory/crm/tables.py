"""The CRM tables. One class a table, in the words of `docs/glossary.md`.

Ids are ours and readable (`c_7f3a9b2c1d4e`); what a source calls a thing stands in `identities`.
Nested nouns (a draft, a verdict, a message) are kept as JSON of their pydantic model: they are read
whole and never queried inside. Over 400 lines on purpose: all tables stand in one file, to be read as one
schema. Times are aware UTC (`UTCDateTime`); money is integer cents.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class AccountTable(SQLModel, table=True):
    """Companies."""

    __tablename__ = "accounts"

    id: str = Field(primary_key=True)
    name: str
    domain: str | None = Field(default=None, index=True)
    industry: str | None = None
    employees: int | None = None
    annual_revenue_cents: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = "USD"
    country: str | None = None
    region: str | None = None
    city: str | None = None
    owner: str | None = None
    created_at: datetime | None = None
    attributes: dict[str, Any] = _json()


class ContactTable(SQLModel, table=True):
    """People. `email` is normalised and belongs to one contact only."""

    __tablename__ = "contacts"

    id: str = Field(primary_key=True)
    account_id: str | None = Field(default=None, foreign_key="accounts.id", index=True)
    email: str | None = Field(default=None, unique=True)
    email_status: str = "missing"
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    department: str | None = None
    seniority: str = "unknown"
    country: str | None = None
    region: str | None = None
    time_zone: str | None = None
    language: str | None = None
    phone: str | None = None
    lifecycle_stage: str = Field(default="lead", index=True)
    stage_since: datetime | None = None
    owner: str | None = None
    created_at: datetime | None = None
    attributes: dict[str, Any] = _json()


class ContactCardTable(SQLModel, table=True):
    """What contacts are found by: folded words, and what lists are narrowed and sorted by (`cards.py`).

    Derived: a card that is missing is made anew. Narrow, and on SQLite kept in the order of `name_key`, so that
    a search reads little and the first page of a list stops early.
    """

    __tablename__ = "contact_cards"
    __table_args__ = {"sqlite_with_rowid": False}

    name_key: str = Field(primary_key=True)
    contact_id: str = Field(primary_key=True, foreign_key="contacts.id", ondelete="CASCADE", unique=True)
    words: str
    stage: str
    country: str | None = None
    owner: str | None = None
    account_id: str | None = Field(default=None, index=True)
    is_listed: bool = True


class AccountCardTable(SQLModel, table=True):
    """What accounts are found by, as `contact_cards`."""

    __tablename__ = "account_cards"
    __table_args__ = {"sqlite_with_rowid": False}

    name_key: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE", unique=True)
    words: str
    industry: str | None = None
    country: str | None = None
    owner: str | None = None


class IdentityTable(SQLModel, table=True):
    """What a source calls a thing. Merged ids point at the kept thing."""

    __tablename__ = "identities"

    source: str = Field(primary_key=True)
    noun: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    internal_id: str = Field(index=True)


class DealTable(SQLModel, table=True):
    """Purchases in the making, made, or lost."""

    __tablename__ = "deals"

    id: str = Field(primary_key=True)
    account_id: str | None = Field(default=None, foreign_key="accounts.id", index=True)
    name: str
    kind: str = "new"
    pipeline: str | None = None
    stage: str
    amount_cents: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = "USD"
    is_closed: bool = False
    is_won: bool = False
    closes_on: date | None = None
    owner: str | None = None
    created_at: datetime | None = None
    attributes: dict[str, Any] = _json()


class DealStageTable(SQLModel, table=True):
    """When a deal entered which stage."""

    __tablename__ = "deal_stages"

    deal_id: str = Field(primary_key=True, foreign_key="deals.id")
    stage: str = Field(primary_key=True)
    entered_at: datetime = Field(primary_key=True)


class BuyingRoleTable(SQLModel, table=True):
    """Who plays which part in which deal."""

    __tablename__ = "buying_roles"

    contact_id: str = Field(primary_key=True, foreign_key="contacts.id")
    deal_id: str = Field(primary_key=True, foreign_key="deals.id", index=True)
    kind: str = "other"


_HARM = "kind = 'email_complained' OR kind = 'email_bounced'"
_HAS_TOPIC = "topic IS NOT NULL"


class EventTable(SQLModel, table=True):
    """The journal: everything that happened, once. `id` is `source:provider_id`."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_contact_at", "contact_id", "at"),
        Index("ix_events_account_at", "account_id", "at"),
        Index("ix_events_received", "received_at", "id"),
        Index("ix_events_harm", "kind", "at", sqlite_where=text(_HARM), postgresql_where=text(_HARM)),
        # Not by kind alone: SQLite would take that for one contact's or account's events, too, which are few.
        Index(
            "ix_events_topic",
            "topic",
            "kind",
            "at",
            sqlite_where=text(_HAS_TOPIC),
            postgresql_where=text(_HAS_TOPIC),
        ),
    )

    id: str = Field(primary_key=True)
    kind: str
    at: datetime
    source: str
    contact_id: str | None = Field(default=None, foreign_key="contacts.id")
    account_id: str | None = Field(default=None, foreign_key="accounts.id")
    deal_id: str | None = Field(default=None, foreign_key="deals.id")
    asset_id: str | None = None
    topic: str | None = None
    subject: str | None = None
    text: str | None = None
    is_machine: bool = False
    properties: dict[str, Any] = _json()
    received_at: datetime


class AssetTable(SQLModel, table=True):
    """Content assets; topics, fits and the offer stand in `record`, the JSON of `ContentAsset`."""

    __tablename__ = "assets"

    id: str = Field(primary_key=True)
    title: str
    kind: str
    is_active: bool = True
    record: dict[str, Any] = _json()


class ClaimTable(SQLModel, table=True):
    """Approved claims: the only product facts a draft may state."""

    __tablename__ = "claims"

    id: str = Field(primary_key=True)
    asset_id: str = Field(primary_key=True, foreign_key="assets.id")
    text: str
    source: str
    approved_by: str
    approved_on: date
    expires_on: date | None = None


class CampaignTable(SQLModel, table=True):
    """Campaigns as last run; `record` is the JSON of `Campaign`."""

    __tablename__ = "campaigns"

    id: str = Field(primary_key=True)
    name: str
    status: str = "active"
    record: dict[str, Any] = _json()
    record_sha256: str
    updated_at: datetime


class ConsentTable(SQLModel, table=True):
    """Every recorded yes or no. Rows are added, never changed: the newest counts."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("contact_id", "channel", "recorded_at", "source"),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: str = Field(foreign_key="contacts.id", index=True)
    channel: str = "email"
    basis: str
    is_granted: bool
    recorded_at: datetime
    source: str
    wording: str | None = None
    proof: str | None = None
    scope: str = "marketing"
    expires_at: datetime | None = None
    ground: str | None = None
    ground_ref: str | None = None
    goods: str | None = None
    opt_out_offered: bool | None = None


class SuppressionTable(SQLModel, table=True):
    """Addresses that must not be written to, for good or (`until`) for a while. No import ever removes a row."""

    __tablename__ = "suppressions"

    address: str = Field(primary_key=True)
    channel: str = Field(default="email", primary_key=True)
    reason: str = Field(primary_key=True)
    source: str
    since: datetime
    contact_id: str | None = Field(default=None, index=True)
    until: datetime | None = None


_OPEN_RUN = "status IN ('deciding', 'running')"


class RunTable(SQLModel, table=True):
    """Campaign runs. The partial index allows one open run a campaign, and one open dry run beside it."""

    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "ux_runs_open",
            "campaign_id",
            "is_dry_run",
            unique=True,
            sqlite_where=text(_OPEN_RUN),
            postgresql_where=text(_OPEN_RUN),
        ),
    )

    id: str = Field(primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id", index=True)
    status: str
    autonomy: str
    is_dry_run: bool = False
    sample: int | None = None
    seed: int = Field(sa_type=BigInteger)
    started_at: datetime
    finished_at: datetime | None = None


class DecisionTable(SQLModel, table=True):
    """Every decision, silence and holdout included, complete enough to replay."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("run_id", "contact_id"),)

    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="runs.id", index=True)
    campaign_id: str
    contact_id: str = Field(foreign_key="contacts.id", index=True)
    arm: str
    action_key: str
    asset_id: str | None = None
    channel: str | None = None
    slot: str | None = None
    propensity: float
    alternatives: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    reasons: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    contributions: list[Any] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    knowledge: str
    learner_version: str
    features_version: str
    decided_at: datetime
    unit_cents: float | None = None


class LearnerTable(SQLModel, table=True):
    """What learners believed, version by version; `arrays` is the learner's file (`.npz`), `record` its JSON part."""

    __tablename__ = "learners"
    __table_args__ = (UniqueConstraint("campaign_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: str = Field(index=True)
    version: str
    outcomes: int
    made_at: datetime
    is_pinned: bool = False
    record: dict[str, Any] = _json()
    arrays: bytes


class RunContactTable(SQLModel, table=True):
    """A run's ledger: one line a contact, whatever became of it."""

    __tablename__ = "run_contacts"
    __table_args__ = (Index("ix_run_contacts_outcome", "run_id", "outcome"),)

    run_id: str = Field(primary_key=True, foreign_key="runs.id")
    contact_id: str = Field(primary_key=True, foreign_key="contacts.id", index=True)
    outcome: str
    rule_id: str | None = None
    reason: str = ""
    decision_id: str | None = None
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = Field(default=0, sa_type=BigInteger)
    updated_at: datetime


_OPEN_STATES = "status IN ('pending', 'approved', 'held', 'sending', 'unknown')"


class OutboxTable(SQLModel, table=True):
    """Messages on their way out. The partial index allows one open message a campaign and contact."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("run_id", "contact_id"),
        Index(
            "ux_outbox_open",
            "campaign_id",
            "contact_id",
            unique=True,
            sqlite_where=text(_OPEN_STATES),
            postgresql_where=text(_OPEN_STATES),
        ),
        Index("ix_outbox_due", "status", "not_before"),
        Index("ix_outbox_contact", "contact_id", "status"),
    )

    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="runs.id")
    campaign_id: str
    contact_id: str = Field(foreign_key="contacts.id")
    decision_id: str
    channel: str = "email"
    message: dict[str, Any] = _json()
    message_id: str = Field(unique=True)
    message_sha256: str
    approved_sha256: str | None = None
    status: str
    not_before: datetime
    fencing_token: int = Field(default=0, sa_type=Integer)
    attempts: int = 0
    detail: str = ""
    sent_at: datetime | None = None
    receipt: dict[str, Any] = _json()
    provider_message_id: str | None = Field(default=None, index=True)
    updated_at: datetime


_QUEUE = (
    "status",
    "created_at",
    "id",
    "level",
    "value_cents",
    "snoozed_until",
    "assignee",
    "campaign_id",
    "asset_id",
    "contact_id",
    "subject",
)
"""Everything the queue is sorted and narrowed by: read from the index alone, because a proposal's row is long."""

_DECIDED = ("decided_at", "status", "version", "created_at", "campaign_id", "asset_id", "asked_level", "id")


class ProposalTable(SQLModel, table=True):
    """What waits for a person; `record` is the JSON of `Proposal`.

    The columns after it are what the queue sorts, narrows and shows by; `asked_level` is the level at which a person
    was first asked, whatever edits made of it; levels are 1 (low) to 3 (high).
    """

    __tablename__ = "proposals"
    __table_args__ = (
        Index("ix_proposals_queue", *_QUEUE),
        Index("ix_proposals_decided", *_DECIDED),
        Index(
            "ix_proposals_class", "campaign_id", "asset_id", "asked_level", "decided_at", "status", "version"
        ),
    )

    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="runs.id", index=True)
    campaign_id: str
    contact_id: str = Field(foreign_key="contacts.id", index=True)
    outbox_id: str = Field(foreign_key="outbox.id", unique=True)
    status: str
    message_sha256: str
    version: int = 1
    record: dict[str, Any] = _json()
    created_at: datetime
    decided_at: datetime | None = None
    level: int = 2
    asked_level: int = 2
    asset_id: str | None = None
    value_cents: float | None = None
    subject: str = ""
    reason: str = ""
    more_reasons: int = 0
    is_clean: bool = False
    not_before: datetime | None = None
    snoozed_until: datetime | None = None
    assignee: str | None = None


class ReviewTable(SQLModel, table=True):
    """What reviewers did."""

    __tablename__ = "reviews"

    id: int | None = Field(default=None, primary_key=True)
    proposal_id: str = Field(foreign_key="proposals.id", index=True)
    act: str
    reviewer: str
    message_sha256: str
    reason: str = ""
    subject: str | None = None
    body: str | None = None
    at: datetime = Field(index=True)


class AutonomyTable(SQLModel, table=True):
    """What was last decided about classes of messages: whether they may go alone. The audit chain has the rest."""

    __tablename__ = "autonomy"

    campaign_id: str = Field(primary_key=True)
    asset_id: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    state: str
    by: str
    reason: str = ""
    decided_then: int = 0
    words_sha256: str = ""
    at: datetime


class DraftTable(SQLModel, table=True):
    """What was made for each decision; `record` is the JSON of `DraftRecord`."""

    __tablename__ = "drafts"

    decision_id: str = Field(primary_key=True)
    run_id: str = Field(index=True)
    contact_id: str = Field(foreign_key="contacts.id", index=True)
    record: dict[str, Any] = _json()
    kept_at: datetime


class WebhookEventTable(SQLModel, table=True):
    """What providers told about messages, as received (`raw`). `id` is that of the journal's event."""

    __tablename__ = "webhook_events"

    id: str = Field(primary_key=True)
    provider: str
    kind: str
    at: datetime
    address: str | None = Field(default=None, index=True)
    outbox_id: str | None = Field(default=None, index=True)
    contact_id: str | None = Field(default=None, index=True)
    bounce: str | None = None
    url: str | None = None
    is_machine: bool = False
    raw: dict[str, Any] = _json()
    received_at: datetime


class WebhookTokenTable(SQLModel, table=True):
    """Tokens of signatures that do not cover the body: each is good for one body."""

    __tablename__ = "webhook_tokens"

    provider: str = Field(primary_key=True)
    token: str = Field(primary_key=True)
    body_sha256: str
    received_at: datetime


class InboundTable(SQLModel, table=True):
    """Mails that reached us, what each was taken for, and who settled those that waited for a person."""

    __tablename__ = "inbound"

    id: str = Field(primary_key=True)
    source: str
    kind: str
    from_address: str = Field(index=True)
    subject: str = ""
    text: str = ""
    at: datetime
    received_at: datetime
    contact_id: str | None = Field(default=None, index=True)
    outbox_id: str | None = Field(default=None, index=True)
    hold_reason: str | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_as: str | None = None


class CampaignStateTable(SQLModel, table=True):
    """Whether a campaign may run and send, who said so and why; without a row it may."""

    __tablename__ = "campaign_states"

    campaign_id: str = Field(primary_key=True)
    state: str
    reason: str = ""
    by: str = ""
    since: datetime


class ScheduledRunTable(SQLModel, table=True):
    """Instants of campaigns' schedules and who claimed them: the key makes a second run of one impossible."""

    __tablename__ = "scheduled_runs"

    campaign_id: str = Field(primary_key=True)
    scheduled_at: datetime = Field(primary_key=True)
    state: str
    claimed_by: str = ""
    claimed_at: datetime
    run_id: str | None = None
    detail: str = ""


class TallyTable(SQLModel, table=True):
    """How many messages were sent under a name (a campaign, a sender, a recipient's domain) in a window."""

    __tablename__ = "tallies"

    name: str = Field(primary_key=True)
    starts_at: datetime = Field(primary_key=True)
    many: int = 0


class AuditTable(SQLModel, table=True):
    """Append-only chain: each row's hash covers the row before."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_subject", "subject", "seq"),
        Index("ix_audit_kind", "kind", "seq"),
    )

    seq: int = Field(primary_key=True)
    at: datetime
    kind: str
    subject: str
    detail: dict[str, Any] = _json()
    previous_sha256: str
    sha256: str


class MemoryTable(SQLModel, table=True):
    """The index of contact history: which item of which contact stands at which Chroma id."""

    __tablename__ = "memories"
    __table_args__ = (UniqueConstraint("contact_id", "ref"),)

    id: str = Field(primary_key=True)
    contact_id: str = Field(foreign_key="contacts.id", index=True)
    seq: int
    kind: str
    ref: str
    text: str
    at: datetime


class ErasedTable(SQLModel, table=True):
    """Who asked to be erased, as keyed hashes of addresses and source ids: nothing else is left of them."""

    __tablename__ = "erased"

    keyed_hash: str = Field(primary_key=True)
    at: datetime


class PrivacyRequestTable(SQLModel, table=True):
    """What people asked for, and by when it is due. After an erasure only the keyed hash says whose it was."""

    __tablename__ = "privacy_requests"

    id: str = Field(primary_key=True)
    kind: str
    contact_id: str | None = Field(default=None, index=True)
    person_hash: str
    received_at: datetime
    due_at: datetime
    done_at: datetime | None = Field(default=None, index=True)
    outcome: str = ""


class MemberTable(SQLModel, table=True):
    """People of the team. `email` is in lower case; the password is an Argon2id hash; `subject` is who the
    identity provider says it is, once somebody signed in by it.
    """

    __tablename__ = "members"

    id: str = Field(primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str
    zone: str = "UTC"
    password_hash: str | None = None
    subject: str | None = Field(default=None, unique=True)
    joined_at: datetime
    seen_at: datetime | None = None
    left_at: datetime | None = None


class TicketTable(SQLModel, table=True):
    """One-time links: first run, sign-in, invitations. The link's token is kept as its SHA-256."""

    __tablename__ = "tickets"

    id: str = Field(primary_key=True)
    token_sha256: str = Field(unique=True)
    kind: str
    email: str | None = None
    role: str
    member_id: str | None = Field(default=None, foreign_key="members.id", index=True)
    made_by: str | None = None
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    withdrawn_at: datetime | None = None


class SessionTable(SQLModel, table=True):
    """Browsers people are signed in with. `id` is the SHA-256 of what the cookie holds."""

    __tablename__ = "sessions"

    id: str = Field(primary_key=True)
    member_id: str = Field(foreign_key="members.id", index=True)
    way: str
    made_by: str | None = None
    browser: str = ""
    began_at: datetime
    seen_at: datetime


class ApiTokenTable(SQLModel, table=True):
    """What programs sign in with, as SHA-256."""

    __tablename__ = "api_tokens"

    id: str = Field(primary_key=True)
    token_sha256: str = Field(unique=True)
    member_id: str = Field(foreign_key="members.id", index=True)
    name: str
    made_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class ConversationTable(SQLModel, table=True):
    """Threads with the assistant: whose, and when they were used last. What was said stands in the checkpoints."""

    __tablename__ = "conversations"

    id: str = Field(primary_key=True)
    member_id: str = Field(index=True)
    title: str = ""
    door: str
    began_at: datetime
    last_at: datetime = Field(index=True)
    is_waiting: bool = False


class ConversationContactTable(SQLModel, table=True):
    """Whom a conversation has shown, so that an erasure finds it."""

    __tablename__ = "conversation_contacts"

    conversation_id: str = Field(primary_key=True, foreign_key="conversations.id", ondelete="CASCADE")
    contact_id: str = Field(primary_key=True, index=True)


class WorkspaceTable(SQLModel, table=True):
    """Facts about this workspace itself (its embedder, its sample-market flag), by name."""

    __tablename__ = "workspace"

    name: str = Field(primary_key=True)
    value: dict[str, Any] = _json()

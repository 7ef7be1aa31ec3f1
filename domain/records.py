"""What importers read: one record a row, in our words but with the source's ids.

Importers yield these; the CRM's intake resolves identities and stores them. Nothing here is trusted.
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field, JsonValue

from domain.base import Noun, UtcDatetime
from domain.events import EventKind
from domain.people import (
    BuyingRoleKind,
    ConsentBasis,
    ConsentGround,
    DealKind,
    LifecycleStage,
    Seniority,
    SuppressionReason,
)


class Place(Noun):
    """Where a row stands: file name and row number, counted as a spreadsheet does (header is 1)."""

    file: str
    row: int


class AccountRow(Noun):
    """An account as a source knows it."""

    place: Place
    source: str
    external_id: str | None = None
    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    employees: int | None = None
    annual_revenue_cents: int | None = None
    currency: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    owner: str | None = None
    created_at: UtcDatetime | None = None
    is_deleted: bool = False
    attributes: dict[str, str] = Field(default_factory=dict)


class ContactRow(Noun):
    """A contact as a source knows it. Country, stage and address are already in our words or None.

    `email` is what the source said; intake normalises and judges it. `opted_out_at` and `bounced_at`
    with their flags become suppressions; None for a flag means the source does not say. `doubts` tell which
    cells were unclear and what was made of them; the row is taken all the same.
    """

    place: Place
    source: str
    external_id: str | None = None
    other_external_ids: tuple[str, ...] = ()
    email: str | None = None
    account_external_id: str | None = None
    account_name: str | None = None
    account_domain: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    department: str | None = None
    seniority: Seniority | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    time_zone: str | None = None
    language: str | None = None
    phone: str | None = None
    lifecycle_stage: LifecycleStage | None = None
    stage_since: UtcDatetime | None = None
    owner: str | None = None
    created_at: UtcDatetime | None = None
    is_opted_out: bool | None = None
    opted_out_at: UtcDatetime | None = None
    is_bounced: bool | None = None
    bounced_at: UtcDatetime | None = None
    suppression_reason: SuppressionReason | None = None
    consent_basis: ConsentBasis | None = None
    consent_at: UtcDatetime | None = None
    consent_wording: str | None = None
    consent_source: str | None = None
    consent_ground: ConsentGround | None = None
    consent_ground_ref: str | None = None
    consent_goods: str | None = None
    consent_opt_out_offered: bool | None = None
    is_deleted: bool = False
    attributes: dict[str, str] = Field(default_factory=dict)
    doubts: tuple[str, ...] = ()


class DealRow(Noun):
    """A deal as a source knows it."""

    place: Place
    source: str
    external_id: str
    name: str | None = None
    kind: DealKind | None = None
    pipeline: str | None = None
    stage: str | None = None
    amount_cents: int | None = None
    currency: str | None = None
    is_closed: bool | None = None
    is_won: bool | None = None
    closes_on: date | None = None
    owner: str | None = None
    created_at: UtcDatetime | None = None
    account_external_id: str | None = None
    contact_external_ids: tuple[str, ...] = ()
    is_deleted: bool = False
    attributes: dict[str, str] = Field(default_factory=dict)


class DealStageRow(Noun):
    """A deal entered a stage, as a source tells it."""

    place: Place
    source: str
    deal_external_id: str
    stage: str
    entered_at: UtcDatetime


class RoleRow(Noun):
    """A contact's part in a deal, or a contact's belonging to an account, as a source tells it."""

    place: Place
    source: str
    contact_external_id: str
    deal_external_id: str | None = None
    account_external_id: str | None = None
    kind: BuyingRoleKind = BuyingRoleKind.OTHER


class MergeRow(Noun):
    """The source merged one contact into another: both ids are one person."""

    place: Place
    source: str
    kept_external_id: str
    merged_external_id: str


class EventRow(Noun):
    """Something that happened, as a source tells it. At least one of the who-fields is given."""

    place: Place
    source: str
    provider_id: str
    kind: EventKind
    at: UtcDatetime
    contact_external_id: str | None = None
    email: str | None = None
    account_external_id: str | None = None
    deal_external_id: str | None = None
    asset_id: str | None = None
    topic: str | None = None
    subject: str | None = None
    text: str | None = None
    is_machine: bool = False
    properties: dict[str, JsonValue] = Field(default_factory=dict)


class RejectedRow(Noun):
    """A row that could not be taken, and why."""

    place: Place
    reason: str
    cells: dict[str, str] = Field(default_factory=dict)


class SkippedRow(Noun):
    """A row that is fine but says nothing we keep (an obsolete version, a reference table)."""

    place: Place
    reason: str


Row = (
    AccountRow
    | ContactRow
    | DealRow
    | DealStageRow
    | RoleRow
    | MergeRow
    | EventRow
    | RejectedRow
    | SkippedRow
)


class ImportSummary(Noun):
    """What one import did: rows = added + changed + unchanged + merged + rejected + skipped.

    `rows` are records; `file_rows` are the rows of the files they came from, of which one may give several.
    `unclear` counts contacts a cell of which was no clear yes or no, by what was made of them; the rejects file
    lists them too.
    """

    files: int = 0
    file_rows: int = 0
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    merged: int = 0
    rejected: int = 0
    skipped: int = 0
    by_kind: dict[str, dict[str, int]] = Field(default_factory=dict)
    suppressed: int = 0
    unclear: dict[str, int] = Field(default_factory=dict)
    warnings: dict[str, int] = Field(default_factory=dict)
    rejects_file: str | None = None
    started_at: datetime | None = None
    seconds: float = 0

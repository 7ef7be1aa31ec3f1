"""What we have to say: content assets, their approved claims, offers."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import HttpUrl

from domain.base import CurrencyCode, Noun
from domain.people import LifecycleStage, Seniority


class AssetKind(StrEnum):
    """The form of a content asset."""

    CASE_STUDY = "case_study"
    GUIDE = "guide"
    WEBINAR = "webinar"
    CALCULATOR = "calculator"
    CHECKLIST = "checklist"
    DEMO = "demo"
    COMPARISON = "comparison"
    REPORT = "report"
    OFFER = "offer"
    MEETING = "meeting"


class ApprovedClaim(Noun):
    """A sentence someone approved for use, with its source. Drafts may say it; nothing else is a fact."""

    id: str
    text: str
    source: str
    approved_by: str
    approved_on: date
    expires_on: date | None = None


class Offer(Noun):
    """Terms a message may state; what it says must equal this record."""

    id: str
    name: str
    terms: str
    price_cents: int | None = None
    currency: CurrencyCode = "USD"
    discount_percent: float | None = None
    valid_until: date | None = None


class ContentAsset(Noun):
    """One thing we can send a contact to. Empty fit tuples mean 'fits all'."""

    id: str
    title: str
    kind: AssetKind
    url: HttpUrl
    summary: str
    call_to_action: str
    topics: tuple[str, ...] = ()
    stages: tuple[LifecycleStage, ...] = ()
    seniorities: tuple[Seniority, ...] = ()
    industries: tuple[str, ...] = ()
    language: str = "en"
    claims: tuple[ApprovedClaim, ...] = ()
    offer: Offer | None = None
    is_active: bool = True

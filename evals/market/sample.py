"""Generates the sample market: accounts, people and 90 days of what they did, the same for the same seed.

Rows are what any importer yields, so the demo comes in by the very way real data does. Behaviour follows
latent buyer types (`people.yaml`): colleagues of one company look at different things.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.events import EventKind
from domain.people import (
    BuyingRoleKind,
    ConsentBasis,
    DealKind,
    LifecycleStage,
    Seniority,
)
from domain.records import (
    AccountRow,
    ContactRow,
    DealRow,
    DealStageRow,
    EventRow,
    Place,
    RoleRow,
    Row,
)
from domain.sender import SenderProfile
from evals.market.behaviour import Doings

SAMPLE_LABEL = "Generated sample market. No real person or company."
ACCOUNTS = 300
CONTACTS = 1_200
DAYS = 90
SOURCE = "sample"
FOLDER = Path(__file__).parent

NEEDS_CONSENT = frozenset({"DE", "FR", "NL", "GB", "CA", "AU", "BR", "SG", "JP"})
SENIORITY_SHARES = {
    Seniority.EXECUTIVE: 0.05,
    Seniority.DIRECTOR: 0.17,
    Seniority.MANAGER: 0.40,
    Seniority.SPECIALIST: 0.38,
}
STAGE_SHARES = {
    LifecycleStage.SUBSCRIBER: 0.10,
    LifecycleStage.LEAD: 0.40,
    LifecycleStage.MQL: 0.24,
    LifecycleStage.SQL: 0.08,
    LifecycleStage.OPPORTUNITY: 0.07,
    LifecycleStage.CUSTOMER: 0.11,
}
DEAL_STAGES = ("Discovery", "Evaluation", "Proposal", "Negotiation")


@cache
def _parts() -> dict[str, Any]:
    parts: dict[str, Any] = yaml.safe_load((FOLDER / "people.yaml").read_text(encoding="utf-8"))
    return parts


@cache
def sample_assets() -> tuple[ContentAsset, ...]:
    """The vendor's 24 content assets with their approved claims."""
    content = yaml.safe_load((FOLDER / "content.yaml").read_text(encoding="utf-8"))
    return tuple(ContentAsset.model_validate(asset) for asset in content["assets"])


def sample_sender() -> SenderProfile:
    """The vendor."""
    return SenderProfile.model_validate(yaml.safe_load((FOLDER / "sender.yaml").read_text(encoding="utf-8")))


def sample_campaigns() -> tuple[Campaign, ...]:
    """The campaigns that come with the market, by id."""
    files = sorted((FOLDER / "campaigns").glob("*.yaml"))
    return tuple(Campaign.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files)


@dataclass(frozen=True)
class Company:
    """One account of the market, with what its people share."""

    number: int
    name: str
    domain: str
    country: str
    zone: str
    industry: str
    employees: int
    stage: LifecycleStage
    renews_in_days: int | None

    @property
    def external_id(self) -> str:
        """What the source calls it."""
        return f"A{self.number:04}"


def sample_market(seed: int, now: datetime) -> Iterator[Row]:
    """Yield the whole market as importer rows.

    Args:
        seed: the same seed gives the same market.
        now: aware UTC; nothing happens after it, and nothing more than 90 days before.

    Raises:
        ValueError: if `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("the sample market needs an aware `now`")
    luck = random.Random(seed)
    lines = iter(range(2, 10_000_000))

    def place() -> Place:
        return Place(file="sample-market", row=next(lines))

    companies = [_company(number, luck) for number in range(ACCOUNTS)]
    yield from (_account_row(company, place(), now) for company in companies)
    staff: dict[int, list[str]] = {company.number: [] for company in companies}
    used: set[str] = set()
    for number in range(CONTACTS):
        company = companies[number] if number < ACCOUNTS else luck.choice(companies)
        contact = _contact(number, company, luck, place(), now, used)
        staff[company.number].append(str(contact.external_id))
        yield contact
        parts = _parts()
        buyer = parts["buyers"][_weighted({name: b["share"] for name, b in parts["buyers"].items()}, luck)]
        yield from Doings(contact, company.stage, buyer, parts, luck, now, place).rows(sample_assets())
    for company in companies:
        yield from _deals(company, staff[company.number], luck, place, now)


def _company(number: int, luck: random.Random) -> Company:
    parts = _parts()
    first = parts["company_first"][number % len(parts["company_first"])]
    second = parts["company_second"][
        (number // len(parts["company_first"]) * 4 + number) % len(parts["company_second"])
    ]
    country = _weighted({code: c["weight"] for code, c in parts["countries"].items()}, luck)
    stage = _weighted(STAGE_SHARES, luck)
    renews = luck.randint(12, 160) if stage is LifecycleStage.CUSTOMER else None
    return Company(
        number=number,
        name=f"{first} {second}",
        domain=f"{first}-{second.replace(' ', '')}-{number}.example".lower(),
        country=country,
        zone=luck.choice(parts["countries"][country]["zones"]),
        industry=luck.choice(parts["industries"]),
        employees=int(luck.lognormvariate(5.2, 1.1)) + 12,
        stage=stage,
        renews_in_days=renews,
    )


def _account_row(company: Company, place: Place, now: datetime) -> AccountRow:
    return AccountRow(
        place=place,
        source=SOURCE,
        external_id=company.external_id,
        name=company.name,
        domain=company.domain,
        industry=company.industry,
        employees=company.employees,
        annual_revenue_cents=company.employees * 21_000_000,
        currency="USD",
        country=company.country,
        owner=f"sales{company.number % 6 + 1}@kestrelyard.example",
        created_at=now - timedelta(days=200 + company.number),
    )


def _contact(
    number: int, company: Company, luck: random.Random, place: Place, now: datetime, used: set[str]
) -> ContactRow:
    parts = _parts()
    first, last = luck.choice(parts["first_names"]), luck.choice(parts["last_names"])
    seniority = _weighted(SENIORITY_SHARES, luck)
    title, department = luck.choice(parts["titles"][seniority.value])
    local = "info" if luck.random() < 0.015 else f"{first}.{last}"
    email = f"{local}@{company.domain}".lower()
    while email in used:
        email = f"{local}{luck.randint(2, 99)}@{company.domain}".lower()
    used.add(email)
    stage = company.stage if luck.random() < 0.75 else LifecycleStage.LEAD
    if company.stage is LifecycleStage.CUSTOMER:
        stage = LifecycleStage.CUSTOMER
    left, bounced = luck.random() < 0.05, luck.random() < 0.025
    return ContactRow(
        place=place,
        source=SOURCE,
        external_id=f"P{number:05}",
        email=email,
        account_external_id=company.external_id,
        first_name=first,
        last_name=last,
        job_title=title,
        department=department,
        seniority=seniority,
        country=company.country,
        time_zone=company.zone,
        language="en",
        lifecycle_stage=stage,
        stage_since=now - timedelta(days=luck.randint(5, 200)),
        owner=f"sales{company.number % 6 + 1}@kestrelyard.example",
        created_at=now - timedelta(days=luck.randint(91, 700)),
        is_opted_out=left or None,
        opted_out_at=now - timedelta(days=luck.randint(1, 200)) if left else None,
        is_bounced=bounced or None,
        bounced_at=now - timedelta(days=luck.randint(1, 200)) if bounced else None,
        **_consent(company.country, stage, luck, now),
    )


def _consent(country: str, stage: LifecycleStage, luck: random.Random, now: datetime) -> Mapping[str, Any]:
    """Most people said yes somewhere; some countries need it on record, and some records are missing."""
    chance = 0.8 if country in NEEDS_CONSENT else 0.5
    if luck.random() > chance:
        return {}
    basis = ConsentBasis.EXPRESS
    if stage is LifecycleStage.CUSTOMER and country != "DE":
        basis = ConsentBasis.SOFT_OPT_IN
    return {
        "consent_basis": basis,
        "consent_at": now - timedelta(days=luck.randint(91, 500)),
        "consent_wording": "Yes, Kestrel Yard may send me news and useful material by e-mail.",
        "consent_source": luck.choice(["download form", "webinar sign-up", "order form"]),
    }


def _deals(
    company: Company, people: list[str], luck: random.Random, place: Any, now: datetime
) -> Iterator[Row]:
    is_customer = company.stage is LifecycleStage.CUSTOMER
    has_deal = company.stage in {LifecycleStage.SQL, LifecycleStage.OPPORTUNITY}
    if not (is_customer or has_deal) or not people:
        return
    deal_id = f"D{company.number:04}"
    amount = company.employees * luck.randint(60, 220) * 100
    if luck.random() < 0.08:
        amount *= 12
    stage = luck.choice(DEAL_STAGES) if has_deal else "Renewal"
    closes = now + timedelta(days=company.renews_in_days or luck.randint(15, 90))
    yield DealRow(
        place=place(),
        source=SOURCE,
        external_id=deal_id,
        name=f"{company.name}: {'renewal' if is_customer else 'first sites'}",
        kind=DealKind.RENEWAL if is_customer else DealKind.NEW,
        pipeline="Renewals" if is_customer else "New business",
        stage=stage,
        amount_cents=amount,
        currency="USD",
        is_closed=False,
        is_won=False,
        closes_on=closes.date(),
        owner=f"sales{company.number % 6 + 1}@kestrelyard.example",
        created_at=now - timedelta(days=luck.randint(20, 88)),
        account_external_id=company.external_id,
    )
    entered = now - timedelta(days=luck.randint(60, 88))
    for passed in DEAL_STAGES[: DEAL_STAGES.index(stage) + 1] if has_deal else ("Renewal",):
        yield DealStageRow(
            place=place(), source=SOURCE, deal_external_id=deal_id, stage=passed, entered_at=entered
        )
        entered = min(entered + timedelta(days=luck.randint(4, 20)), now - timedelta(days=1))
    kinds = (BuyingRoleKind.CHAMPION, BuyingRoleKind.DECISION_MAKER, BuyingRoleKind.USER)
    for person, kind in zip(people, kinds, strict=False):
        yield RoleRow(
            place=place(), source=SOURCE, contact_external_id=person, deal_external_id=deal_id, kind=kind
        )
    yield EventRow(
        place=place(),
        source=SOURCE,
        provider_id=f"{deal_id}:created",
        kind=EventKind.DEAL_CREATED,
        at=now - timedelta(days=luck.randint(20, 88)),
        account_external_id=company.external_id,
        deal_external_id=deal_id,
        subject=stage,
    )


def _weighted(weights: Mapping[Any, float], luck: random.Random) -> Any:
    return luck.choices(list(weights), weights=list(weights.values()))[0]

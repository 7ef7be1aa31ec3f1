"""A small CRM to run campaigns on: one company with three people who behave differently, and a stranger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from domain.campaign import Autonomy, Campaign, Goal, Outcome, SendSlot
from domain.content import ApprovedClaim, AssetKind, ContentAsset
from domain.events import Event, EventKind
from domain.people import (
    Account,
    Consent,
    ConsentBasis,
    Contact,
    EmailStatus,
    LifecycleStage,
    Seniority,
)
from domain.sender import SenderProfile
from memory.crm import codec
from memory.crm.content import ContentStore
from memory.crm.journal import Journal
from memory.crm.statements import ACCOUNTS, CONSENTS, CONTACTS, insert_all, writing

TUESDAY = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""Ten in the morning in New York, inside every rule's hours for the contacts here."""

DAY = timedelta(days=1)

SENDER = SenderProfile(
    organisation="Tidewater",
    from_name="Tidewater",
    from_email="hello@tidewater.example",
    postal_address="Tidewater Inc., 1 Harbor Street, Portland, OR 97209, USA",
    website="https://www.tidewater.example",
    unsubscribe_url="https://www.tidewater.example/unsubscribe",
    link_hosts=("www.tidewater.example",),
    product_summary="Software that plans freight routes.",
)

HARBOR = Account(
    id="a_harbor",
    name="Harbor Lines",
    domain="harbor.example",
    industry="Logistics",
    employees=240,
    country="US",
)


def person(name: str, title: str, seniority: Seniority, **more: object) -> Contact:
    """A contact at Harbor Lines, reachable by default."""
    first, last = name.split()
    known: dict[str, object] = {
        "id": f"c_{first.lower()}",
        "account_id": HARBOR.id,
        "email": f"{first}.{last}@harbor.example".lower(),
        "email_status": EmailStatus.USABLE,
        "first_name": first,
        "last_name": last,
        "job_title": title,
        "seniority": seniority,
        "country": "US",
        "time_zone": "America/New_York",
        "lifecycle_stage": LifecycleStage.LEAD,
        "stage_since": TUESDAY - 40 * DAY,
        "created_at": TUESDAY - 60 * DAY,
    }
    return Contact.model_validate(known | more)


DANA = person("Dana Ruiz", "Chief Financial Officer", Seniority.EXECUTIVE)
OLA = person("Ola Berg", "Operations Manager", Seniority.MANAGER)
MIA = person("Mia Tan", "Data Analyst", Seniority.SPECIALIST)
UTA = person("Uta Klein", "Planerin", Seniority.SPECIALIST, country="DE", time_zone="Europe/Berlin")

CASE_STUDY = ContentAsset(
    id="cs-planning",
    title="How a regional carrier plans its week",
    kind=AssetKind.CASE_STUDY,
    url="https://www.tidewater.example/case-studies/planning",
    summary="A regional carrier replaced its planning spreadsheets.",
    call_to_action="Read the two-page case study",
    topics=("automation", "pricing", "integrations"),
    claims=(
        ApprovedClaim(
            id="CL-1",
            text="A regional carrier cut weekly route planning from 11 hours to 3.",
            source="Case study, 2025",
            approved_by="Ann Lee",
            approved_on=date(2026, 1, 12),
        ),
        ApprovedClaim(
            id="CL-2",
            text="Setup took nine working days with two people involved.",
            source="Case study, 2025",
            approved_by="Ann Lee",
            approved_on=date(2026, 1, 12),
        ),
    ),
)


def did(contact: Contact, kind: EventKind, days_ago: int, topic: str, **more: object) -> Event:
    """Something a contact did."""
    known: dict[str, object] = {
        "id": f"test:{contact.id}:{kind.value}:{days_ago}:{topic}",
        "kind": kind,
        "at": TUESDAY - days_ago * DAY,
        "source": "test",
        "contact_id": contact.id,
        "account_id": contact.account_id,
        "topic": topic,
    }
    return Event.model_validate(known | more)


EVENTS = (
    did(DANA, EventKind.PAGE_VIEWED, 3, "pricing", subject="Pricing"),
    did(DANA, EventKind.PAGE_VIEWED, 5, "pricing", subject="Pricing"),
    did(OLA, EventKind.CONTENT_DOWNLOADED, 6, "automation", subject="Guide to automated routing"),
    did(
        MIA,
        EventKind.FORM_SUBMITTED,
        2,
        "integrations",
        subject="Contact form",
        text="Does it read our ERP exports?",
    ),
)


def campaign(**changes: object) -> Campaign:
    """A campaign that writes to everyone at once, alone where stakes allow."""
    known: dict[str, object] = {
        "id": "spring",
        "name": "Spring",
        "goal": Goal(outcome=Outcome.MEETING, worth_cents=40_000),
        "slots": (SendSlot.NOW,),
        "holdout_share": 0.0,
        "silence_share": 0.0,
        "explore_share": 1.0,
        "autonomy": Autonomy.AUTOPILOT,
        "brief": "Help people who plan freight by hand.",
    }
    return Campaign.model_validate(known | changes)


def move_in(engine: Engine, *, contacts: tuple[Contact, ...] = (DANA, OLA, MIA, UTA)) -> None:
    """Put the neighbourhood into an empty CRM."""
    with writing(engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(HARBOR)])
        insert_all(connection, CONTACTS, [codec.contact_row(contact) for contact in contacts])
        insert_all(
            connection, CONSENTS, [codec.consent_row(_interest(c)) for c in contacts if c.country == "US"]
        )
    known = {contact.id for contact in contacts}
    Journal(engine).append([event for event in EVENTS if event.contact_id in known])
    ContentStore(engine).save_assets([CASE_STUDY])


def _interest(contact: Contact) -> Consent:
    return Consent(
        contact_id=contact.id,
        basis=ConsentBasis.LEGITIMATE_INTEREST,
        is_granted=True,
        recorded_at=TUESDAY - 30 * DAY,
        source="test",
        wording="Business contact, assessed.",
        proof="LIA-1",
    )

"""Thirteen people who behave differently, and a fixed clock: what the agents' model is asked about.

Everything a request to the model is made of stands here and in `desk_content`, apart from the other tests'
neighbourhood, because a recorded cassette replays only while every byte of the request stays the same.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from agents.content_strategist import ContentStrategist
from domain.campaign import Autonomy, Campaign, Goal, Outcome, SendSlot
from domain.content import ContentAsset
from domain.events import Event, EventKind
from domain.history import MemoryKind, Remembered
from domain.people import (
    Account,
    BuyingRole,
    BuyingRoleKind,
    Consent,
    ConsentBasis,
    Contact,
    Deal,
    DealKind,
    EmailStatus,
    LifecycleStage,
    Seniority,
)
from domain.ports import LanguageModel
from domain.run import Run
from memory.crm import codec
from memory.crm.content import ContentStore
from memory.crm.journal import Journal
from memory.crm.statements import ACCOUNTS, BUYING_ROLES, CONSENTS, CONTACTS, DEALS, insert_all, writing
from prompts.library import PromptLibrary
from tests.bench import Shop
from tests.desk_content import (
    ASSETS,
    CALCULATOR,
    CASE_STUDY,
    CHECKLIST,
    COBALT,
    HARBOR,
    INJECTION,
    MERIDIAN,
    NOW,
    PILOT,
    SENDER,
    WALKTHROUGH,
)
from tools.crm import CrmToolbox


def person(
    name: str, account: Account | None, title: str | None, seniority: Seniority, stage: LifecycleStage
) -> Contact:
    """A contact who can be reached; the id is the plain first name."""
    first, _, last = name.partition(" ")
    plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode().lower()
    country = account.country if account else "US"
    return Contact.model_validate(
        {
            "id": f"c_{plain}",
            "account_id": account.id if account else None,
            "email": f"{plain}@{account.id.removeprefix('a_') if account else 'solo'}.example",
            "email_status": EmailStatus.USABLE,
            "first_name": first,
            "last_name": last,
            "job_title": title,
            "seniority": seniority,
            "country": country,
            "time_zone": "Europe/London" if country == "GB" else "America/New_York",
            "lifecycle_stage": stage,
            "stage_since": NOW - timedelta(days=40),
            "created_at": NOW - timedelta(days=60),
        }
    )


def did(days_ago: float, kind: EventKind, topic: str | None = None, **more: object) -> Event:
    """Something a contact did; `living` below says who."""
    return Event.model_validate(
        {
            "id": f"desk:{kind.value}:{days_ago}",
            "kind": kind,
            "at": NOW - timedelta(days=days_ago),
            "source": "desk",
            "topic": topic,
            **more,
        }
    )


@dataclass(frozen=True)
class Someone:
    """One contact of the desk: what was decided, and everything the CRM holds."""

    contact: Contact
    asset: ContentAsset
    events: tuple[Event, ...] = ()
    deals: tuple[Deal, ...] = ()
    role: BuyingRoleKind | None = None
    lesson: str | None = None

    @property
    def name(self) -> str:
        """What cassettes and tests call this person."""
        return self.contact.id.removeprefix("c_")


RENEWAL = Deal(
    id="d_renewal",
    account_id=COBALT.id,
    name="Cobalt renewal 2027",
    kind=DealKind.RENEWAL,
    stage="Negotiation",
    amount_cents=4_800_000,
    currency="GBP",
    closes_on=date(2026, 12, 15),
)
EVALUATION = Deal(
    id="d_meridian",
    account_id=MERIDIAN.id,
    name="Meridian, six depots",
    stage="Evaluation",
    amount_cents=7_200_000,
    closes_on=date(2027, 2, 26),
)
L, S, K = LifecycleStage, Seniority, EventKind

PEOPLE = (
    Someone(
        person("Dana Ruiz", HARBOR, "Chief Financial Officer", S.EXECUTIVE, L.LEAD),
        CALCULATOR,
        (
            did(3, K.PAGE_VIEWED, "pricing"),
            did(4, K.PAGE_VIEWED, "pricing"),
            did(9, K.PAGE_VIEWED, "pricing"),
            did(11, K.EMAIL_CLICKED, "pricing"),
            did(11.1, K.EMAIL_SENT, "pricing", subject="Where planning hours go"),
        ),
    ),
    Someone(
        person("Ola Berg", HARBOR, "Operations Manager", S.MANAGER, L.LEAD),
        CASE_STUDY,
        (
            did(6, K.CONTENT_DOWNLOADED, "automation", subject="Guide to automated routing"),
            did(5, K.PAGE_VIEWED, "automation"),
            did(2, K.PAGE_VIEWED, "automation"),
        ),
    ),
    Someone(
        person("Mia Tan", HARBOR, "Data Analyst", S.SPECIALIST, L.LEAD),
        CASE_STUDY,
        (
            did(
                2,
                K.FORM_SUBMITTED,
                "integrations",
                subject="Contact form",
                text="Does it read our ERP exports?",
            ),
            did(3, K.PAGE_VIEWED, "integrations"),
        ),
    ),
    Someone(
        person("Renee Hall", COBALT, "Chief Operating Officer", S.EXECUTIVE, L.CUSTOMER),
        CHECKLIST,
        (
            did(8, K.NOTE_ADDED, subject="Note", text="Renee is unhappy about two late credit notes."),
            did(20, K.MEETING_HELD, "rollout", text="Wants the Leeds depot on board in spring."),
            did(
                33,
                K.EMAIL_SENT,
                "rollout",
                subject="Planning two sites",
                source="attune",
                asset_id="case-planning",
            ),
            did(32.5, K.EMAIL_CLICKED, "rollout"),
        ),
        deals=(RENEWAL,),
        role=BuyingRoleKind.ECONOMIC_BUYER,
    ),
    Someone(
        person("Tomas Novak", MERIDIAN, "Head of Dispatch", S.DIRECTOR, L.MQL),
        WALKTHROUGH,
        (
            did(12, K.FORM_SUBMITTED, "demo", subject="Ask us", text="Can you show it with our own routes?"),
            did(9, K.EMAIL_SENT, "demo", subject="Seeing it with your routes"),
            did(
                7, K.EMAIL_REPLIED, "demo", text="Yes, but only if nobody here has to install anything first."
            ),
        ),
    ),
    Someone(
        person("Priya Shah", MERIDIAN, "Director of Logistics", S.DIRECTOR, L.SQL),
        PILOT,
        (
            did(4, K.MEETING_HELD, "trial", text="Liked it. Fears a month without a fallback plan."),
            did(1, K.PAGE_VIEWED, "pricing"),
            did(2, K.PAGE_VIEWED, "pricing"),
        ),
        deals=(EVALUATION,),
        role=BuyingRoleKind.DECISION_MAKER,
    ),
    Someone(
        person("Kofi Mensah", MERIDIAN, "Transport Planner", S.SPECIALIST, L.OPPORTUNITY),
        CASE_STUDY,
        (
            did(10, K.WEBINAR_ATTENDED, "automation", subject="Planning without spreadsheets"),
            did(5, K.PAGE_VIEWED, "automation"),
        ),
        deals=(EVALUATION,),
        role=BuyingRoleKind.USER,
    ),
    Someone(
        person("Lena Fox", COBALT, "Depot Planner", S.SPECIALIST, L.CUSTOMER),
        CHECKLIST,
        (
            did(1, K.PRODUCT_USED, "route_map"),
            did(2, K.PRODUCT_USED, "route_map"),
            did(3, K.PRODUCT_USED, "route_map"),
            did(6, K.TICKET_OPENED, "depots", subject="Second depot does not show", text="Leeds is missing."),
        ),
    ),
    Someone(
        person("Victor Lund", HARBOR, "Fleet Manager", S.MANAGER, L.LEAD),
        CASE_STUDY,
        (
            did(3, K.NOTE_ADDED, subject="Call note", text=INJECTION),
            did(8, K.CONTENT_DOWNLOADED, "automation", subject="Guide to automated routing"),
        ),
    ),
    Someone(
        person("Wanda Kerr", HARBOR, "Shift Lead", S.MANAGER, L.LEAD),
        CASE_STUDY,
        (
            did(3, K.NOTE_ADDED, subject="Call note", text=INJECTION),
            did(7, K.PAGE_VIEWED, "automation"),
        ),
    ),
    Someone(
        person("Quentin Ames", None, None, S.UNKNOWN, L.SUBSCRIBER),
        CALCULATOR,
        (did(130, K.PAGE_VIEWED),),
    ),
    Someone(
        person("Hạnh Nguyễn", MERIDIAN, "Warehouse Systems Engineer", S.SPECIALIST, L.MQL),
        CASE_STUDY,
        (
            did(4, K.WEBINAR_ATTENDED, "integrations", subject="From ERP to route in one night"),
            did(3, K.EMAIL_SENT, "integrations", subject="The recording you asked for"),
            did(
                2.5,
                K.EMAIL_REPLIED,
                "integrations",
                text="Thanks. How long did setup take them, and who did it?",
            ),
        ),
    ),
    Someone(
        person("Elias Moreau", HARBOR, "Regional Manager", S.MANAGER, L.MQL),
        CASE_STUDY,
        (
            did(
                15, K.FORM_SUBMITTED, "automation", subject="Ask us", text="We plan about 40 trucks by hand."
            ),
            did(5, K.PAGE_VIEWED, "automation"),
        ),
        lesson="Elias runs a small regional team: never say planning takes jobs away or saves headcount.",
    ),
)
BY_NAME = {someone.name: someone for someone in PEOPLE}


def campaign(asset: ContentAsset, autonomy: Autonomy) -> Campaign:
    """A campaign whose one asset is the decided one, so that chance has no say."""
    return Campaign(
        id=f"late-autumn-{asset.id}",
        name="Late autumn",
        goal=Goal(outcome=Outcome.MEETING, worth_cents=40_000),
        assets=(asset.id,),
        slots=(SendSlot.NOW,),
        holdout_share=0.0,
        silence_share=0.0,
        autonomy=autonomy,
        brief="Help people who plan freight by hand or pay for empty miles to see what planning could be.",
    )


def open_desk(folder: Path, model: LanguageModel | None) -> Shop:
    """A shop on a fresh CRM with everyone moved in; its strategist may look things up."""
    shop = Shop(folder, model=model, now=NOW)
    toolbox = CrmToolbox(shop.bench.crm, shop.clock)
    strategist = ContentStrategist(model, PromptLibrary(), toolbox)
    shop.bench = replace(shop.bench, sender=SENDER, strategist=strategist)
    with writing(shop.engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(a) for a in (HARBOR, COBALT, MERIDIAN)])
        insert_all(connection, CONTACTS, [codec.contact_row(s.contact) for s in PEOPLE])
        insert_all(connection, CONSENTS, [codec.consent_row(_interest(s.contact)) for s in PEOPLE])
        insert_all(connection, DEALS, [codec.deal_row(d) for d in (RENEWAL, EVALUATION)])
        roles = [
            BuyingRole(contact_id=s.contact.id, deal_id=d.id, kind=s.role)
            for s in PEOPLE
            if s.role
            for d in s.deals
        ]
        insert_all(connection, BUYING_ROLES, [codec.role_row(role) for role in roles])
    Journal(shop.engine).append([living(s, event) for s in PEOPLE for event in s.events])
    ContentStore(shop.engine).save_assets(list(ASSETS))
    shop.bench.history.remember([_lesson(s.contact, s.lesson) for s in PEOPLE if s.lesson])
    return shop


def living(someone: Someone, event: Event) -> Event:
    """The event as this person's own."""
    contact = someone.contact
    own_id = f"desk:{someone.name}:{event.id.removeprefix('desk:')}"
    return event.model_copy(update={"id": own_id, "contact_id": contact.id, "account_id": contact.account_id})


def decide(shop: Shop, someone: Someone, autonomy: Autonomy = Autonomy.AUTOPILOT) -> Run:
    """Begin the one run of this person's asset."""
    return shop.decide(campaign(someone.asset, autonomy), run_id=f"r_{someone.asset.id}")


def _interest(contact: Contact) -> Consent:
    return Consent(
        contact_id=contact.id,
        basis=ConsentBasis.LEGITIMATE_INTEREST,
        is_granted=True,
        recorded_at=NOW - timedelta(days=30),
        source="test",
        wording="Business contact, assessed.",
        proof="LIA-1",
    )


def _lesson(contact: Contact, text: str) -> Remembered:
    return Remembered(
        contact_id=contact.id,
        kind=MemoryKind.LESSON,
        text=text,
        at=NOW - timedelta(days=50),
        ref=f"review:{contact.id}",
    )

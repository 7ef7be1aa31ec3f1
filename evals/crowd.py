"""A plain crowd of reachable contacts for drills and benchmarks: as many as asked for, no surprises in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from domain.campaign import Autonomy, Caps, Goal, Outcome, SendSlot
from domain.campaign import Campaign as CampaignNoun
from domain.content import ApprovedClaim, AssetKind, ContentAsset
from domain.events import EventKind
from domain.people import ConsentBasis, LifecycleStage
from domain.records import AccountRow, ContactRow, EventRow, Place, Row
from domain.sender import SenderProfile

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
"""Noon in New York on a Tuesday: inside every sending window of the crowd."""

TOPICS = ("pricing", "integrations", "security", "reporting", "automation", "onboarding")
FIRST_NAMES = ("Ana", "Ben", "Cleo", "Dan", "Ella", "Finn", "Gus", "Hana", "Ida", "Jon")
LAST_NAMES = ("Adler", "Brook", "Costa", "Duarte", "Evans", "Fisher", "Grant", "Hale", "Ito", "Jones")
TITLES = ("Operations Manager", "Data Analyst", "Planning Lead", "IT Specialist", "Marketing Manager")

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


def crowd(contacts: int, now: datetime = NOON) -> Iterator[Row]:
    """Yield contacts in companies of three, each with a few events on topics of their own."""
    for number in range(contacts):
        place = Place(file="crowd", row=number + 2)
        company = number // 3
        if number % 3 == 0:
            yield AccountRow(
                place=place,
                source="crowd",
                external_id=f"co{company}",
                name=f"Company {company}",
                domain=f"co{company}.example",
                industry="Logistics",
                employees=50 + company % 400,
                country="US",
            )
        yield ContactRow(
            place=place,
            source="crowd",
            external_id=f"p{number}",
            email=f"person{number}@co{company}.example",
            account_external_id=f"co{company}",
            first_name=FIRST_NAMES[number % 10],
            last_name=LAST_NAMES[number // 10 % 10],
            job_title=TITLES[number % len(TITLES)],
            country="US",
            time_zone="America/New_York",
            lifecycle_stage=LifecycleStage.MQL if number % 2 else LifecycleStage.LEAD,
            created_at=now - timedelta(days=200),
            consent_basis=ConsentBasis.EXPRESS,
            consent_at=now - timedelta(days=100),
            consent_wording="Yes, write to me.",
            consent_source="crowd",
        )
        yield from _doings(number, place, now)


def _doings(number: int, place: Place, now: datetime) -> Iterator[EventRow]:
    topic = TOPICS[number % len(TOPICS)]
    other = TOPICS[(number // 3) % len(TOPICS)]
    told = (
        (EventKind.PAGE_VIEWED, topic, f"{topic} page", 3 + number % 9),
        (EventKind.CONTENT_DOWNLOADED, topic, f"Guide to {topic}", 12 + number % 20),
        (EventKind.PAGE_VIEWED, other, f"{other} page", 35 + number % 20),
    )
    for kind, about, subject, days_ago in told:
        yield EventRow(
            place=place,
            source="crowd",
            provider_id=f"{number}:{kind.value}:{days_ago}",
            kind=kind,
            at=now - timedelta(days=days_ago),
            contact_external_id=f"p{number}",
            topic=about,
            subject=subject,
        )


def library() -> tuple[ContentAsset, ...]:
    """One asset a topic, each with two claims."""
    return tuple(
        ContentAsset(
            id=f"guide-{topic}",
            title=f"A working guide to {topic}",
            kind=AssetKind.GUIDE,
            url=f"https://www.tidewater.example/guides/{topic}",
            summary=f"What teams ask about {topic}, answered.",
            call_to_action=f"Read the guide to {topic}",
            topics=(topic,),
            claims=(
                _claim(
                    f"{topic}-1", f"The guide answers the twelve questions teams ask us most about {topic}."
                ),
                _claim(
                    f"{topic}-2", f"It takes eleven minutes to read and names what {topic} costs in hours."
                ),
            ),
        )
        for topic in TOPICS
    )


def _claim(claim_id: str, text: str) -> ApprovedClaim:
    return ApprovedClaim(
        id=claim_id, text=text, source="Editorial desk", approved_by="Ann Lee", approved_on=date(2026, 1, 12)
    )


def campaign(messages: int | None = None) -> CampaignNoun:
    """A campaign that writes to everyone at once, alone where stakes allow, holding nobody out."""
    return CampaignNoun(
        id="crowd",
        name="Crowd",
        goal=Goal(outcome=Outcome.MEETING, worth_cents=40_000),
        slots=(SendSlot.NOW,),
        caps=Caps(messages=messages),
        holdout_share=0.0,
        silence_share=0.0,
        explore_share=1.0,
        autonomy=Autonomy.AUTOPILOT,
        brief="Help people who plan freight by hand.",
    )

"""Made-up journals for tests of features: random streams, and books to bring them to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from domain.content import AssetKind, ContentAsset
from domain.events import EventKind
from domain.traits import AccountTraits, ContactTraits, DealTraits, Happening
from learning.features import FeatureBook
from learning.features.deals import Deals
from learning.features.events import transcribe
from learning.features.library import AssetBook
from learning.features.profiles import Profiles
from learning.features.roster import Roster
from learning.features.state import FeatureState
from learning.features.topics import TopicBook

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

GUIDE = ContentAsset(
    id="guide",
    title="The guide",
    kind=AssetKind.GUIDE,
    url="https://www.example.com/guide",
    summary="How to.",
    call_to_action="Read it",
    topics=("pricing",),
)
DEMO = GUIDE.model_copy(update={"id": "demo", "kind": AssetKind.DEMO, "topics": ("security", "pricing")})
LIBRARY = (GUIDE, DEMO)

CONTACTS = (
    ContactTraits("ada", "north", "director", "DE", "Europe/Berlin", "mql", NOON - 300 * DAY),
    ContactTraits("ben", "north", "specialist", "DE", "Europe/Berlin", "lead"),
    ContactTraits("cleo", None, "unknown", None, None, "customer"),
    ContactTraits("dora", "south", "executive", "US", "America/New_York", "opportunity"),
)
ACCOUNTS = (AccountTraits("north", "Retail", 900, 90_000_000_00, "DE"), AccountTraits("south"))
DEALS = (
    DealTraits(
        "d1", "north", "renewal", 5_000_00, closes_on=(NOON + 30 * DAY).date(), created_at=NOON - 200 * DAY
    ),
    DealTraits("d2", "south", "new", None, True, True, (NOON - 40 * DAY).date(), NOON - 90 * DAY),
)


def book(
    contacts: Sequence[ContactTraits] = CONTACTS,
    accounts: Sequence[AccountTraits] = ACCOUNTS,
    deals: Sequence[DealTraits] = DEALS,
    assets: Sequence[ContentAsset] = LIBRARY,
) -> FeatureBook:
    """A book nothing was brought to yet."""
    topics = TopicBook.of(topic for asset in assets for topic in asset.topics)
    roster = Roster()
    profiles = Profiles(roster, contacts, accounts)
    laid = Deals(profiles.accounts, roster, deals, read_at=NOON)
    return FeatureBook(FeatureState(roster, AssetBook(topics, assets)), profiles, laid)


def bring(to: FeatureBook, happenings: Sequence[Happening], by: datetime) -> None:
    """Transcribe and apply."""
    to.bring(transcribe(happenings, to.state.roster, to.state.library), by)


def did(
    contact_id: str, kind: EventKind, ago: timedelta = DAY, topic: str | None = None, **told: Any
) -> Happening:
    """One event, `ago` before noon."""
    one = Happening(f"t:{contact_id}:{kind}:{ago}", kind.value, NOON - ago, contact_id, topic=topic)
    return one._replace(**told)


def stream(seed: int, number: int, days: int = 400) -> list[Happening]:
    """Random events of everyone over some days, in the order they reached us (some late by weeks)."""
    rng = np.random.default_rng(seed)
    kinds = [*EventKind]
    topics = (None, "pricing", "security", "Pricing page", "something else")
    happened = []
    for i in range(number):
        at = NOON - timedelta(microseconds=int(rng.integers(days * 86_400_000_000)))
        late = timedelta(seconds=int(rng.integers(86_400 * 20))) if rng.random() < 0.2 else timedelta()
        kind = kinds[rng.integers(len(kinds))]
        happened.append(
            Happening(
                id=f"t:{i:06}",
                kind=kind.value,
                at=at,
                contact_id=CONTACTS[rng.integers(len(CONTACTS))].id,
                received_at=at + late,
                asset_id=(None, "guide", "demo", "gone")[rng.integers(4)],
                topic=topics[rng.integers(len(topics))],
                text="what does pricing mean for security?" if rng.random() < 0.2 else None,
                is_machine=bool(rng.random() < 0.1),
                properties={"from": "lead", "to": "mql"} if kind is EventKind.STAGE_CHANGED else None,
            )
        )
    return sorted(happened, key=lambda one: (one.received_at or one.at, one.id))

"""The doors of the sample market: rows for the intake, content, sender profile, campaigns.

`sample_market` yields what an importer would: accounts, contacts, deals, roles, events. The same seed and
moment give the same rows; with another moment the same people act as long before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import yaml

from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.events import EventKind
from domain.records import EventRow, Row
from domain.sender import SenderProfile
from evals.market.behaviour import Diary, outside_orders
from evals.market.chance import SOURCE, place, read
from evals.market.deals import Purchase, purchases, rows_of
from evals.market.people import Person, companies, people

SAMPLE_LABEL = "Generated sample market. No real person or company."

_TOLD_DAYS = 90


def sample_market(seed: int, now: datetime) -> Iterator[Row]:
    """Yield the whole market, what others refer to first.

    Args:
        seed: decides everything that is drawn.
        now: aware time the market ends at; its events fill the ninety days before.

    Raises:
        ValueError: if `now` has no time zone.

    """
    if now.tzinfo is None:
        raise ValueError("`now` has no time zone; pass an aware UTC time")
    known = companies(seed, now)
    everyone = people(seed, now, known)
    staff: dict[str, list[Person]] = {company.id: [] for company in known}
    for person in everyone:
        staff[person.company.id].append(person)
    bought = purchases(seed, now, known, staff)
    yield from (company.row for company in known)
    yield from (person.row for person in everyone)
    yield from rows_of(bought)
    for person in everyone:
        yield from Diary(seed, now, person, sample_assets()).written()
    yield from _deal_events(bought, now)
    yield from outside_orders(now, staff)


def _deal_events(bought: Sequence[Purchase], now: datetime) -> Iterator[EventRow]:
    """Stages entered lately, as things that happened to the account."""
    since = now - timedelta(days=_TOLD_DAYS)
    number = 0
    for purchase in bought:
        row = purchase.row
        for order, (stage, at) in enumerate(purchase.stages):
            if not since <= at <= now:
                continue
            number += 1
            kind = EventKind.DEAL_CREATED if order == 0 else EventKind.DEAL_STAGE_CHANGED
            if stage == "Closed":
                kind = EventKind.DEAL_WON if row.is_won else EventKind.DEAL_LOST
            yield EventRow(
                place=place("deal events", number),
                source=SOURCE,
                provider_id=f"{row.external_id}-{order}",
                kind=kind,
                at=at,
                account_external_id=row.account_external_id,
                deal_external_id=row.external_id,
                properties={"stage": stage},
            )


@cache
def sample_assets() -> tuple[ContentAsset, ...]:
    """Return the content library with its approved claims."""
    return tuple(ContentAsset.model_validate(entry) for entry in read("content")["assets"])


@cache
def sample_sender() -> SenderProfile:
    """Return the made-up vendor's profile."""
    return SenderProfile.model_validate(read("sender"))


def sample_campaigns() -> tuple[Campaign, ...]:
    """Return the sample campaigns, by file name."""
    files = sorted(Path(__file__).with_name("campaigns").glob("*.yaml"))
    return tuple(Campaign.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files)

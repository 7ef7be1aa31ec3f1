"""Writes down what the living market did as rows an importer would bring: when exactly, and in which words."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from domain.content import ContentAsset
from domain.events import EventKind
from domain.people import DealKind, LifecycleStage
from domain.records import ContactRow, DealRow, EventRow, Row
from evals.market.catalogue import STAGES, TOPICS
from evals.market.chance import SOURCE, place, read, stream
from evals.market.people import Company, Person
from evals.market.world import Day, Sent, World

_HOURS = (8, 9, 9, 10, 10, 11, 11, 13, 14, 14, 15, 15, 16, 17)
_STAGE_NAMES = tuple(LifecycleStage(stage) for stage in STAGES)


class MailDiary:
    """Writes down what messages brought."""

    def __init__(self, seed: int, people: Sequence[Person], assets: Sequence[ContentAsset]) -> None:
        self._seed, self._people, self._assets = seed, people, assets

    def written(self, sent: Sent, sent_at: Mapping[int, datetime]) -> Iterator[EventRow]:
        """Yield the events of one day's messages. sent_at: contact's row to the time of its message."""
        for i, row in enumerate(sent.who.tolist()):
            person, asset, at = self._people[row], self._assets[int(sent.asset[i])], sent_at[row]
            rng = stream(self._seed, "mail", person.id, sent.day, asset.id)
            note = _Note(person, f"live-{person.id}-{sent.day}-{asset.id}", asset_id=asset.id)
            topic = _topic_of(person, asset)
            if person.company.is_scanned:
                for second in (3, 4):
                    yield note(EventKind.EMAIL_CLICKED, at + timedelta(seconds=second), is_machine=True)
            read_at = at + timedelta(minutes=4 + min(-math.log(1 - rng.random()) * 240, 1_300))
            if sent.clicked[i]:
                yield note(EventKind.EMAIL_OPENED, read_at)
                yield note(EventKind.EMAIL_CLICKED, read_at + timedelta(seconds=40), topic=topic)
            elif rng.random() < 0.25:
                yield note(EventKind.EMAIL_OPENED, read_at)
            if sent.unsubscribed[i]:
                kind = EventKind.EMAIL_COMPLAINED if sent.complained[i] else EventKind.EMAIL_UNSUBSCRIBED
                yield note(kind, read_at + timedelta(minutes=2))
            if sent.replied[i]:
                yield from self._conversation(sent, i, read_at, topic, rng, note)

    def _conversation(
        self, sent: Sent, i: int, read_at: datetime, topic: str, rng: random.Random, note: _Note
    ) -> Iterator[EventRow]:
        replied_at = read_at + timedelta(days=int(sent.reply_days[i]), minutes=9)
        text = rng.choice(read("voices")["replies"][topic])
        yield note(EventKind.EMAIL_REPLIED, replied_at, topic=topic, text=text)
        if sent.booked[i]:
            booked_at = replied_at + timedelta(days=int(sent.booking_days[i]), minutes=20)
            yield note(EventKind.MEETING_BOOKED, booked_at, topic=topic)
            held_on = booked_at + timedelta(days=int(sent.meeting_days[i]))
            held_at = _working_hour(rng, held_on, note.person.zone)
            words = rng.choice(read("voices")["calls"][topic])
            yield note(EventKind.MEETING_HELD, held_at, topic=topic, text=words)


class PageDiary:
    """Writes down own acts, stage changes and deals. `deals`: account's row to its open deal."""

    def __init__(
        self,
        seed: int,
        people: Sequence[Person],
        companies: Sequence[Company],
        assets: Sequence[ContentAsset],
        deals: Mapping[int, DealRow],
    ) -> None:
        self._seed, self._people, self._companies, self._assets = seed, people, companies, assets
        self._deals = dict(deals)
        self._numbers = 0

    def written(self, world: World, day: Day, begins: datetime) -> list[Row]:
        """Return the rows of one day that begins at `begins`, events by time after the rows they refer to."""
        rows: list[Row] = []
        events: list[EventRow] = []
        for row in np.flatnonzero(day.visit >= 0).tolist():
            events += self._visit(day, row, begins)
        for row in np.flatnonzero(day.stage != day.stage_before).tolist():
            person, stage = self._people[row], _STAGE_NAMES[int(day.stage[row])]
            at = _within(stream(self._seed, "stage", person.id, day.day), begins, person.zone)
            rows.append(
                ContactRow(
                    place=place("contacts that moved", self._next()),
                    source=SOURCE,
                    external_id=person.id,
                    lifecycle_stage=stage,
                    stage_since=at,
                )
            )
            note = _Note(person, f"live-{person.id}-{day.day}-stage")
            events.append(note(EventKind.STAGE_CHANGED, at, properties={"to": stage.value}))
        for account in np.flatnonzero(day.opened).tolist():
            rows += self._open(world, account, day, begins, events)
        for account in np.flatnonzero(day.won | day.lost).tolist():
            rows.append(self._close(account, bool(day.won[account]), day, begins, events))
        return [*rows, *sorted(events, key=lambda event: (event.at, event.provider_id))]

    def _visit(self, day: Day, row: int, begins: datetime) -> Iterator[EventRow]:
        person, topic = self._people[row], TOPICS[int(day.visit[row])]
        if not person.row.first_name:
            return
        rng = stream(self._seed, "visit", person.id, day.day)
        at = _within(rng, begins, person.zone)
        note = _Note(person, f"live-{person.id}-{day.day}", topic=topic)
        yield note(EventKind.PAGE_VIEWED, at, subject=f"/{topic}")
        if day.download[row] >= 0:
            asset = self._assets[int(day.download[row])]
            later = at + timedelta(seconds=rng.randrange(30, 110))
            yield note(EventKind.CONTENT_DOWNLOADED, later, subject=asset.title, asset_id=asset.id)
        if day.form[row]:
            text = rng.choice(read("voices")["forms"][topic])
            later = at + timedelta(seconds=rng.randrange(120, 400))
            yield note(EventKind.FORM_SUBMITTED, later, subject="Contact form", text=text)

    def _open(
        self, world: World, account: int, day: Day, begins: datetime, events: list[EventRow]
    ) -> Iterator[Row]:
        company = self._companies[account]
        people = [p.id for p in self._people if p.company.id == company.id]
        deal = DealRow(
            place=place("deals that opened", self._next()),
            source=SOURCE,
            external_id=f"deal-live-{company.id}-{day.day}",
            name=company.row.name,
            kind=DealKind.NEW,
            pipeline="Sales",
            stage="Discovery",
            amount_cents=round(world.amount_cents[account] / 10_000) * 10_000,
            currency=company.row.currency,
            is_closed=False,
            is_won=False,
            closes_on=(begins + timedelta(days=45)).date(),
            owner=company.row.owner,
            created_at=begins,
            account_external_id=company.id,
            contact_external_ids=tuple(people[:1]),
        )
        self._deals[account] = deal
        events.append(self._deal_event(EventKind.DEAL_CREATED, deal, begins, "Discovery"))
        yield deal

    def _close(
        self, account: int, is_won: bool, day: Day, begins: datetime, events: list[EventRow]
    ) -> DealRow:
        deal = self._deals.pop(account)
        kind = EventKind.DEAL_WON if is_won else EventKind.DEAL_LOST
        events.append(self._deal_event(kind, deal, begins + timedelta(hours=6), "Closed"))
        changes = {"stage": "Closed", "is_closed": True, "is_won": is_won, "closes_on": begins.date()}
        return deal.model_copy(update=changes)

    def _deal_event(self, kind: EventKind, deal: DealRow, at: datetime, stage: str) -> EventRow:
        return EventRow(
            place=place("deal events", self._next()),
            source=SOURCE,
            provider_id=f"{deal.external_id}-{kind.value}",
            kind=kind,
            at=at,
            account_external_id=deal.account_external_id,
            deal_external_id=deal.external_id,
            properties={"stage": stage},
        )

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers


class _Note:
    """Makes one person's events about one thing; each gets an id of its own."""

    def __init__(self, person: Person, stem: str, **told: Any) -> None:
        self.person, self._stem, self._told, self._count = person, stem, told, 0

    def __call__(self, kind: EventKind, at: datetime, **told: Any) -> EventRow:
        self._count += 1
        return EventRow(
            place=place(f"living events of {self.person.id}", self._count),
            source=SOURCE,
            provider_id=f"{self._stem}-{self._count}",
            kind=kind,
            at=at.replace(microsecond=0),
            contact_external_id=self.person.id,
            account_external_id=self.person.company.id,
            **(self._told | told),
        )


def _topic_of(person: Person, asset: ContentAsset) -> str:
    """The one of an asset's topics this person cares for most."""
    return max(asset.topics, key=lambda topic: person.topics.get(topic, 0.0))


def _working_hour(rng: random.Random, at: datetime, zone: ZoneInfo) -> datetime:
    """A working hour on the day of `at` in `zone`, a Monday where that is a weekend."""
    local = at.astimezone(zone).replace(hour=rng.choice(_HOURS), minute=rng.randrange(0, 60, 15), second=0)
    while local.weekday() > 4:
        local += timedelta(days=1)
    return local.astimezone(UTC)


def _within(rng: random.Random, begins: datetime, zone: ZoneInfo) -> datetime:
    """A working hour in `zone` within the 24 hours from `begins`."""
    local = begins.astimezone(zone).replace(
        hour=rng.choice(_HOURS), minute=rng.randrange(60), second=rng.randrange(60), fold=0
    )
    at = local.astimezone(UTC)
    return at if at >= begins else at + timedelta(days=1)

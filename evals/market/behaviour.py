"""What one person of the sample market did in 90 days, by the kind of buyer they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.content import ContentAsset
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.records import ContactRow, EventRow, Place, Row

INJECTED = (11, 212)
"""Numbers of the two contacts whose sales note carries an instruction from outside."""


@dataclass
class Doings:
    """One person's 90 days."""

    contact: ContactRow
    account_stage: LifecycleStage
    buyer: Mapping[str, Any]
    parts: Mapping[str, Any]
    luck: random.Random
    now: datetime
    place: Callable[[], Place]
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def rows(self, assets: Sequence[ContentAsset]) -> Iterator[Row]:
        """Yield what happened."""
        yield from self._visits()
        yield from self._mails(assets)
        yield from self._downloads(assets)
        yield from self._talk()
        yield from self._product()

    def _visits(self) -> Iterator[Row]:
        visits = int(self.luck.gammavariate(2, self.buyer["visits"] / 2))
        newest = self.luck.uniform(0.5, 30) if visits else 0.0
        for _ in range(min(visits, 25)):
            topic = self._topic()
            yield self._event(
                EventKind.PAGE_VIEWED,
                min(newest + self.luck.expovariate(1 / 14), 89.0),
                topic,
                subject=self.luck.choice(self.parts["pages"][topic]),
            )

    def _mails(self, assets: Sequence[ContentAsset]) -> Iterator[Row]:
        """Messages from before Attune came, with the machines that open everything."""
        for _ in range(self.luck.choice((0, 0, 0, 1, 1, 2))):
            asset = self.luck.choice(assets)
            days = self.luck.uniform(9, 85)
            yield self._event(EventKind.EMAIL_SENT, days, None, subject=asset.title, asset_id=asset.id)
            if self.luck.random() < 0.6:
                is_machine = self.luck.random() < 0.5
                later = max(days - (0.001 if is_machine else self.luck.uniform(0.05, 3)), 0.01)
                yield self._event(
                    EventKind.EMAIL_OPENED, later, None, asset_id=asset.id, is_machine=is_machine
                )
                topic = self._topic()
                if not is_machine and topic in asset.topics:
                    yield self._event(
                        EventKind.EMAIL_CLICKED,
                        max(later - 0.01, 0.01),
                        topic,
                        subject=asset.title,
                        asset_id=asset.id,
                    )

    def _downloads(self, assets: Sequence[ContentAsset]) -> Iterator[Row]:
        kinds = {"guide": EventKind.CONTENT_DOWNLOADED, "checklist": EventKind.CONTENT_DOWNLOADED}
        kinds |= {"report": EventKind.CONTENT_DOWNLOADED, "webinar": EventKind.WEBINAR_ATTENDED}
        for _ in range(self.luck.choice((0, 0, 0, 1, 1, 2)) if self.buyer["visits"] > 1 else 0):
            topic = self._topic()
            fitting = [asset for asset in assets if topic in asset.topics and asset.kind.value in kinds]
            if fitting:
                asset = self.luck.choice(fitting)
                kind = kinds[asset.kind.value]
                yield self._event(
                    kind, self.luck.uniform(1, 80), topic, subject=asset.title, asset_id=asset.id
                )

    def _talk(self) -> Iterator[Row]:
        chance = self.luck.random
        if chance() < 0.07:
            topic = self._topic()
            words = self.luck.choice(self.parts["questions"][topic])
            yield self._event(
                EventKind.FORM_SUBMITTED, self.luck.uniform(1, 60), topic, subject="Contact form", text=words
            )
        if chance() < 0.04:
            words = self.luck.choice(self.parts["replies"])
            yield self._event(EventKind.EMAIL_REPLIED, self.luck.uniform(5, 80), None, text=words)
        is_close = self.account_stage in {
            LifecycleStage.SQL,
            LifecycleStage.OPPORTUNITY,
            LifecycleStage.CUSTOMER,
        }
        if chance() < (0.35 if is_close else 0.05):
            words = self.luck.choice(self.parts["notes"])
            yield self._event(EventKind.NOTE_ADDED, self.luck.uniform(2, 80), None, text=words)
        if chance() < (0.25 if is_close else 0.02):
            words = self.luck.choice(self.parts["calls"])
            yield self._event(EventKind.CALL_HELD, self.luck.uniform(3, 85), self._topic(), text=words)
        if is_close and chance() < 0.25:
            yield self._event(
                EventKind.MEETING_HELD, self.luck.uniform(5, 70), self._topic(), subject="Meeting"
            )
        number = int(str(self.contact.external_id)[1:])
        if number in INJECTED:
            words = self.parts["injections"][INJECTED.index(number)]
            yield self._event(EventKind.NOTE_ADDED, 4.0, None, text=words)

    def _product(self) -> Iterator[Row]:
        if self.account_stage is LifecycleStage.CUSTOMER:
            for _ in range(self.luck.randint(0, 6)):
                yield self._event(EventKind.PRODUCT_USED, self.luck.uniform(0.5, 85), self._topic())
            if self.luck.random() < 0.08:
                yield self._event(
                    EventKind.TICKET_OPENED, self.luck.uniform(1, 40), self._topic(), subject="Ticket"
                )
        elif self.luck.random() < 0.06:
            yield self._event(
                EventKind.TRIAL_STARTED, self.luck.uniform(3, 50), "onboarding", subject="Trial"
            )

    def _topic(self) -> str:
        topics = self.buyer["topics"]
        return str(self.luck.choices(list(topics), weights=list(topics.values()))[0])

    def _event(self, kind: EventKind, days_ago: float, topic: str | None, **more: Any) -> EventRow:
        return EventRow(
            place=self.place(),
            source=self.contact.source,
            provider_id=f"{self.contact.external_id}-{next(self._numbers)}",
            kind=kind,
            at=self.now - timedelta(days=days_ago),
            contact_external_id=self.contact.external_id,
            topic=topic,
            **more,
        )

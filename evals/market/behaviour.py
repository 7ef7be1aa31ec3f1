"""What the people of the sample market did, by themselves and with us, in the last ninety days.

Topics stand on what people did and never on what we sent: a topic is read as their interest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.content import AssetKind, ContentAsset
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.records import EventRow
from evals.market.buyers import QUIET
from evals.market.chance import SOURCE, how_many, moment, pick, place, read, stream
from evals.market.people import Person

_TAKEN = (
    AssetKind.CASE_STUDY,
    AssetKind.GUIDE,
    AssetKind.CHECKLIST,
    AssetKind.REPORT,
    AssetKind.COMPARISON,
)
_IN_SALES = {LifecycleStage.SQL, LifecycleStage.OPPORTUNITY, LifecycleStage.CUSTOMER}
_KEEN = {LifecycleStage.MQL, *_IN_SALES}
_PRODUCT_TOPICS = {"automation": 5.0, "reporting": 3.0, "integrations": 2.0}


class Diary:
    """One person's ninety days, written down in the order of their kinds."""

    def __init__(self, seed: int, now: datetime, person: Person, assets: Sequence[ContentAsset]) -> None:
        self._rng = stream(seed, "acts", person.id)
        self._now, self._person, self._assets = now, person, assets
        self._lines: list[EventRow] = []

    def written(self) -> list[EventRow]:
        """Return everything this person did or had done to them."""
        if self._person.row.first_name:
            self._on_the_site()
            self._with_us()
            self._with_sales()
            self._in_the_product()
        if self._person.row.email and self._person.company.was_written_to:
            self._by_email()
        self._stops()
        return self._lines

    # What they did by themselves ----------------------------------------------------------------------

    def _on_the_site(self) -> None:
        buyer, rng = self._person.buyer, self._rng
        for _ in range(how_many(rng, buyer.sessions * self._keenness())):
            topic, at = self._topic(), self._when()
            for page in range(rng.choice((1, 1, 2, 2, 3))):
                self._add(
                    EventKind.PAGE_VIEWED,
                    at + timedelta(seconds=page * rng.randrange(25, 110)),
                    topic=topic,
                    subject=f"/{topic}" if page == 0 else f"/{topic}/{page + 1}",
                )
        for _ in range(how_many(rng, buyer.downloads)):
            self._take(EventKind.CONTENT_DOWNLOADED, _TAKEN)
        for _ in range(how_many(rng, buyer.webinars)):
            self._take(EventKind.WEBINAR_ATTENDED, (AssetKind.WEBINAR,))

    def _take(self, kind: EventKind, kinds: Sequence[AssetKind]) -> None:
        topic = self._topic()
        fitting = [asset for asset in self._assets if asset.kind in kinds and topic in asset.topics]
        if fitting:
            asset = self._rng.choice(fitting)
            self._add(kind, self._when(), topic=topic, subject=asset.title, asset_id=asset.id)

    def _with_us(self) -> None:
        buyer, rng = self._person.buyer, self._rng
        for _ in range(how_many(rng, buyer.forms * self._keenness())):
            topic = self._topic()
            asked = rng.choice(read("voices")["forms"][topic])
            self._add(EventKind.FORM_SUBMITTED, self._when(), topic=topic, subject="Contact form", text=asked)
        stage = self._person.row.lifecycle_stage
        if stage is LifecycleStage.CUSTOMER or stage is LifecycleStage.SUBSCRIBER:
            return
        if rng.random() < buyer.trials * self._keenness():
            at = self._when(least_days=2)
            self._add(EventKind.TRIAL_STARTED, at, topic="onboarding")
            for _ in range(how_many(rng, 4)):
                used_at = moment(rng, self._now, self._person.zone, 0, max(1.0, (self._now - at).days))
                self._add(EventKind.PRODUCT_USED, max(used_at, at), topic=pick(rng, _PRODUCT_TOPICS))

    def _in_the_product(self) -> None:
        if self._person.row.lifecycle_stage is LifecycleStage.CUSTOMER:
            for _ in range(how_many(self._rng, self._person.buyer.product_days)):
                topic = pick(self._rng, _PRODUCT_TOPICS)
                self._add(EventKind.PRODUCT_USED, self._when(), topic=topic)
            if self._rng.random() < 0.13:
                topic = self._rng.choice(sorted(read("voices")["tickets"]))
                text = self._rng.choice(read("voices")["tickets"][topic])
                self._add(EventKind.TICKET_OPENED, self._when(), topic=topic, text=text)

    # What happened between them and our people --------------------------------------------------------

    def _with_sales(self) -> None:
        rng, stage = self._rng, self._person.row.lifecycle_stage
        if stage not in _KEEN:
            return
        weight = 1.0 if stage in _IN_SALES else 0.25
        told = (
            (EventKind.NOTE_ADDED, "notes", 0.6),
            (EventKind.CALL_HELD, "calls", 0.45),
            (EventKind.MEETING_HELD, "calls", 0.2),
        )
        for kind, voice, share in told:
            if rng.random() < share * weight:
                topic = self._topic()
                text = rng.choice(read("voices")[voice][topic])
                self._add(kind, self._when(), topic=topic, text=text, properties={"by": self._owner})
        if stage is not LifecycleStage.CUSTOMER and rng.random() < 0.07 * weight:
            self._add(EventKind.MEETING_BOOKED, self._when(), topic=self._topic())
        since = self._person.row.stage_since
        if since and (self._now - since).days < 88:
            self._add(EventKind.STAGE_CHANGED, since, properties={"to": stage.value})

    @property
    def _owner(self) -> str:
        return self._person.company.row.owner or ""

    # What we wrote, and what came back ----------------------------------------------------------------

    def _by_email(self) -> None:
        rng, zone = self._rng, self._person.zone
        ends = self._stopped_at()
        times = [moment(rng, self._now, zone, 10, 86) for _ in range(rng.choice((1, 2, 2, 3, 3, 4)))]
        if rng.random() < 0.05:
            # Some hear from several teams at once: the pressure rule has something to say.
            times += [moment(rng, self._now, zone, 0.5, 3), moment(rng, self._now, zone, 3, 5.5)]
        for at in sorted(times):
            if ends is None or at < ends:
                self._email(at)

    def _email(self, at: datetime) -> None:
        rng, buyer = self._rng, self._person.buyer
        topic = self._topic()
        subject = rng.choice(read("voices")["emails"][topic])
        fitting = [a for a in self._assets if topic in a.topics and a.kind in _TAKEN]
        asset_id = rng.choice(fitting).id if fitting and rng.random() < 0.6 else None
        told: dict[str, Any] = {"subject": subject, "asset_id": asset_id}
        self._add(EventKind.EMAIL_SENT, at, **told)
        if rng.random() < 0.4:
            self._add(EventKind.EMAIL_OPENED, at + timedelta(seconds=2), is_machine=True, **told)
        if self._person.company.is_scanned:
            for second in (3, 4):
                self._add(
                    EventKind.EMAIL_CLICKED,
                    at + timedelta(seconds=second),
                    topic=topic,
                    is_machine=True,
                    **told,
                )
        if rng.random() > (0.15 if buyer is QUIET else 0.42):
            return
        read_at = at + timedelta(minutes=rng.randrange(4, 1_300))
        self._add(EventKind.EMAIL_OPENED, read_at, **told)
        if rng.random() < buyer.clicks / 0.42:
            self._add(EventKind.EMAIL_CLICKED, read_at + timedelta(seconds=40), topic=topic, **told)
        if rng.random() < buyer.replies * 0.4:
            text = rng.choice(read("voices")["replies"][topic])
            self._add(
                EventKind.EMAIL_REPLIED,
                read_at + timedelta(minutes=9),
                topic=topic,
                subject=f"Re: {subject}",
                text=text,
            )

    def _stopped_at(self) -> datetime | None:
        row = self._person.row
        return row.opted_out_at or row.bounced_at

    def _stops(self) -> None:
        row = self._person.row
        if row.bounced_at and row.email:
            self._add(EventKind.EMAIL_BOUNCED, row.bounced_at)
        elif row.opted_out_at and row.email:
            is_complaint = row.suppression_reason == "complaint"
            kind = EventKind.EMAIL_COMPLAINED if is_complaint else EventKind.EMAIL_UNSUBSCRIBED
            if row.suppression_reason != "objection":
                self._add(kind, row.opted_out_at)

    # How --------------------------------------------------------------------------------------------------

    def _topic(self) -> str:
        return pick(self._rng, self._person.topics)

    def _keenness(self) -> float:
        return 1.25 if self._person.row.lifecycle_stage in _KEEN else 1.0

    def _when(self, least_days: float = 0.0) -> datetime:
        buyer = self._person.buyer
        least = max(least_days, buyer.newest_days)
        return moment(self._rng, self._now, self._person.zone, least, buyer.oldest_days)

    def _add(self, kind: EventKind, at: datetime, **told: Any) -> None:
        if at > self._now:
            return
        number = len(self._lines) + 1
        self._lines.append(
            EventRow(
                place=place(f"events of {self._person.id}", number),
                source=SOURCE,
                provider_id=f"{self._person.id}-{number}",
                kind=kind,
                at=at,
                contact_external_id=self._person.id,
                account_external_id=self._person.company.id,
                **told,
            )
        )


def outside_orders(now: datetime, staff: Mapping[str, Sequence[Person]]) -> Iterator[EventRow]:
    """Yield two records whose text tries to give orders: tainted data, which nothing may obey."""
    tried = (
        (EventKind.NOTE_ADDED, "note", LifecycleStage.MQL),
        (
            EventKind.FORM_SUBMITTED,
            "form",
            LifecycleStage.LEAD,
        ),
    )
    everyone = [person for people in staff.values() for person in people if person.row.first_name]
    for number, (kind, voice, stage) in enumerate(tried, 1):
        person = next(p for p in everyone if p.row.lifecycle_stage is stage and p.buyer is not QUIET)
        yield EventRow(
            place=place("events with outside orders", number),
            source=SOURCE,
            provider_id=f"outside-order-{number}",
            kind=kind,
            at=now - timedelta(days=2 + number, hours=3),
            contact_external_id=person.id,
            account_external_id=person.company.id,
            topic=max(person.topics, key=lambda topic: person.topics[topic]),
            text=read("voices")["injections"][voice],
            properties={"sample": "text that tries to give orders"},
        )

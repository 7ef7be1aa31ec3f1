"""The sample market lives on: what its people do next, by themselves and after what was sent to them.

The people, companies, deals and types of buyers are those of `evals/market/sample.py`; how they respond is
the market of the closed-loop games. Deterministic: a seed, a start and the decisions give the same rows.

Not modelled: renewals, churn and product use of customers; they answer messages and read pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from domain.campaign import SendSlot
from domain.people import DealKind
from domain.records import DealRow, EventRow, Row
from evals.market.catalogue import DEPARTMENTS, INDUSTRIES, SENIORITIES, SLOTS, Catalogue, stage_index
from evals.market.deals import Purchase, purchases
from evals.market.diary import MailDiary, PageDiary
from evals.market.parameters import PARAMETERS, MarketParameters
from evals.market.people import Company, Person, companies, people
from evals.market.population import Known, draw_hidden
from evals.market.sample import sample_assets
from evals.market.world import World

_DAY = timedelta(days=1)


class Sending(NamedTuple):
    """One decision: what goes to whom and when. asset_id None is silence. Ids are the sample market's."""

    contact_id: str
    asset_id: str | None
    slot: SendSlot | None
    at: datetime


class LivingMarket:
    """The sample market of `seed`, from `start` on.

    Raises:
        ValueError: if `start` has no time zone.
    """

    def __init__(self, seed: int, start: datetime, params: MarketParameters = PARAMETERS) -> None:
        if start.tzinfo is None:
            raise ValueError("`start` has no time zone; pass an aware UTC time")
        self.start = start.astimezone(UTC)
        known_companies = companies(seed, start)
        self.people: list[Person] = people(seed, start, known_companies)
        self._row_of = {person.id: i for i, person in enumerate(self.people)}
        self._catalogue = Catalogue.of(sample_assets(), SLOTS)
        self._asset_of = {asset_id: i for i, asset_id in enumerate(self._catalogue.asset_ids)}
        known = _known(known_companies, self.people)
        hidden = draw_hidden(
            seed,
            known,
            self._catalogue.n_assets,
            params,
            kinds=[person.buyer.name for person in self.people],
            topics=[person.topics for person in self.people],
        )
        self.world = World(seed, known, hidden, self._catalogue, params, first_weekday=self.start.weekday())
        for row, person in enumerate(self.people):
            stopped = person.row.is_opted_out or person.row.is_bounced or not person.row.email
            self.world.out[row] = bool(stopped)
        open_deals = _open_deals(seed, start, known_companies, self.people)
        account_of = {company.id: i for i, company in enumerate(known_companies)}
        for purchase in open_deals:
            self.world.has_deal[account_of[purchase.row.account_external_id or ""]] = True
        self._mail = MailDiary(seed, self.people, sample_assets())
        deals = {account_of[p.row.account_external_id or ""]: p.row for p in open_deals}
        self._pages = PageDiary(seed, self.people, known_companies, sample_assets(), deals)
        self._agenda: list[Row] = []

    @property
    def now(self) -> datetime:
        """Until when the market has lived."""
        return self.start + self.world.day * _DAY

    def respond(self, decisions: Sequence[Sending]) -> list[EventRow]:
        """Tell what messages bring, by time: opens, clicks, replies, meetings, unsubscribes, scanners.

        Some events lie up to three weeks ahead. That a message was sent is the sender's to write down. A
        contact who left, or has no address, brings nothing.

        Args:
            decisions: not before `now` and within two weeks of it; silence brings nothing.

        Raises:
            ValueError: for an unknown contact or asset, or a time out of bounds.
        """
        found: list[EventRow] = []
        speaking = sorted(
            (d for d in decisions if d.asset_id is not None), key=lambda d: (d.at, d.contact_id)
        )
        while speaking:
            day = self._day_of(speaking[0])
            today: dict[int, Sending] = {}
            later: list[Sending] = []
            for decision in speaking:
                row = self._row(decision)
                if self._day_of(decision) == day and row not in today:
                    today[row] = decision
                else:
                    later.append(decision)
            found += self._send(day, today)
            speaking = later
        return sorted(found, key=lambda event: (event.at, event.provider_id))

    def live(self, since: datetime, until: datetime) -> list[Row]:
        """Let time pass: own acts, stage changes and deals, as an importer would bring them, by time.

        Args:
            since: must be `now`.
            until: rounded down to whole days after `start`.

        Raises:
            ValueError: if `since` is not `now`: time passes once and without a gap.
        """
        if since != self.now:
            raise ValueError(f"the market has lived until {self.now.isoformat()}; go on from there")
        found: list[Row] = []
        while self.now + _DAY <= until:
            begins = self.now
            found += self._pages.written(self.world, self.world.live(), begins)
        return found

    def turn(self, decisions: Sequence[Sending], until: datetime) -> list[Row]:
        """Send, let time pass, and return everything that happened before `until`; keep the rest for later."""
        self._agenda += self.respond(decisions)
        happened = self.live(self.now, until)
        ends = self.now
        due = [row for row in self._agenda if isinstance(row, EventRow) and row.at < ends]
        self._agenda = [row for row in self._agenda if isinstance(row, EventRow) and row.at >= ends]
        return [*happened, *due]

    def _row(self, decision: Sending) -> int:
        if decision.contact_id not in self._row_of:
            raise ValueError(f"there is no contact {decision.contact_id!r} in the sample market")
        return self._row_of[decision.contact_id]

    def _day_of(self, decision: Sending) -> int:
        day = (decision.at - self.start) // _DAY
        if not self.world.day <= day < self.world.day + 14:
            raise ValueError(
                f"a message at {decision.at.isoformat()} is not within two weeks after {self.now.isoformat()}"
            )
        return day

    def _send(self, day: int, today: dict[int, Sending]) -> Iterator[EventRow]:
        who = np.array(sorted(today))
        actions = np.array([self._action(today[row], self.people[row].zone) for row in who.tolist()])
        sent = self.world.send(day, who, actions)
        yield from self._mail.written(sent, {row: decision.at for row, decision in today.items()})

    def _action(self, decision: Sending, zone: ZoneInfo) -> int:
        if decision.asset_id not in self._asset_of:
            raise ValueError(f"there is no asset {decision.asset_id!r} in the sample market")
        if decision.slot is None or decision.slot is SendSlot.NOW:
            hour = decision.at.astimezone(zone).hour
            slot = 0 if hour < 11 else 1 if hour < 14 else 2
        else:
            slot = SLOTS.index(decision.slot.value)
        return self._asset_of[decision.asset_id] * len(SLOTS) + slot


def _known(known_companies: Sequence[Company], everyone: Sequence[Person]) -> Known:
    account_of = {company.id: i for i, company in enumerate(known_companies)}
    departments = {name: i for i, name in enumerate(DEPARTMENTS)}
    return Known(
        account=np.array([account_of[person.company.id] for person in everyone]),
        employees=np.array([float(company.row.employees or 200) for company in known_companies]),
        industry=np.array([INDUSTRIES.index(company.row.industry or "") for company in known_companies]),
        department=np.array([departments.get(person.row.department or "", -1) for person in everyone]),
        seniority=np.array(
            [SENIORITIES.index(str(person.row.seniority or "unknown")) for person in everyone]
        ),
        stage=np.array([stage_index(person.row.lifecycle_stage) for person in everyone]),
    )


def _open_deals(
    seed: int, start: datetime, known_companies: Sequence[Company], everyone: Sequence[Person]
) -> list[Purchase]:
    """The sample market's open purchases of new customers."""
    staff: dict[str, list[Person]] = {company.id: [] for company in known_companies}
    for person in everyone:
        staff[person.company.id].append(person)
    found = purchases(seed, start, known_companies, staff)
    return [p for p in found if _is_open(p.row)]


def _is_open(row: DealRow) -> bool:
    return row.kind is DealKind.NEW and not row.is_closed

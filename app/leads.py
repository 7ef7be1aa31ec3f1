"""The workspace's past as arrays: contacts, accounts, stages and deals, for hand-off and churn alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np

from domain.errors import WrongUsage
from domain.events import EventKind
from domain.leads import MOST_WINDOW_DAYS
from domain.people import DealKind, LifecycleStage
from learning.churn import CUSTOMER, LOST, Companies, Customers
from learning.handoff import SQL, Leads, People
from learning.likelihood.table import Floats, Times
from learning.snapshots import Log, States, weekly
from memory.crm.leads import Act, Company, DealLine, LeadReader, Person, StageEntry

RENEWAL_GRACE_DAYS = 30
"""A renewal not won so many days after it fell due is taken as lost."""
SEED = 20
"""Of the permutation check and of the intervals: the same question gets the same answer."""
FIRST_DAYS = 30
"""What is known of contacts and accounts is not looked at before so many days of history are there to know it from."""
SETTLED_TIMES = 2.25
"""So many times what an outcome takes to settle there has to be after these days: cases to judge by begin past four
fifths of them, and those to learn from were settled by then (`learning/likelihood/forward.py`)."""
_STAGES = {stage.value: place for place, stage in enumerate(LifecycleStage)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def times(moments: Iterable[datetime]) -> Times:
    """Return aware UTC moments as datetime64[s]; fractions are cut."""
    whole = [int((moment - _EPOCH).total_seconds()) for moment in moments]
    return np.array(whole, dtype=np.int64).astype("datetime64[s]")


def midnight(day: date) -> datetime:
    """The UTC midnight a day begins with."""
    return datetime.combine(day, time(), UTC)


def check_window(window_days: int) -> None:
    """Refuse a window that no history can be judged by. Raises `WrongUsage`."""
    if not 1 <= window_days <= MOST_WINDOW_DAYS:
        raise WrongUsage(f"A window may be 1 to {MOST_WINDOW_DAYS:,} days; {window_days:,} was asked for.")


@dataclass(frozen=True)
class Past:
    """Everything on record up to `until`, read once. Contacts and accounts are numbered in order of their ids."""

    reader: LeadReader
    until: datetime

    @cached_property
    def acts(self) -> list[Act]:
        """Events, oldest first, without those of contacts who objected."""
        return [act for act in self.reader.acts(self.until) if act.contact_id not in self.objectors]

    @cached_property
    def objectors(self) -> frozenset[str]:
        """Contacts who are neither scored nor learned from (C-13)."""
        return self.reader.objectors()

    @cached_property
    def deals(self) -> list[DealLine]:
        """Deals as they stand."""
        return self.reader.deals()

    @cached_property
    def people(self) -> list[Person]:
        """Contacts, by id, without those who objected."""
        return [person for person in self.reader.people() if person.id not in self.objectors]

    @cached_property
    def companies(self) -> list[Company]:
        """Accounts, by id."""
        return self.reader.companies()

    @cached_property
    def stages(self) -> list[StageEntry]:
        """Lifecycle stages entered: those told, the stage before the first of them, and the one that stands."""
        told = self.reader.stages(self.until)
        created = {person.id: person.created_at for person in self.people}
        first: dict[str, StageEntry] = {}
        for entry in told:
            first.setdefault(entry.contact_id, entry)
        before = [
            StageEntry(who, at, None, entry.left)
            for who, entry in first.items()
            if entry.left and (at := created.get(who)) and at < entry.at
        ]
        # Without a date all we know is that the stage stands now.
        standing = [
            StageEntry(person.id, person.stage_since or self.until, None, person.stage)
            for person in self.people
            if (person.stage_since or self.until) <= self.until
            and (person.stage_since or person.id not in first)
        ]
        return [*before, *told, *standing]

    @cached_property
    def contact_number(self) -> dict[str, int]:
        """A contact's number."""
        return {person.id: i for i, person in enumerate(self.people)}

    @cached_property
    def account_number(self) -> dict[str, int]:
        """An account's number."""
        return {company.id: i for i, company in enumerate(self.companies)}

    @cached_property
    def employees(self) -> Floats:
        """Shape (accounts,), NaN where not known."""
        return np.array([company.employees or np.nan for company in self.companies], dtype=np.float64)

    @cached_property
    def account_of(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Shape (contacts,): number of the account, or -1."""
        place = self.account_number
        return np.array([place.get(p.account_id or "", -1) for p in self.people], dtype=np.int64)

    def moments(self, settles_days: int) -> Times:
        """Weekly moments whose outcomes are settled by now, from `FIRST_DAYS` after the first event on.

        They hang on the day, not on the second: who asks twice a day is taught by the same cases.
        """
        if not self.acts:
            return times([])
        today = self.until.replace(hour=0, minute=0, second=0, microsecond=0)
        last = times([today - timedelta(days=settles_days)])[0]
        return weekly(times([self.acts[0].at + timedelta(days=FIRST_DAYS)])[0], last)

    def too_short(self, window_days: int, grace_days: int = 0) -> str:
        """Say that the history is too short for a window, and which one fits; "" where it is long enough, or empty.

        Args:
            window_days: in which something has to happen to count.
            grace_days: how much longer it takes until that is settled.

        """
        if not self.acts:
            return ""
        days = (self.until - self.acts[0].at).days
        longest = int((days - FIRST_DAYS) / SETTLED_TIMES) - grace_days
        if window_days <= longest:
            return ""
        needed = FIRST_DAYS + math.ceil(SETTLED_TIMES * (window_days + grace_days))
        fits = f"`--window {longest}` or less fits" if longest > 0 else "no window fits yet"
        return (
            f"Cannot be told yet: the history is {days:,} days long, and to judge a window of {window_days:,} days "
            f"takes about {needed:,}; {fits}."
        )

    def leads(self) -> Leads:
        """What happened to contacts."""
        companies, account_of = self.companies, self.account_of
        industry = np.array([*(c.industry for c in companies), ""], dtype=np.str_)[account_of]
        country = np.array([*(c.country for c in companies), ""], dtype=np.str_)[account_of]
        people = People(
            account=account_of,
            employees=np.append(self.employees, np.nan)[account_of],
            words=np.column_stack(
                [
                    np.array([p.seniority for p in self.people], dtype=np.str_),
                    np.array([p.department for p in self.people], dtype=np.str_),
                    industry,
                    country,
                ]
            ),
            groups=np.array([p.account_id or p.id for p in self.people], dtype=np.str_),
        )
        return Leads.of(
            people, self._log(self.contact_number, "contact"), self._stage_states(), self._advanced()
        )

    def customers(self) -> Customers:
        """What happened at accounts."""
        companies = Companies(
            ids=np.array([company.id for company in self.companies], dtype=np.str_),
            employees=self.employees,
            words=np.array([[c.industry, c.country] for c in self.companies], dtype=np.str_).reshape(-1, 2),
        )
        won, lost = self._won(), self._lost()
        who, at, state = [], [], []
        for moments, to in ((won, CUSTOMER), (self._customers_by_stage(), CUSTOMER), (lost, LOST)):
            who += [place for place, _ in moments]
            at += [moment for _, moment in moments]
            state += [to] * len(moments)
        return Customers.of(
            companies,
            acts=self._log(self.account_number, "account"),
            by_people=self._log(self.contact_number, "contact"),
            account_of=self.account_of,
            states=States.of(np.array(who, dtype=np.int64), times(at), np.array(state, dtype=np.int64)),
            contracts=_log_of(won, "contract"),
            lost=_log_of(lost, "lost"),
        )

    def _log(self, place: dict[str, int], whose: str) -> Log:
        ids = [act.contact_id if whose == "contact" else act.account_id for act in self.acts]
        rows = [i for i, who in enumerate(ids) if who in place]
        return Log(
            np.array([place[str(ids[i])] for i in rows], dtype=np.int64),
            np.array([self.acts[i].kind for i in rows], dtype=np.str_),
            times(self.acts[i].at for i in rows),
        )

    def _stage_states(self) -> States:
        entries = [e for e in self.stages if e.entered in _STAGES and e.contact_id in self.contact_number]
        return States.of(
            np.array([self.contact_number[e.contact_id] for e in entries], dtype=np.int64),
            times(e.at for e in entries),
            np.array([_STAGES[e.entered] for e in entries], dtype=np.int64),
        )

    def _advanced(self) -> Log:
        """When contacts became an SQL or more, or an opportunity with them in it was opened."""
        number = self.contact_number
        found = [
            (number[e.contact_id], e.at)
            for e in self.stages
            if _STAGES.get(e.entered, 0) >= SQL and e.contact_id in number
        ]
        for deal in self.deals:
            if deal.kind is DealKind.NEW and deal.created_at and deal.created_at <= self.until:
                found += [(number[who], deal.created_at) for who in deal.contact_ids if who in number]
        for act in self.acts:
            if act.kind == EventKind.DEAL_CREATED.value and act.contact_id in number:
                found.append((number[act.contact_id], act.at))
        return _log_of(found, "advanced")

    def _customers_by_stage(self) -> list[tuple[int, datetime]]:
        account_of, number = self.account_of, self.contact_number
        return [
            (int(account_of[number[e.contact_id]]), e.at)
            for e in self.stages
            if e.entered == LifecycleStage.CUSTOMER.value
            and e.contact_id in number
            and account_of[number[e.contact_id]] >= 0
        ]

    def _won(self) -> list[tuple[int, datetime]]:
        return self._ended({EventKind.DEAL_WON.value, EventKind.RENEWED.value}, is_won=True)

    def _lost(self) -> list[tuple[int, datetime]]:
        found = self._ended({EventKind.CUSTOMER_LOST.value}, is_won=False)
        overdue = self.until - timedelta(days=RENEWAL_GRACE_DAYS)
        for deal in self.deals:
            is_due = deal.kind is DealKind.RENEWAL and not deal.is_closed and deal.closes_on
            if is_due and deal.closes_on and midnight(deal.closes_on) <= overdue:
                found += self._of_account(deal.account_id, midnight(deal.closes_on))
        return found

    def _ended(self, kinds: set[str], *, is_won: bool) -> list[tuple[int, datetime]]:
        """Events of these kinds, and deals that ended so (lost ones only where they were renewals)."""
        found: list[tuple[int, datetime]] = []
        kind_of = {deal.id: deal.kind for deal in self.deals}
        told: set[str] = set()
        for act in self.acts:
            is_lost_renewal = (
                act.kind == EventKind.DEAL_LOST.value and kind_of.get(act.deal_id or "") is DealKind.RENEWAL
            )
            if act.kind in kinds or (not is_won and is_lost_renewal):
                found += self._of_account(act.account_id, act.at)
                told.add(act.deal_id or "")
        for deal in self.deals:
            counts = deal.is_closed and deal.is_won is is_won and (is_won or deal.kind is DealKind.RENEWAL)
            if counts and deal.id not in told and deal.closes_on and midnight(deal.closes_on) <= self.until:
                found += self._of_account(deal.account_id, midnight(deal.closes_on))
        return found

    def _of_account(self, account_id: str | None, at: datetime) -> list[tuple[int, datetime]]:
        place = self.account_number.get(account_id or "")
        return [] if place is None else [(place, at)]


def _log_of(found: list[tuple[int, datetime]], kind: str) -> Log:
    return Log(
        np.array([place for place, _ in found], dtype=np.int64),
        np.array([kind] * len(found), dtype=np.str_),
        times(at for _, at in found),
    )

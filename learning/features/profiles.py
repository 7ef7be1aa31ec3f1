"""Who the contacts are and where they work: what does not come from the journal, as columns.

Firmographics, seniority and country are taken as they stand in the CRM: a correction made today is seen in
yesterday's vector too. The lifecycle stage is not: it is what the journal says it was, see `stages_at`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.people import Account, Contact, LifecycleStage, Seniority
from domain.traits import AccountTraits, ContactTraits, StageChanges
from learning.features.moments import StageMoments
from learning.features.roster import Roster
from learning.features.topics import bucket, folded

INDUSTRY_BUCKETS = 6
COUNTRY_BUCKETS = 4
DEPARTMENT_BUCKETS = 12
SENIORITIES = tuple(Seniority)
SENIOR = (SENIORITIES.index(Seniority.EXECUTIVE), SENIORITIES.index(Seniority.DIRECTOR))

_STAGES = {stage.value: place for place, stage in enumerate(LifecycleStage)}
_SENIORITIES = {seniority.value: place for place, seniority in enumerate(SENIORITIES)}


class Profiles:
    """Columns over the roster's rows, and over accounts.

    `contacts`: how many were laid out; rows of the roster beyond them belong to nobody the CRM knows.
    For n contacts: `account` (row of its account, -1 for none), `seniority` (place in SENIORITIES), `department`
    and `country` (buckets, -1 unknown), `zone` (place in `zone_names`, -1 unknown), `stage` (place in the stages, as
    the record says, -1 unknown), `stage_since` (seconds since 1970, 0 unknown), `first_stage`, `first_since` (before
    any change in the journal).
    For a accounts: `industry` (bucket, -1), `employees` and `revenue` (float32, NaN unknown; revenue in units of
    currency), `account_country` (bucket, -1), `industry_names` (folded, "" unknown).
    """

    def __init__(
        self,
        roster: Roster,
        contacts: Iterable[ContactTraits],
        accounts: Iterable[AccountTraits] = (),
        changes: Iterable[StageChanges] = (),
    ) -> None:
        """Lay contacts and accounts out; contacts new to the roster are added to it.

        Args:
            roster: gives each contact its row.
            contacts: everyone, in any order.
            accounts: everyone's companies; one that is not among them is known by nothing but its people.
            changes: of the stage, as the journal has them, of each contact that has any.
        """
        self.accounts = Roster()
        self._take_accounts(accounts)
        self._take_contacts(roster, contacts)
        for one in changes:
            row = roster.get(one.contact_id)
            if 0 <= row < len(self.stage):
                self._take_changes(row, one)
        self._by_account: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    @classmethod
    def of(cls, roster: Roster, people: Sequence[tuple[Contact, Account | None]]) -> Profiles:
        """Lay out nouns, with no history of stages: for tests and small audiences."""
        accounts = {account.id: account for _, account in people if account}
        return cls(
            roster, map(contact_traits, (who for who, _ in people)), map(account_traits, accounts.values())
        )

    def zones_of(self, rows: NDArray[np.int64]) -> NDArray[np.int16]:
        """Return each row's zone, -1 where unknown or where the row is newer than these profiles."""
        known = rows < len(self.zone)
        return (
            np.where(known, self.zone[np.where(known, rows, 0)], np.int16(-1))
            if len(self.zone)
            else (np.full(len(rows), -1, np.int16))
        )

    @property
    def by_account(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Contacts that have an account: (account rows, ascending; contact rows), each shape (e,)."""
        if self._by_account is None:
            order = np.argsort(self.account, kind="stable")
            order = order[self.account[order] >= 0]
            self._by_account = self.account[order].astype(np.int64), order
        return self._by_account

    def stages_at(
        self, rows: NDArray[np.int64], moments: StageMoments, second: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (stage, second entered) of each row as of a moment; -1 where unknown; shape (n,).

        The newest change of the journal counts, unless the record tells of a newer one that had happened by
        then. Before every change known, the contact stood where the first change says they came from; the
        record of a contact without any change and date is taken at its word.
        """
        told, told_at = moments.latest(rows, second)
        first_since = self.first_since[rows].astype(np.int64)
        is_first = told < 0
        stage = np.where(is_first, self.first_stage[rows], told)
        begun = np.where(
            is_first, np.where((first_since > 0) & (first_since <= second), first_since, -1), told_at
        )
        since = self.stage_since[rows].astype(np.int64)
        is_newer = (since > 0) & (since <= second) & (since > told_at)
        return np.where(is_newer, self.stage[rows], stage), np.where(is_newer, since, begun)

    def industry_places(self, names: Mapping[str, int]) -> NDArray[np.int64]:
        """Return each account's place among some industries (folded), `len(names)` for others, -1 unknown."""
        places = (names.get(one, len(names)) if one else -1 for one in self.industry_names)
        return np.fromiter(places, np.int64, len(self.industry_names))

    @property
    def bytes_used(self) -> int:
        """Bytes of the contacts' columns."""
        columns = (
            self.account,
            self.seniority,
            self.department,
            self.country,
            self.zone,
            self.stage,
            self.first_stage,
        )
        return sum(column.nbytes for column in (*columns, self.stage_since, self.first_since))

    def _take_changes(self, row: int, told: StageChanges) -> None:
        self.first_stage[row] = _STAGES.get(told.first_from or "", -1)
        first, last = int(told.first_at.timestamp()), int(told.last_at.timestamp())
        if 0 < self.stage_since[row] < first:
            # An undated change left the record its old date: that is when the stage before it began.
            self.first_since[row] = self.stage_since[row]
        elif told.from_since is not None:
            self.first_since[row] = max(int(told.from_since.timestamp()), 0)
        if self.stage_since[row] < last:
            # The record's stage is the one the last change entered; its date says nothing about that.
            self.stage_since[row] = 0

    def _take_accounts(self, accounts: Iterable[AccountTraits]) -> None:
        industries, employees, revenues, countries = [], [], [], []
        for one in accounts:
            if one.id in self.accounts:
                continue
            self.accounts.row(one.id)
            industries.append(folded(one.industry or ""))
            employees.append(np.nan if one.employees is None else one.employees)
            cents = one.annual_revenue_cents
            revenues.append(np.nan if cents is None else cents / 100)
            countries.append(_bucket(one.country, COUNTRY_BUCKETS))
        self.industry_names = np.array(industries, dtype=object)
        self.industry = np.array([_bucket(name, INDUSTRY_BUCKETS) for name in industries], np.int8)
        self.employees = np.array(employees, np.float32)
        self.revenue = np.array(revenues, np.float32)
        self.account_country = np.array(countries, np.int8)

    def _take_contacts(self, roster: Roster, contacts: Iterable[ContactTraits]) -> None:
        places, accounts, seniorities, countries, zones, stages, sinces = ([] for _ in range(7))
        departments: list[int] = []
        zone_places: dict[str, int] = {}
        for one in contacts:
            places.append(roster.row(one.id))
            accounts.append(-1 if one.account_id is None else self.accounts.row(one.account_id))
            seniorities.append(_SENIORITIES.get(one.seniority, len(SENIORITIES) - 1))
            departments.append(_bucket(one.department, DEPARTMENT_BUCKETS))
            countries.append(_bucket(one.country, COUNTRY_BUCKETS))
            zone = one.time_zone
            zones.append(-1 if not zone else zone_places.setdefault(zone, len(zone_places)))
            stages.append(_STAGES.get(one.lifecycle_stage, -1))
            sinces.append(0 if one.stage_since is None else max(int(one.stage_since.timestamp()), 0))
        n = len(roster)

        def column(values: list[int], missing: int, kind: type[np.generic]) -> NDArray[np.int64]:
            laid = np.full(n, missing, dtype=kind)
            laid[places] = values
            return laid

        self.contacts = len(places)
        self.zone_names = tuple(zone_places)
        self.account = column(accounts, -1, np.int32)
        self.seniority = column(seniorities, len(SENIORITIES) - 1, np.int8)
        self.department = column(departments, -1, np.int8)
        self.country = column(countries, -1, np.int8)
        self.zone = column(zones, -1, np.int16)
        self.stage = column(stages, -1, np.int8)
        self.stage_since = column(sinces, 0, np.uint32)
        # A dated record says nothing about the time before its date.
        self.first_stage = np.where(self.stage_since > 0, np.int8(-1), self.stage)
        self.first_since = np.zeros(n, np.uint32)
        unknown = len(self.accounts) - len(self.industry)
        self.industry_names = np.concatenate([self.industry_names, np.full(unknown, "", dtype=object)])
        self.industry = np.concatenate([self.industry, np.full(unknown, -1, np.int8)])
        self.employees = np.concatenate([self.employees, np.full(unknown, np.nan, np.float32)])
        self.revenue = np.concatenate([self.revenue, np.full(unknown, np.nan, np.float32)])
        self.account_country = np.concatenate([self.account_country, np.full(unknown, -1, np.int8)])


def contact_traits(contact: Contact) -> ContactTraits:
    """Return a contact as features see it."""
    return ContactTraits(
        id=contact.id,
        account_id=contact.account_id,
        seniority=contact.seniority.value,
        country=contact.country,
        time_zone=contact.time_zone,
        lifecycle_stage=contact.lifecycle_stage.value,
        stage_since=contact.stage_since,
        department=contact.department,
    )


def account_traits(account: Account) -> AccountTraits:
    """Return an account as features see it."""
    return AccountTraits(
        account.id, account.industry, account.employees, account.annual_revenue_cents, account.country
    )


def _bucket(name: str | None, buckets: int) -> int:
    return bucket(folded(name), buckets) if name and folded(name) else -1

"""Deals as of a moment: which were open, how large, how long in their stage, how near their renewal.

A deal exists from `created_at` on and is closed from the day it closed on. Where no source says when it was
made or closed, it counts only for decisions after the CRM was read: an undated win must not explain the past.
The amount is the one of today; what it was before is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.people import BuyingRoleKind, DealKind
from domain.traits import DealPart, DealStep, DealTraits
from learning.features.roster import Roster
from learning.features.spans import entries_of

PARTS_PLAYED = (
    (BuyingRoleKind.CHAMPION,),
    (BuyingRoleKind.DECISION_MAKER, BuyingRoleKind.ECONOMIC_BUYER),
    (BuyingRoleKind.BLOCKER,),
)
"""Parts a contact may play in an open deal, one column each; the other kinds have none."""

_PART = {kind.value: place for place, kinds in enumerate(PARTS_PLAYED) for kind in kinds}
_NEVER = 2**62


@dataclass(frozen=True)
class DealState:
    """Deals of n accounts as of one moment; all shape (n,).

    open: how many are open. amount: their sum in units of currency. unpriced: how many of them have no amount.
    renewal_days: until the nearest open renewal closes, below 0 when overdue, NaN without one.
    stage_days: since any open one last entered a stage, NaN where unknown. won, lost: how many by then.
    """

    open: NDArray[np.float64]
    amount: NDArray[np.float64]
    unpriced: NDArray[np.float64]
    renewal_days: NDArray[np.float64]
    stage_days: NDArray[np.float64]
    won: NDArray[np.float64]
    lost: NDArray[np.float64]


class Deals:
    """All deals as columns, by account; times are seconds since 1970."""

    def __init__(
        self,
        accounts: Roster,
        contacts: Roster,
        deals: Iterable[DealTraits] = (),
        steps: Iterable[DealStep] = (),
        parts: Iterable[DealPart] = (),
        read_at: datetime = datetime(1970, 1, 1, tzinfo=UTC),
    ) -> None:
        """Lay deals out; those of accounts nobody belongs to are left out.

        Args:
            accounts: `Profiles.accounts`.
            contacts: the roster.
            deals: in any order.
            steps: when they entered stages.
            parts: who plays which part.
            read_at: when the CRM was read: what is undated counts from then on.
        """
        read_second = int(read_at.timestamp())
        placed = sorted(
            ((accounts.get(deal.account_id), deal) for deal in deals), key=lambda one: (one[0], one[1].id)
        )
        kept = [(account, deal) for account, deal in placed if account >= 0]
        numbers = {deal.id: place for place, (_, deal) in enumerate(kept)}
        self._account = np.array([account for account, _ in kept], np.int64)
        self._amount = np.array(
            [np.nan if deal.amount_cents is None else deal.amount_cents / 100 for _, deal in kept], np.float64
        )
        self._is_renewal = np.array([deal.kind == DealKind.RENEWAL.value for _, deal in kept], bool)
        self._is_won = np.array([deal.is_won for _, deal in kept], bool)
        self._born = np.array(
            [int(deal.created_at.timestamp()) if deal.created_at else read_second for _, deal in kept],
            np.int64,
        )
        ends = [_end(deal) for _, deal in kept]
        self._ends = np.array([_NEVER if end is None else end for end in ends], np.int64)
        closed = [
            _NEVER if not deal.is_closed else (read_second if end is None else end)
            for (_, deal), end in zip(kept, ends, strict=True)
        ]
        self._closed = np.array(closed, np.int64)
        told = sorted(
            (numbers[s.deal_id], int(s.entered_at.timestamp())) for s in steps if s.deal_id in numbers
        )
        self._stepped = np.array([deal for deal, _ in told], np.int64)
        self._step_at = np.array([at for _, at in told], np.int64)
        played = sorted(
            (contacts.get(part.contact_id), numbers[part.deal_id], _PART[part.kind])
            for part in parts
            if part.kind in _PART and part.deal_id in numbers and part.contact_id in contacts
        )
        self._player = np.array([contact for contact, _, _ in played], np.int64)
        self._played_deal = np.array([deal for _, deal, _ in played], np.int64)
        self._part = np.array([part for _, _, part in played], np.int64)

    def at(self, accounts: NDArray[np.int64], second: int) -> DealState:
        """Return the state of some accounts (rows of `Profiles.accounts`, -1 for none) before a second."""
        wanted, back = np.unique(accounts, return_inverse=True)
        n = len(wanted)
        entries, owners = entries_of(self._account, wanted)
        is_born = self._born[entries] < second
        is_open = is_born & (self._closed[entries] >= second)
        is_over = is_born & ~is_open
        amounts = self._amount[entries]

        def count(which: NDArray[np.bool_], of: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
            weight = None if of is None else of[which]
            return np.bincount(owners[which], weight, n).astype(np.float64)

        renewal = np.full(n, np.inf)
        renews = is_open & self._is_renewal[entries] & (self._ends[entries] < _NEVER)
        np.minimum.at(renewal, owners[renews], (self._ends[entries[renews]] - second) / 86_400)
        newest = np.full(n, -1, np.int64)
        steps, of_entry = entries_of(self._stepped, entries)
        counts = is_open[of_entry] & (self._step_at[steps] < second)
        np.maximum.at(newest, owners[of_entry[counts]], self._step_at[steps[counts]])
        of_account = DealState(
            open=count(is_open),
            amount=count(is_open & ~np.isnan(amounts), amounts),
            unpriced=count(is_open & np.isnan(amounts)),
            renewal_days=np.where(np.isinf(renewal), np.nan, renewal),
            stage_days=np.where(newest < 0, np.nan, (second - newest) / 86_400),
            won=count(is_over & self._is_won[entries]),
            lost=count(is_over & ~self._is_won[entries]),
        )
        place = back.reshape(-1)
        return DealState(**{name: column[place] for name, column in of_account.__dict__.items()})

    def parts_at(self, rows: NDArray[np.int64], second: int) -> NDArray[np.bool_]:
        """Return which parts each contact plays in open deals, shape (n, len(PARTS_PLAYED))."""
        entries, positions = entries_of(self._player, rows)
        deals = self._played_deal[entries]
        is_open = (self._born[deals] < second) & (self._closed[deals] >= second)
        found = np.zeros((len(rows), len(PARTS_PLAYED)), bool)
        found[positions[is_open], self._part[entries[is_open]]] = True
        return found


def _end(deal: DealTraits) -> int | None:
    """The end of the day a deal closes on: until then it may still be open."""
    if deal.closes_on is None:
        return None
    return int(datetime.combine(deal.closes_on + timedelta(days=1), time(), tzinfo=UTC).timestamp())

"""Signs of one campaign's contacts: what people did, and accounts' deals shared over the people they belong to.

Turns what the CRM says into the flat arrays of `learning/signs.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal, Outcome
from domain.events import EventKind
from domain.people import DealKind, LifecycleStage
from learning.attribution import ROLE_WEIGHTS, TOUCHED_WEIGHT, people_shares
from learning.signs import LEFT, LOST, SIGNALS, STAGE_OF_EVENT, STAGE_OF_LIFECYCLE, Signs, stage_code
from memory.crm.outcomes import Act, DealStory, DecisionLine, Standpoint

LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)
"""When a stage was reached of which nobody said when."""

KINDS = (*SIGNALS, *STAGE_OF_EVENT, EventKind.STAGE_CHANGED)
"""Events that become signs."""


class SignBook:
    """Collects signs: of people, and of accounts' deals shared over the people they belong to."""

    def __init__(
        self,
        number: dict[str, int],
        goal: Goal,
        now: datetime,
        lines: Sequence[DecisionLine],
        standpoints: Sequence[Standpoint],
    ) -> None:
        self._number, self._goal, self._now = number, goal, now
        self._decided_at: dict[str, list[datetime]] = defaultdict(list)
        for line in lines:
            self._decided_at[line.contact_id].append(line.left_at or line.decided_at)
        self._of_account: dict[str, list[str]] = defaultdict(list)
        for standpoint in standpoints:
            if standpoint.account_id:
                self._of_account[standpoint.account_id].append(standpoint.contact_id)
        self._rows: list[tuple[int, datetime, int, float, float, bool]] = []
        self._is_renewal = goal.outcome is Outcome.RENEWED

    def act(self, act: Act) -> None:
        """Take what a contact did; stage changes are taken by `standings`."""
        who = self._number.get(act.contact_id)
        if who is None or act.kind is EventKind.STAGE_CHANGED:
            return
        stage = STAGE_OF_EVENT.get(act.kind)
        code = stage_code(stage) if stage else SIGNALS.index(act.kind)
        self._rows.append((who, act.at, code, 1.0, np.nan, False))

    def standings(
        self, standpoints: Sequence[Standpoint], acts: Iterable[Act], stories: Sequence[DealStory]
    ) -> None:
        """Take lifecycle stages: as changes were told, what stood before the first, and what stands now.

        Where an account has deals, those tell of opportunities and purchases, more exactly and with amounts.
        """
        has_deal = {story.account_id for story in stories if self._counts(story)}
        has_won = {story.account_id for story in stories if self._counts(story) and story.is_won}
        changes: dict[str, list[Act]] = defaultdict(list)
        for act in acts:
            if act.kind is EventKind.STAGE_CHANGED:
                changes[act.contact_id].append(act)
        reached: list[tuple[Standpoint, LifecycleStage, datetime]] = []
        for standpoint in standpoints:
            told = sorted(changes[standpoint.contact_id], key=lambda change: change.at)
            if told and told[0].before:
                reached.append((standpoint, told[0].before, LONG_AGO))
            reached += [(standpoint, change.stage, change.at) for change in told if change.stage]
            if standpoint.stage not in {change.stage for change in told}:
                reached.append((standpoint, standpoint.stage, standpoint.since or LONG_AGO))
        buyers: dict[str | None, set[str]] = defaultdict(set)
        for standpoint, stage, _ in reached:
            if stage is LifecycleStage.CUSTOMER:
                buyers[standpoint.account_id].add(standpoint.contact_id)
        for standpoint, stage, at in reached:
            outcome = STAGE_OF_LIFECYCLE.get(stage)
            if outcome is None:
                continue
            is_won = outcome is Outcome.WON
            if is_won and standpoint.account_id in has_won:
                continue
            if outcome is Outcome.OPPORTUNITY and standpoint.account_id in has_deal:
                continue
            share = 1 / len(buyers[standpoint.account_id]) if is_won and standpoint.account_id else 1.0
            closes = is_won and self._goal.outcome is Outcome.WON
            who = self._number[standpoint.contact_id]
            if at <= self._now:
                self._rows.append((who, at, stage_code(outcome), share, np.nan, closes))

    def deal(self, story: DealStory) -> None:
        """Take a deal's opening and close, shared over those with a part in it and those decided about."""
        if not self._counts(story):
            return
        amount = np.nan
        if story.amount_cents is not None and story.currency == self._goal.currency:
            amount = float(story.amount_cents)
        people = {who: ROLE_WEIGHTS[kind] for who, kind in story.people}
        if story.opened_at:
            people = self._people(story.account_id, people, story.opened_at)
            self._share(people, story.opened_at, stage_code(Outcome.OPPORTUNITY))
        if story.closed_at and not story.is_won:
            # Only those who had the opening lose it.
            self._share(people, story.closed_at, LOST, closes=True)
        elif story.closed_at:
            won = Outcome.RENEWED if self._is_renewal else Outcome.WON
            people = self._people(story.account_id, people, story.closed_at)
            self._share(people, story.closed_at, stage_code(won), amount, closes=True)

    def account(self, account_id: str, kind: EventKind, at: datetime) -> None:
        """Take a renewal or a loss told without a deal."""
        if kind is EventKind.CUSTOMER_LOST:
            self._share(self._people(account_id, {}, at), at, LEFT, closes=True)
        elif self._is_renewal:
            people = self._people(account_id, {}, at)
            self._share(people, at, stage_code(Outcome.RENEWED), closes=True)

    def signs(self) -> Signs:
        """Everything taken, as arrays."""
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * 6
        return Signs(
            contact=np.array(columns[0], dtype=np.int64),
            at=seconds(columns[1]),
            code=np.array(columns[2], dtype=np.int64),
            scale=np.array(columns[3], dtype=float),
            amount_cents=np.array(columns[4], dtype=float),
            closes=np.array(columns[5], dtype=bool),
        )

    def _counts(self, story: DealStory) -> bool:
        return (story.kind is DealKind.RENEWAL) == self._is_renewal

    def _people(self, account_id: str | None, parts: dict[str, float], at: datetime) -> dict[str, float]:
        """Those with a part, and those decided about lately, whatever was decided.

        Were only those counted who got a message, a holdout would be told of fewer deals than the others.
        """
        since = at - timedelta(days=self._goal.window_days)
        weights = dict(parts)
        for contact_id in self._of_account.get(account_id or "", ()):
            if any(since <= decided < at for decided in self._decided_at[contact_id]):
                weights.setdefault(contact_id, TOUCHED_WEIGHT)
        return weights

    def _share(
        self,
        people: dict[str, float],
        at: datetime,
        code: int,
        amount: float = np.nan,
        *,
        closes: bool = False,
    ) -> None:
        shares = people_shares(np.zeros(len(people), dtype=np.int64), np.array(list(people.values())))
        for contact_id, share in zip(people, shares.tolist(), strict=True):
            who = self._number.get(contact_id)
            if who is not None:
                self._rows.append((who, at, code, share, amount, closes))


def second(moment: datetime) -> np.datetime64:
    """An aware time as numpy has it: UTC seconds."""
    return np.datetime64(int(moment.timestamp()), "s")


def seconds(times: Sequence[datetime]) -> NDArray[np.datetime64]:
    """Aware times as numpy has them, shape (n,), datetime64[s]."""
    return np.array([int(moment.timestamp()) for moment in times], dtype=np.int64).astype("datetime64[s]")


def moments(times: NDArray[np.datetime64]) -> list[datetime]:
    """Shape (n,), datetime64[s], as aware times."""
    return [datetime.fromtimestamp(at, UTC) for at in times.astype(np.int64).tolist()]

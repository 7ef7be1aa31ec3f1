"""What a decision earned, the plainest way: the goal's worth if it was reached in its window, else nothing.

Behind the same port as any richer account of outcomes (costs, early signals, shares between touches).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal
from memory.crm.goal_outcomes import GoalOutcomes

if TYPE_CHECKING:
    from app.wiring import House

Array = NDArray[np.float64]


class Decided(Protocol):
    """What of a decision its reward depends on; a `Decision` is one."""

    @property
    def id(self) -> str: ...
    @property
    def campaign_id(self) -> str: ...
    @property
    def contact_id(self) -> str: ...
    @property
    def decided_at(self) -> datetime: ...


RewardsOf = Callable[[Sequence[Decided]], Array]
"""Shape (n,), cents, in the order given; NaN while a decision's window is open."""


class ValueRewards:
    """Implements `RewardsOf` with the full account: shares of expected value, harm and cost (docs/outcomes.md).

    NaN where the message never left, and while early signals still have their time.
    """

    def __init__(self, house: House, now: datetime) -> None:
        self._house, self._now = house, now
        self._known: dict[str, dict[str, float]] = {}

    def __call__(self, decisions: Sequence[Decided]) -> Array:
        """Return what each decision earned."""
        found = [self._of(decision.campaign_id).get(decision.id, np.nan) for decision in decisions]
        return np.array(found, dtype=np.float64)

    def _of(self, campaign_id: str) -> dict[str, float]:
        if campaign_id not in self._known:
            from app.outcomes import rewards_of

            self._known[campaign_id] = {
                reward.decision_id: float(reward.reward_cents)
                for reward in rewards_of(self._house, self._house.crm.campaign(campaign_id), self._now)
                if reward.is_telling and reward.was_carried_out
            }
        return self._known[campaign_id]


class GoalRewards:
    """Implements `RewardsOf` from the journal alone.

    A decision stays NaN until its whole window has passed, though the goal was reached before: else the
    successes of recent decisions would count and their failures not yet.
    """

    def __init__(self, outcomes: GoalOutcomes, goal_of: Callable[[str], Goal], now: datetime) -> None:
        self._outcomes, self._goal_of, self._now = outcomes, goal_of, now

    def __call__(self, decisions: Sequence[Decided]) -> Array:
        """Return what each decision earned."""
        rewards = np.full(len(decisions), np.nan)
        rows: dict[str, list[int]] = {}
        for row, decision in enumerate(decisions):
            rows.setdefault(decision.campaign_id, []).append(row)
        for campaign_id, mine in rows.items():
            goal = self._goal_of(campaign_id)
            window = timedelta(days=goal.window_days)
            closed = [row for row in mine if decisions[row].decided_at + window <= self._now]
            if not closed:
                continue
            times = [decisions[row].decided_at for row in closed]
            reached = self._outcomes.reached_at(
                goal.outcome,
                {decisions[row].contact_id for row in closed},
                since=min(times),
                until=max(times) + window,
            )
            for row, at in zip(closed, times, strict=True):
                when = reached.get(decisions[row].contact_id, ())
                rewards[row] = goal.worth_cents if any(at < t <= at + window for t in when) else 0
        return rewards

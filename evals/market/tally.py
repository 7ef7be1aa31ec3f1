"""What came of a game: revenue, stages, engagement, those who left, week by week and in all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.catalogue import MQL, SQL
from evals.market.world import Day, Sent, World

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """One player's game on one seed. Money in cents; counts over the days of play unless said.

    revenue_cents: of deals won, tail included. expected_revenue_cents: every deal opened (tail included) at
    its account's mean amount and the usual share won: the same quantity with less chance in it.
    true_value_cents: sum of each message's true expected worth at the time it was sent.
    mql_to_sql: share of those who were MQL on the first day and became SQL within the days.
    engagement_days: mean days to the first click, reply, meeting or form, those without counted as all days.
    weekly_*: by week of play. weekly_cold_*: of messages with one of the cold assets (in every scenario the
    same ones, so that a run without a cold start can be compared).
    """

    player: str
    seed: int
    revenue_cents: float
    expected_revenue_cents: float
    true_value_cents: float
    mql_to_sql: float
    new_mqls: int
    new_sqls: int
    deals_opened: int
    deals_won: int
    engagement_days: float
    engaged_share: float
    messages: int
    clicks: int
    replies: int
    meetings: int
    unsubscribes: int
    complaints: int
    weekly_true_value_cents: list[float]
    weekly_messages: list[int]
    weekly_cold_value_cents: list[float]
    weekly_cold_messages: list[int]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Tally:
    """Counts while a game is played."""

    def __init__(self, world: World, days: int, cold: NDArray[np.bool_]) -> None:
        self._world, self._days, self._cold = world, days, cold
        self._mql_at_start = world.stage == MQL
        self._became_sql = np.zeros(len(world.known), dtype=bool)
        self._engaged_on = np.full(len(world.known), days)
        weeks = -(-days // 7)
        self._value, self._cold_value = np.zeros(weeks), np.zeros(weeks)
        self._messages, self._cold_messages = np.zeros(weeks, dtype=int), np.zeros(weeks, dtype=int)
        names = ("mqls", "sqls", "opened", "won", "clicks", "replies", "meetings", "left", "complaints")
        self._counts = dict.fromkeys(names, 0)
        self._revenue = self._expected = 0.0

    def saw_sent(self, sent: Sent, worth: Floats) -> None:
        """Count one day's messages. worth: shape (m,), cents, their true expected worth."""
        week = sent.day // 7
        self._value[week] += worth.sum()
        is_cold = self._cold[sent.asset]
        self._cold_value[week] += worth[is_cold].sum()
        self._cold_messages[week] += int(is_cold.sum())
        self._messages[week] += len(sent.who)
        for name, hit in (
            ("clicks", sent.clicked),
            ("replies", sent.replied),
            ("meetings", sent.booked),
            ("left", sent.unsubscribed),
            ("complaints", sent.complained),
        ):
            self._counts[name] += int(hit.sum())
        self._engage(sent.who[sent.clicked], sent.day)
        replied = sent.replied
        self._engage(sent.who[replied], sent.day + sent.reply_days[replied])

    def _engage(self, who: NDArray[np.int64], days: NDArray[np.int64] | int) -> None:
        self._engaged_on[who] = np.minimum(self._engaged_on[who], days)

    def saw_day(self, day: Day) -> None:
        """Count one day's acts, stage moves and deals; after the last day only deals."""
        self._counts["opened"] += int(day.opened.sum())
        self._counts["won"] += int(day.won.sum())
        self._revenue += float(self._world.amount_cents[day.won].sum())
        self._expected += float(self._world.expected_deal_cents[day.opened].sum())
        if day.day >= self._days:
            return
        self._engage(np.flatnonzero(day.form), day.day)
        self._counts["mqls"] += int(((day.stage == MQL) & (day.stage_before < MQL)).sum())
        # An SQL of an account with an open deal is part of that deal on the day it becomes one.
        became = (day.stage >= SQL) & (day.stage_before == MQL) & ~day.won[self._world.known.account]
        self._became_sql |= became
        self._counts["sqls"] += int(became.sum())

    def outcome(self, player: str, seed: int) -> Outcome:
        """Sum up."""
        counts, start = self._counts, self._mql_at_start
        return Outcome(
            player=player,
            seed=seed,
            revenue_cents=self._revenue,
            expected_revenue_cents=self._expected,
            true_value_cents=float(self._value.sum()),
            mql_to_sql=float(self._became_sql[start].mean()) if start.any() else 0.0,
            new_mqls=counts["mqls"],
            new_sqls=counts["sqls"],
            deals_opened=counts["opened"],
            deals_won=counts["won"],
            engagement_days=float(self._engaged_on.mean()),
            engaged_share=float((self._engaged_on < self._days).mean()),
            messages=int(self._messages.sum()),
            clicks=counts["clicks"],
            replies=counts["replies"],
            meetings=counts["meetings"],
            unsubscribes=counts["left"],
            complaints=counts["complaints"],
            weekly_true_value_cents=self._value.tolist(),
            weekly_messages=self._messages.tolist(),
            weekly_cold_value_cents=self._cold_value.tolist(),
            weekly_cold_messages=self._cold_messages.tolist(),
        )

"""The living market, watched: what every message that goes out is truly worth to a campaign's goal.

Only evaluations look here. A message's worth is what it is expected to bring of a goal that is a meeting (chance of a
click, of a reply after it, of a meeting after that), less the attention it takes and what it costs where it makes its
reader leave. What it does to later messages and to stages is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal
from domain.records import EventRow
from evals.market.living import LivingMarket, Sending
from evals.market.world import World

Floats = NDArray[np.float64]


@dataclass
class TrueWorth:
    """What went out, week by week: messages, expected meetings, expected leavers, and worth in cents."""

    weeks: int
    messages: Floats = field(init=False)
    meetings: Floats = field(init=False)
    leavers: Floats = field(init=False)
    cents: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.messages, self.meetings, self.leavers, self.cents = np.zeros((4, self.weeks))


class WatchedMarket(LivingMarket):
    """A living market that writes down the true worth of what is sent."""

    def __init__(self, seed: int, start: datetime, goal: Goal, weeks: int) -> None:
        super().__init__(seed, start)
        self._goal = goal
        self.worth = TrueWorth(weeks)

    def _send(self, day: int, today: dict[int, Sending]) -> Iterator[EventRow]:
        who = np.array(sorted(today))
        actions = np.array([self._action(today[row], self.people[row].zone) for row in who.tolist()])
        here, week = np.arange(len(who)), min(day // 7, self.worth.weeks - 1)
        meeting, leaves = (chance[here, actions] for chance in chances(self.world, who))
        goal = self._goal
        self.worth.messages[week] += len(who)
        self.worth.meetings[week] += meeting.sum()
        self.worth.leavers[week] += leaves.sum()
        self.worth.cents[week] += float(
            (meeting * goal.worth_cents - goal.contact_cents - leaves * goal.unsubscribe_cost_cents).sum()
        )
        yield from super()._send(day, today)


def chances(world: World, who: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the chances that each message today leads to a meeting, and makes its reader leave; shape (m, K) each."""
    response, slots = world.response, len(world.catalogue.slots)
    stage, pressure = world.stage[who], world.pressure[who]
    logits = response.logits(who, stage, pressure, world.repetition(who, world.day))
    habit = np.tile(response.slot_logits(who), (1, world.catalogue.n_assets))
    click = response.click(np.repeat(logits, slots, axis=1) + habit)
    meeting = response.reply(who, click) * response.booking(stage)[:, None]
    leaves = response.unsubscribe(who, pressure, np.repeat(response.match[who], slots, axis=1))
    return meeting, leaves

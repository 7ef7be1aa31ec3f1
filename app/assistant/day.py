"""What the assistant's models may take in a day, of one member and of the whole workspace, through whichever door.

Counted in the database, so that it holds over processes and restarts. What is under way when it is reached goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.assistant import Asker, TalkReply, TalkRequest
from domain.assistant_ports import TalkingModel
from domain.errors import DaySpent, ModelError
from domain.message import Usage
from domain.ports import Clock
from memory.crm.tallies import TallyStore
from policies.pacing import day_of

if TYPE_CHECKING:
    from app.wiring import House

TALLY = "assistant:"
EVERYBODY = f"{TALLY}all"


@dataclass(frozen=True)
class DayBudget:
    """Tokens a day; the day begins in the team's zone. None: no bound."""

    tallies: TallyStore
    clock: Clock
    zone: ZoneInfo
    of_member: int | None
    of_all: int | None

    def require(self, asker: Asker) -> None:
        """Raise `DaySpent` where the member, or all together, have taken what a day may take."""
        day, _ = day_of(self.clock(), self.zone)
        for name, most, whose in (
            (_of(asker), self.of_member, "Your"),
            (EVERYBODY, self.of_all, "Your team's"),
        ):
            if most is not None and self.tallies.many(name, day) >= most:
                raise DaySpent(whose, most)

    def add(self, asker: Asker, usage: Usage) -> None:
        """Count what a call took."""
        tokens = usage.input_tokens + usage.output_tokens
        if tokens:
            day, _ = day_of(self.clock(), self.zone)
            self.tallies.add({_of(asker): tokens, EVERYBODY: tokens}, day)


def _of(asker: Asker) -> str:
    return f"{TALLY}member:{asker.member_id}"


def day_budget_of(house: House) -> DayBudget:
    """The one of a house."""
    settings = house.settings
    return DayBudget(
        tallies=house.tallies,
        clock=house.clock,
        zone=settings.zone,
        of_member=settings.assistant_member_daily_tokens,
        of_all=settings.assistant_daily_tokens,
    )


class DayTalker:
    """A `TalkingModel` that is asked only while the day's budget lasts, and counts what it took."""

    def __init__(self, model: TalkingModel, day: DayBudget, asker: Asker) -> None:
        self._model, self._day, self._asker = model, day, asker

    async def talk(self, request: TalkRequest) -> AsyncIterator[str | TalkReply]:
        """See `TalkingModel.talk`."""
        await asyncio.to_thread(self._day.require, self._asker)
        try:
            async for piece in self._model.talk(request):
                if isinstance(piece, TalkReply):
                    await asyncio.to_thread(self._day.add, self._asker, piece.usage)
                yield piece
        except ModelError as problem:
            await asyncio.to_thread(self._day.add, self._asker, problem.usage)
            raise

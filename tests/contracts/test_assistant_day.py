"""What the assistant takes in a day is counted in the database: for its member, and for everybody together."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from app.assistant.day import DayBudget, DayTalker
from domain.assistant import Asker, Door, TalkReply, TalkRequest
from domain.errors import DaySpent, ModelUnavailable
from domain.message import Usage
from domain.staff import Role
from memory.crm.tallies import TallyStore
from tests.contracts.crm_sample import NOON
from tests.fakes.talk import ScriptedTalker

ANN, BOB = (Asker(member_id=one, name=one, role=Role.MARKETER, door=Door.API) for one in ("ann", "bob"))
ASKED = TalkRequest(
    agent="assistant", run_id="t_1", turns=(), tools=(), prompt_id="p", prompt_sha256="0" * 64
)


def budget(engine: Engine, of_member: int | None, of_all: int | None, later: int = 0) -> DayBudget:
    now = NOON + timedelta(days=later)
    return DayBudget(TallyStore(engine), lambda: now, ZoneInfo("Europe/Berlin"), of_member, of_all)


async def asked(engine: Engine, who: Asker, bound: DayBudget, *script: str | Exception) -> int:
    model = ScriptedTalker(*script)
    talker = DayTalker(model, bound, who)
    for _ in script:
        replies = [one async for one in talker.talk(ASKED) if isinstance(one, TalkReply)]
        assert len(replies) == 1
    return len(model.requests)


async def test_a_members_day_holds_over_processes_and_ends_with_the_day(engine: Engine) -> None:
    assert await asked(engine, ANN, budget(engine, 150, None), "One.", "Two.") == 2
    with pytest.raises(DaySpent, match="Your 150 tokens"):
        await asked(engine, ANN, budget(engine, 150, None), "Three.")
    assert await asked(engine, BOB, budget(engine, 150, None), "Hello.") == 1
    assert await asked(engine, ANN, budget(engine, 150, None, later=1), "A new day.") == 1


async def test_the_workspaces_day_counts_everybody(engine: Engine) -> None:
    await asked(engine, ANN, budget(engine, None, 200), "One.")
    await asked(engine, BOB, budget(engine, None, 200), "Two.")
    with pytest.raises(DaySpent, match="Your team's 200 tokens"):
        await asked(engine, ANN, budget(engine, None, 200), "Three.")


async def test_what_failed_is_counted_as_it_is_billed(engine: Engine) -> None:
    broken = ModelUnavailable("gone")
    broken.usage = Usage(calls=1, input_tokens=200, output_tokens=1)
    with pytest.raises(ModelUnavailable):
        await asked(engine, ANN, budget(engine, 150, None), broken)
    with pytest.raises(DaySpent):
        await asked(engine, ANN, budget(engine, 150, None), "Again.")

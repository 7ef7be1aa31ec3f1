"""The assistant over one house: what its graph may use for whoever asks, as they are now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agents.assistant_state import AssistantBench
from app.assistant.day import DayTalker, day_budget_of
from app.assistant.talk import Assistant, Parts
from app.checkpoints import open_checkpoints
from domain.assistant import Asker
from domain.campaign import Caps
from domain.errors import NotFound, WrongUsage

if TYPE_CHECKING:
    from app.wiring import House


def bench_of(house: House) -> Callable[[Asker], AssistantBench]:
    """What the graph may use, for whoever asks."""
    from agents.understudy.conversation import TalkingUnderstudy

    grammar, day = TalkingUnderstudy(house.clock), day_budget_of(house)

    def bench(asker: Asker) -> AssistantBench:
        asker = as_now(house, asker)
        return AssistantBench(
            asker=asker,
            tools=house.toolset,
            model=DayTalker(house.talker, day, asker) if house.talker else None,
            grammar=grammar,
            prompts=house.prompts,
            clock=house.clock,
            organisation=house.sender.organisation,
            link_key=house.link_key,
            label=house.label,
        )

    return bench


def as_now(house: House, asker: Asker) -> Asker:
    """Return who asks with the role they have by now: a terminal stays open for days.

    Who is no member asks on the machine itself, under the name they go by there.

    Raises:
        WrongUsage: they have left the team.
    """
    try:
        member = house.staff.member(asker.member_id)
    except NotFound:
        return asker
    if not member.is_active:
        raise WrongUsage("You have left the team, so nothing is looked up or changed for you any more.")
    return asker.model_copy(update={"role": member.role})


def assistant_of(house: House) -> Assistant:
    """The assistant over one house."""
    return Assistant(
        Parts(
            bench=bench_of(house),
            conversations=house.conversations,
            saver=lambda: open_checkpoints(house.workspace.checkpoints, house.database_url),
            hold=house.locks.talking,
            budget=house.budget,
            caps=Caps(model_tokens=house.settings.conversation_tokens),
            tracing=house.tracing,
        )
    )

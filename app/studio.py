"""The graphs for `langgraph dev`, which brings its own checkpoints.

Whoever asks or answers there is the one member that ATTUNE_STUDIO_MEMBER names: the server knows no people. The same
rules hold as in the inbox: their role, four eyes, the hash of the message. Every request brings the server's secret
(`app.studio_auth`); where the server asks for none, nothing of high stakes is decided here.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agents.assistant import AssistantGraph, build_assistant
from agents.graph import OutreachGraph, build_graph
from app.studio_door import studio_door
from domain.assistant import Asker, Door, Effect, ToolAnswer, ToolCall, ToolCard
from domain.errors import SettingsInvalid
from domain.message import StakesLevel
from domain.review import Proposal, Review, ReviewAct
from domain.staff import Act, Member
from policies.rights import may

if TYPE_CHECKING:
    from app.wiring import House


def make_graph() -> OutreachGraph:
    """Return the graph bound to the workspace that the settings name.

    Raises:
        WorkspaceMissing: there is no workspace; `attune init` or `attune demo` makes one.
        SettingsInvalid: ATTUNE_STUDIO_MEMBER names nobody of the team.
    """
    from app.settings import read_settings

    return _graph(read_settings().workspace)


def make_assistant() -> AssistantGraph:
    """Return the assistant's graph, bound to the member that ATTUNE_STUDIO_MEMBER names.

    Raises:
        WorkspaceMissing: as `make_graph`.
        SettingsInvalid: it names nobody, or nobody of the team: there is no conversation without somebody who asks.
    """
    from app.settings import read_settings

    return _assistant(read_settings().workspace)


@cache
def _house(workspace: Path) -> House:
    """One house a process and workspace: the server asks for a graph with every request."""
    from app.settings import read_settings
    from app.wiring import open_house

    return open_house(read_settings())


@cache
def _assistant(workspace: Path) -> AssistantGraph:
    from app.assistant.opened import bench_of

    house = _house(workspace)
    bench = replace(bench_of(house)(asker_of(house)), tools=AsTheyAreNow(house))
    return build_assistant(
        bench=bench, interrupts="inbox" if house.settings.interrupts == "agent_inbox" else "hitl"
    )


class AsTheyAreNow:
    """The assistant's tools for the studio's member with the role they have by now: the server runs for days."""

    def __init__(self, house: House) -> None:
        self.house = house

    def cards(self, asker: Asker) -> tuple[ToolCard, ...]:
        """See `AssistantTools.cards`."""
        return self.house.toolset.cards(asker_of(self.house))

    async def look(self, asker: Asker, call: ToolCall) -> ToolAnswer:
        """See `AssistantTools.look`."""
        return await self.house.toolset.look(asker_of(self.house), call)

    async def plan(self, asker: Asker, call: ToolCall) -> Effect:
        """See `AssistantTools.plan`."""
        return await self.house.toolset.plan(asker_of(self.house), call)

    async def carry_out(self, asker: Asker, call: ToolCall, seal: str) -> ToolAnswer:
        """See `AssistantTools.carry_out`."""
        return await self.house.toolset.carry_out(asker_of(self.house), call, seal)


def asker_of(house: House) -> Asker:
    """The studio's member as who asks. Raises `SettingsInvalid` where none is named."""
    member = member_of(house)
    if member is None:
        raise SettingsInvalid(
            "ATTUNE_STUDIO_MEMBER: name the member (id or address) who asks the assistant here."
        )
    return Asker(
        member_id=member.member_id,
        name=member.name,
        role=member.role,
        door=Door.STUDIO,
        zone=member.zone,
        is_unknown=not studio_door().is_watched,
    )


@cache
def _graph(workspace: Path) -> OutreachGraph:
    from agents.pause import Answering

    house = _house(workspace)
    member = member_of(house)
    answering = Answering(
        member=None if member is None else member.member_id,
        form=house.settings.interrupts,
        objects=lambda proposal, review: objection(house, proposal, review),
        recorded=lambda proposal, review: _follow_up(house, proposal, review),
    )
    return build_graph(bench=replace(house.bench, answering=answering))


def member_of(house: House) -> Member | None:
    """The member who answers here, or None where none is named.

    Raises:
        SettingsInvalid: nobody of the team is called so.
    """
    named = house.settings.studio_member
    if not named:
        return None
    for member in house.staff.members(only_active=True):
        if named.casefold() in {member.member_id.casefold(), member.email.casefold()}:
            return member
    raise SettingsInvalid(
        f"ATTUNE_STUDIO_MEMBER: {named!r} is no active member of the team. See `attune team list`."
    )


def objection(house: House, proposal: Proposal, review: Review) -> str | None:
    """Say why the member of this studio may not carry out a review, or return None. Asked as things are now."""
    from app.four_eyes import needs_another

    member = member_of(house)
    if member is None or review.reviewer != member.member_id:
        return (
            "Nobody of the team answers here. Set ATTUNE_STUDIO_MEMBER to a reviewer and start the server anew, "
            f"or decide in the inbox or with `attune review show {proposal.id}`."
        )
    is_approval = review.act is ReviewAct.APPROVE
    is_high = is_approval and proposal.stakes.level is StakesLevel.HIGH
    if is_high and not studio_door().is_watched:
        return "This server asks nobody for its secret, so high stakes are decided in the inbox."
    needs = Act.REVIEW_HIGH if is_high else Act.REVIEW
    if not may(member.role, needs):
        return f"{member.name} is a {member.role.value}, and a {member.role.value} may not {needs.value}."
    return needs_another(house, proposal, review.reviewer) if is_approval else None


def _follow_up(house: House, proposal: Proposal, review: Review) -> None:
    """What `app.reviews` does after a review: keep the lesson, and say so where nobody else could have looked."""
    from app.four_eyes import was_alone
    from memory.history.story import lesson

    if review.act is ReviewAct.APPROVE and was_alone(house, proposal, review.reviewer):
        house.audit.append("review", proposal.id, {"act": "own words, nobody else", "by": review.reviewer})
    if taught := lesson(review, proposal):
        house.history.remember([taught])

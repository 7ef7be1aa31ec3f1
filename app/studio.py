"""The outreach graph for `langgraph dev`, which brings its own checkpoints.

Whoever answers a pause there is the one member that ATTUNE_STUDIO_MEMBER names: the server knows no people. The same
rules hold as in the inbox: their role, four eyes, the hash of the message.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agents.graph import OutreachGraph, build_graph
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


@cache
def _graph(workspace: Path) -> OutreachGraph:
    """One house a process and workspace: the server asks for the graph with every request."""
    from agents.pause import Answering
    from app.settings import read_settings
    from app.wiring import open_house

    house = open_house(read_settings())
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
    needs = Act.REVIEW_HIGH if is_approval and proposal.stakes.level is StakesLevel.HIGH else Act.REVIEW
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

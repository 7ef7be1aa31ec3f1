"""Four eyes: at high stakes nobody approves words they wrote themselves, an admin neither (W-03).

Where only one person may decide about high stakes there is no second pair: then it is allowed, said openly, and told to
the audit chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.message import Author, StakesLevel
from domain.review import Proposal, ReviewAct
from policies.rights import Act, may

if TYPE_CHECKING:
    from app.wiring import House


def author_of(house: House, proposal: Proposal) -> str | None:
    """Return the reviewer whose words a proposal carries, or None where the agents wrote it."""
    if proposal.draft.author is not Author.REVIEWER:
        return None
    edits = [one.reviewer for one in house.proposals.reviews_of(proposal.id) if one.act is ReviewAct.EDIT]
    return edits[-1] if edits else None


def is_alone(house: House) -> bool:
    """Tell whether fewer than two people of the team may decide about high stakes."""
    members = house.staff.members(only_active=True)
    return sum(may(member.role, Act.REVIEW_HIGH) for member in members) < 2


def needs_another(house: House, proposal: Proposal, reviewer: str) -> str | None:
    """Say why this reviewer may not approve a proposal, or return None."""
    author = author_of(house, proposal)
    if proposal.stakes.level is not StakesLevel.HIGH or author is None or is_alone(house):
        return None
    known = _ids(house)
    if known.get(author.casefold(), author) == known.get(reviewer.casefold(), reviewer):
        return "You wrote these words, and the stakes are high: somebody else has to approve them."
    if reviewer.casefold() not in known:
        return (
            f"A person wrote these words, and the stakes are high: somebody else of the team has to approve them, "
            f"and {reviewer!r} is nobody of the team. Approve them in the inbox."
        )
    return None


def _ids(house: House) -> dict[str, str]:
    """Member ids by what a member may be called on the command line: their id, their address."""
    members = house.staff.members(only_active=True)
    return {name.casefold(): one.member_id for one in members for name in (one.member_id, one.email)}


def was_alone(house: House, proposal: Proposal, reviewer: str) -> bool:
    """Tell whether a reviewer approves own words at high stakes because there is nobody else."""
    is_own = author_of(house, proposal) == reviewer
    return proposal.stakes.level is StakesLevel.HIGH and is_own and is_alone(house)

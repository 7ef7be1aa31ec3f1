"""Four eyes: at high stakes nobody approves words they wrote themselves, an admin neither (W-03).

Where only one person may decide about high stakes there is no second pair: then it is allowed, said openly, and told to
the audit chain.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.message import Author, StakesLevel
from domain.review import Proposal, Review, ReviewAct
from domain.staff import Act, Member
from policies.rights import may

if TYPE_CHECKING:
    from app.wiring import House

LET_IN = "let in by somebody's link"
ASKED_FOR = "asked for"
"""What the chain says of a proposal a member asked for, with who it was (`app/asked.py`)."""

HANDS = frozenset({ReviewAct.EDIT.value, ReviewAct.ANSWER.value, ASKED_FOR})
MOST_LINES = 1_000


def author_of(house: House, proposal: Proposal) -> str | None:
    """Return the member whose words a proposal carries, or at whose wish it was drafted, or drafted anew.

    None where the agents wrote it by themselves. A hint may say word for word what the draft is to say.
    """
    by_hand = proposal.draft.author is Author.REVIEWER
    wrote = ReviewAct.EDIT if by_hand else ReviewAct.ANSWER
    # A hint that led to no other draft was given to the words as they are now.
    authors = [
        one.reviewer
        for one in house.proposals.reviews_of(proposal.id)
        if one.act is wrote and one.message_sha256 != proposal.message_sha256
    ]
    return authors[-1] if authors else asker_of(house, proposal)


def asker_of(house: House, proposal: Proposal) -> str | None:
    """Return the member who asked for a proposal, or None where a run decided on it."""
    lines = house.audit.newest_of(proposal.id, ("review",), MOST_LINES)
    return next((one.detail["by"] for one in lines if one.detail.get("act") == ASKED_FOR), None)


def is_alone(house: House) -> bool:
    """Tell whether fewer than two people of the team may decide about high stakes."""
    members = house.staff.members(only_active=True)
    return sum(may(member.role, Act.REVIEW_HIGH) for member in members) < 2


def needs_another(house: House, proposal: Proposal, reviewer: str, link_of: str | None = None) -> str | None:
    """Say why this reviewer may not approve a proposal, or return None.

    Args:
        house: the opened workspace.
        proposal: what is to be approved.
        reviewer: who would.
        link_of: the other member whose one-time link let the reviewer in, who counts as the reviewer too.
    """
    if proposal.stakes.level is not StakesLevel.HIGH:
        return None
    # Who asked for it had a hand in every later draft of it too.
    hands = {one for one in (author_of(house, proposal), asker_of(house, proposal)) if one}
    if not hands or is_alone(house):
        return None
    known = ids_of(house.staff.members(only_active=True))
    linked = {link for one in hands for link in _links_of(house, proposal, one)}
    authors = {known.get(one.casefold(), one) for one in (*hands, *linked)}
    if known.get(reviewer.casefold(), reviewer) in authors:
        return (
            f"You {_what(proposal)} these words, and the stakes are high: somebody else has to approve them."
        )
    if link_of in authors:
        return (
            "Whose one-time link let you in here had a hand in these words, and the stakes are high: sign in by "
            "password or single sign-on to approve them, or let somebody else do it."
        )
    if reviewer.casefold() not in known:
        return (
            f"A person {_what(proposal)} these words, and the stakes are high: somebody else of the team has to "
            f"approve them, and {reviewer!r} is nobody of the team. Approve them in the inbox."
        )
    return None


def _what(proposal: Proposal) -> str:
    return "wrote" if proposal.draft.author is Author.REVIEWER else "asked for"


def note_link(house: House, proposal: Proposal, given: Review, link_of: str) -> None:
    """Tell the chain that somebody else's link let in who does this; who approves later is compared with both."""
    told = {"act": LET_IN, "does": given.act.value, "by": given.reviewer, "link_of": link_of}
    house.audit.append("review", proposal.id, told)


def _links_of(house: House, proposal: Proposal, author: str) -> list[str]:
    """Whose links let in the author when they had a hand in this proposal."""
    lines = house.audit.newest_of(proposal.id, ("review",), MOST_LINES)
    noted = (one.detail for one in lines if one.detail.get("act") == LET_IN)
    return [told["link_of"] for told in noted if told["by"] == author and told["does"] in HANDS]


def ids_of(members: Iterable[Member]) -> dict[str, str]:
    """Member ids by what a member may be called on the command line: their id, their address."""
    return {name.casefold(): one.member_id for one in members for name in (one.member_id, one.email)}


def was_alone(house: House, proposal: Proposal, reviewer: str) -> bool:
    """Tell whether a reviewer approves own words at high stakes because there is nobody else."""
    is_own = author_of(house, proposal) == reviewer
    return proposal.stakes.level is StakesLevel.HIGH and is_own and is_alone(house)

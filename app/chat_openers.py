"""First questions to the assistant, drawn from what the workspace holds: each one can be asked as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.base import Noun
from domain.review import ProposalStatus
from domain.staff import Act, Role
from policies.rights import may

if TYPE_CHECKING:
    from app.wiring import House

MOST = 6


class Opener(Noun):
    """A question, and why it is worth asking now."""

    words: str
    why: str


def openers(house: House, role: Role) -> tuple[Opener, ...]:
    """The questions to offer to somebody with this role; none where there is nobody to ask about yet."""
    if not house.crm.counts().get("contacts"):
        return ()
    found = []
    if waiting := house.proposals.counts().get(ProposalStatus.WAITING, 0):
        many = f"{waiting:,} message{'s wait' if waiting > 1 else ' waits'} for a person"
        found.append(Opener(words="What is waiting for review?", why=many))
    campaigns = house.crm.campaigns(limit=1)
    for campaign in campaigns:
        found.append(
            Opener(
                words=f"What did {campaign.name} bring against the holdout?",
                why="What it brought, and how sure that is",
            )
        )
    found.append(
        Opener(
            words="Which accounts went quiet after the pricing page?",
            why="By what their people did, and then did not",
        )
    )
    found.append(Opener(words="Who is ready for sales?", why="With the reasons, and how sure they are"))
    proposals = house.proposals.proposals(ProposalStatus.WAITING, limit=1)
    for proposal in proposals:
        name = proposal.message.to_name
        if name:
            found.append(
                Opener(words=f"Why did {name} get this message?", why="One decision, and what would turn it")
            )
    if campaigns and may(role, Act.CAMPAIGN_WRITE):
        found.append(
            Opener(
                words=f"Dry run {campaigns[0].name}",
                why="You are asked first; nothing leaves the house",
            )
        )
    return tuple(found[:MOST])

"""First questions to the assistant, drawn from what the workspace holds: each one can be asked as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.finding import contact_meant
from app.kept_lists import kept_lists
from domain.base import Noun
from domain.errors import Ambiguous, NotFound
from domain.review import ProposalStatus
from domain.staff import Act, Role
from policies.rights import may

if TYPE_CHECKING:
    from app.wiring import House

MOST = 6
MOST_TRIED = 10
"""Proposals looked at for a name that nobody else has."""


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
    kept = kept_lists(house)
    if kept is not None and kept.hand_off.leads and kept.hand_off.skill.has_skill:
        found.append(Opener(words="Who is ready for sales?", why="With the reasons, and how sure they are"))
    if person := _somebody(house):
        found.append(
            Opener(words=f"Why did {person} get this message?", why="One decision, and what would turn it")
        )
    if campaigns and may(role, Act.CAMPAIGN_WRITE):
        found.append(
            Opener(
                words=f"Dry run {campaigns[0].name}",
                why="You are asked first; nothing leaves the house",
            )
        )
    return tuple(found[:MOST])


def _somebody(house: House) -> str:
    """Who is written to in a message that waits, by a name that fits nobody else, else by their address."""
    waiting = house.proposals.proposals(ProposalStatus.WAITING, limit=MOST_TRIED)
    named = [(one.contact_id, one.message.to_name) for one in waiting if one.message.to_name]
    addressed = [(one.contact_id, one.message.to_address) for one in waiting[:1]]
    return next(
        (words for contact_id, words in (*named, *addressed) if _is_only(house, contact_id, words)), ""
    )


def _is_only(house: House, contact_id: str, words: str) -> bool:
    try:
        return contact_meant(house, words).id == contact_id
    except (Ambiguous, NotFound):
        return False

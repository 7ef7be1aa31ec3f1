"""Who did something, as pages and commands say it: the chain and the records hold ids of members, never names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.schedule import CampaignStanding
from domain.staff import Member


def names_of(members: Iterable[Member]) -> dict[str, str]:
    """Names by member id, and by the address by which claims name them.

    Who acted on the command line stands there as they called themselves.
    """
    everyone = list(members)
    by_id = {member.member_id: member.name for member in everyone}
    return by_id | {member.email: member.name for member in everyone}


def standing_words(standing: CampaignStanding, names: Mapping[str, str]) -> str:
    """How a campaign stands, by the name of who set it so, to be shown."""
    return standing.model_copy(update={"by": names.get(standing.by, standing.by)}).in_words

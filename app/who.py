"""Who did something, as pages and commands say it: the chain and the records hold ids of members, never names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from domain.assistant import Asker, Door
from domain.errors import WrongUsage
from domain.schedule import CampaignStanding
from domain.staff import Member, Role, folded_email

if TYPE_CHECKING:
    from app.settings import Settings


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


def asker_at_terminal(members: Iterable[Member], named: str | None, person: str, zone: str) -> Asker:
    """Who asks the assistant at a terminal.

    Who works on the machine itself may do there what an admin may, as with every other command; acts are signed with
    the name they go by. Who names a member asks as that member, with no more than that member's rights.

    Args:
        members: those who are still here.
        named: the address given with `--as`, if any.
        person: the name acts at this terminal are signed with.
        zone: the zone times are told in where no member says otherwise.

    Raises:
        WrongUsage: nobody of the team has that address.

    """
    by_email = {member.email: member for member in members}
    found = by_email.get(folded_email(named or person))
    if found is not None:
        return Asker(
            member_id=found.member_id, name=found.name, role=found.role, door=Door.TERMINAL, zone=found.zone
        )
    if named is not None:
        raise WrongUsage(
            f"Nobody of the team has the address {named!r}. `attune team list` says who is there; without --as you ask "
            "as who you are on this machine."
        )
    return Asker(member_id=person, name=person, role=Role.ADMIN, door=Door.TERMINAL, zone=zone)


def asks_as(asker: Asker) -> str:
    """Who asks, with which rights, as one sentence to them."""
    article = "an" if asker.role is Role.ADMIN else "a"
    return f"You ask as {asker.name}, with the rights of {article} {asker.role.value}."


def who_answers(settings: Settings) -> str:
    """Who answers questions to the assistant, and how to let somebody else do it."""
    if settings.model_is_on:
        model = settings.models.get("assistant") or settings.model
        return (
            f"{model} answers, a language model. Where it cannot be reached, the understudy does and says so."
        )
    return (
        "The understudy answers: no language model is set, so it understands certain questions only (ask for “help”). "
        "To plug one in, set ATTUNE_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."
    )

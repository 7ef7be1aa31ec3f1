"""Letting a campaign go on: as it last ran, or live for the first time or after a change; bound to what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.campaign_board import campaign_page
from app.campaign_shelf import FileChanged
from app.configuration import as_last_run
from app.steering import resume
from domain.errors import AttuneError

if TYPE_CHECKING:
    from app.campaign_board import CampaignPage
    from app.wiring import House


class NotRehearsed(AttuneError):
    """A campaign is to go live that no dry run went by as it is now."""


def is_as_it_ran(house: House, found: CampaignPage) -> bool:
    """Tell whether a campaign is what its last run went by; one without a readable file is."""
    return found.text is None or found.card.campaign in (None, as_last_run(house, found.card.key))


def go_on(house: House, key: str, by: str, reason: str, sha256: str) -> bool:
    """Let a campaign go on as it was seen and as it last ran; one that was changed has to go live.

    Raises:
        NotRehearsed: it is another than was seen, or than its last run went by.
        NotFound: there is no such campaign.
    """
    found = campaign_page(house, key)
    if found.text is not None and (found.text.sha256 != sha256 or not is_as_it_ran(house, found)):
        raise NotRehearsed(
            "The campaign is another than this page showed, or than its last run went by. Nothing was changed. "
            "Look at it as it is now, and go live with it there."
        )
    return resume(house, found.card.key, by, reason)


def go_live(house: House, key: str, by: str, sha256: str, *, is_sure: bool) -> None:
    """Let a campaign go live as it was seen; what was changed since has to be looked at first.

    Raises:
        FileChanged: its file is another than was seen.
        NotRehearsed: no dry run went by it as it is now, and `is_sure` does not say that it may go live all the same.
        InvalidFile: it cannot be read, or names content that is not in the library.
    """
    found = campaign_page(house, key)
    if found.text is None or found.text.sha256 != sha256:
        raise FileChanged(found.card.file or key, found.text.text if found.text else "")
    found.text.require([asset.id for asset in house.crm.assets()])
    if not (found.is_rehearsed or is_sure):
        raise NotRehearsed(
            "No dry run went by this campaign as it is now. Nothing went live. Make a dry run and look at its drafts, "
            "or say that it may go live without one."
        )
    resume(house, found.card.key, by, "went live", is_ours=True)

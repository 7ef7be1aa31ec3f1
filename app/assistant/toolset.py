"""Every tool of the assistant, joined to what does its work in one house: the one list behind every door (A-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.assistant.accounts import Accounts
from app.assistant.campaign_changes import CampaignsChanged
from app.assistant.campaigns import Campaigns
from app.assistant.decisions import Decisions
from app.assistant.leads import Leads
from app.assistant.library import Library
from app.assistant.messages import Messages
from app.assistant.people import People
from app.assistant.results import Results
from app.assistant.reviews import Reviews
from app.assistant.stories import Stories
from tools.accounts import account_tools
from tools.campaigns import campaign_change_tools, campaign_tools
from tools.decisions import decision_tools
from tools.leads import lead_tools
from tools.library import library_tools
from tools.messages import message_tools
from tools.people import people_tools
from tools.results import result_tools
from tools.reviews import review_tools
from tools.stories import story_tools
from tools.toolset import Tool, Toolset

if TYPE_CHECKING:
    from app.wiring import House


def toolset_of(house: House) -> Toolset:
    """Return the tools over one house."""
    return Toolset((*looking_tools(house), *working_tools(house)))


def looking_tools(house: House) -> tuple[Tool[Any], ...]:
    """Tools about people and decisions; all of them only look."""
    return (
        *people_tools(People(house)),
        *story_tools(Stories(house)),
        *account_tools(Accounts(house)),
        *lead_tools(Leads(house)),
        *decision_tools(Decisions(house)),
    )


def working_tools(house: House) -> tuple[Tool[Any], ...]:
    """Tools about campaigns, messages, proposals, results, content and rules; what changes something is told first."""
    return (
        *campaign_tools(Campaigns(house)),
        *campaign_change_tools(CampaignsChanged(house)),
        *message_tools(Messages(house)),
        *review_tools(Reviews(house)),
        *result_tools(Results(house)),
        *library_tools(Library(house)),
    )

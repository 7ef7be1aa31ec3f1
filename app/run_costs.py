"""What campaigns have cost so far: their models, dry runs included, and their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.base import Noun
from domain.campaign import Campaign
from domain.message import Usage
from domain.run import ContactOutcome

if TYPE_CHECKING:
    from app.wiring import House

MOST_RUNS = 10_000


class CampaignCost(Noun):
    """One campaign's costs.

    `message_cents`: messages sent, at the price its file gives one (`goal.contact_cents`), in `currency`.
    `usage.cost_micros`: what models took at the workspace's prices, in millionths of a `model_currency`.
    `is_unpriced`: models were called of which nobody told the price.
    """

    campaign_id: str
    name: str
    runs: int
    messages: int
    message_cents: int
    currency: str
    usage: Usage
    model_currency: str

    @property
    def is_unpriced(self) -> bool:
        """Tell whether models were called and no price is known of any."""
        return self.usage.calls > 0 and self.usage.cost_micros == 0

    @property
    def model_words(self) -> str:
        """What models took, to a hundredth of a cent: one message takes less than a cent."""
        if self.is_unpriced:
            return "price not known"
        return f"{self.usage.cost_micros / 1_000_000:,.4f} {self.model_currency}"


def cost_of(house: House, campaign: Campaign) -> CampaignCost:
    """Return what one campaign has cost, over all its runs."""
    runs = house.runs.runs(campaign.id, limit=MOST_RUNS)
    sent = sum(house.runs.counts(run.id).get(ContactOutcome.SENT, 0) for run in runs if not run.is_dry_run)
    return CampaignCost(
        campaign_id=campaign.id,
        name=campaign.name,
        runs=len(runs),
        messages=sent,
        message_cents=round(campaign.goal.contact_cents * sent),
        currency=campaign.goal.currency,
        usage=sum((house.runs.usage(run.id) for run in runs), Usage()),
        model_currency=house.model_currency,
    )

"""Names what bounds the speed of one message: warm-up, its recipient's domain, the channel, the day.

The outbox counts; see `policies/pacing.py` for the bounds themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.settings import Settings
from domain.campaign import Campaign
from domain.message import OutboxEntry
from domain.schedule import Pace
from memory.crm.tallies import TallyStore
from policies import pacing
from policies.rulebook import DeliveryRules


@dataclass
class Pacer:
    """Knows the bounds of one house. The mailbox channel reaches nobody, so no provider's bounds hold for it."""

    settings: Settings
    tallies: TallyStore
    rules: DeliveryRules
    channel: str
    campaign: Callable[[str], Campaign]
    _days_sent: dict[tuple[str, datetime], int] = field(default_factory=dict)
    _campaigns: dict[tuple[str, datetime], Campaign] = field(default_factory=dict)

    def __call__(self, entry: OutboxEntry, now: datetime) -> tuple[Pace, ...]:
        """Return every bound this message counts under."""
        zone, most_a_minute = self.settings.zone, self.settings.messages_per_minute
        paces: list[Pace | None] = []
        # Read anew each minute: a daily bound that was changed holds soon, and most messages read nothing.
        minute = now.replace(second=0, microsecond=0)
        if most := self._campaign(entry.campaign_id, minute).daily.messages:
            paces.append(pacing.daily_bound(entry.campaign_id, most, now, zone))
        if self.settings.daily_messages:
            paces.append(pacing.daily_bound(None, self.settings.daily_messages, now, zone))
        if most_a_minute:
            paces.append(pacing.channel_rate(self.channel, most_a_minute, now))
        if self.channel != "mailbox":
            paces.append(pacing.recipient_rate(_domain(entry.message.to_address), now, self.rules))
            if self.settings.warm_up:
                paces.append(self._warm_up(_domain(entry.message.from_address), now))
        return tuple(pace for pace in paces if pace is not None)

    def _warm_up(self, domain: str, now: datetime) -> Pace | None:
        zone = self.settings.zone
        day, _ = pacing.day_of(now, zone)
        if (domain, day) not in self._days_sent:
            self._days_sent[domain, day] = self.tallies.windows_before(pacing.warm_up_name(domain), day)
        return pacing.warm_up(domain, self._days_sent[domain, day], now, zone, self.rules)

    def _campaign(self, campaign_id: str, minute: datetime) -> Campaign:
        key = (campaign_id, minute)
        if key not in self._campaigns:
            if len(self._campaigns) > 1_000:
                self._campaigns.clear()
            self._campaigns[key] = self.campaign(campaign_id)
        return self._campaigns[key]


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()

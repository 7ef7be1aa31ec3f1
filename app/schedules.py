"""When campaigns run by themselves: what is due now, claimed once, however many schedulers look.

Pure bookkeeping: it claims instants and says which campaigns to begin; `app/serving.py` begins and carries them.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.campaign_file import read_campaign, timetable_of
from app.heads import was_restored
from app.wiring import House
from domain.campaign import Campaign
from domain.errors import AttuneError
from domain.schedule import CampaignStanding, CampaignState, ScheduledRun, ScheduledState

ON_TIME = timedelta(minutes=5)
"""An instant seen later than this was missed: no scheduler was there. It is then skipped, or caught up once."""

ABANDONED = timedelta(minutes=2)
"""A claim of which no run came for so long is another scheduler's to take: its holder is dead."""


@dataclass(frozen=True)
class DueRun:
    """A campaign to begin now, for the instant this scheduler claimed."""

    campaign: Campaign
    scheduled: ScheduledRun

    @property
    def run_id(self) -> str:
        """The same for everyone who begins this instant's run, so it cannot begin twice."""
        key = f"{self.campaign.id}|{self.scheduled.scheduled_at.isoformat()}"
        return f"r{self.scheduled.scheduled_at:%y%m%d}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


def campaign_files(house: House) -> Iterator[tuple[Path, Campaign | AttuneError]]:
    """Yield every campaign file of the workspace with what is in it, or why it cannot be read."""
    for path in sorted(house.workspace.campaigns.glob("*.y*ml")):
        try:
            yield path, read_campaign(path)
        except AttuneError as error:
            yield path, error


def scheduled_campaigns(house: House) -> Iterator[Campaign]:
    """Yield the campaigns that run by themselves."""
    for _, campaign in campaign_files(house):
        if isinstance(campaign, Campaign) and campaign.schedule is not None:
            yield campaign


def next_run(house: House, campaign: Campaign) -> datetime | None:
    """Return when a campaign comes round next, or None where it never does by itself."""
    if campaign.schedule is None:
        return None
    return timetable_of(campaign.schedule, house.settings.time_zone).next_after(house.clock())


def claim_due(house: House, claimant: str) -> list[DueRun]:
    """Claim every instant that is due, settle the missed ones, and return what this scheduler has to begin."""
    due: list[DueRun] = []
    restored = was_restored(house)
    for campaign in scheduled_campaigns(house):
        claimed = _claim(house, campaign, claimant, restored)
        if claimed is not None:
            due.append(DueRun(campaign, claimed))
    return due + _abandoned(house, claimant)


def claimant_name() -> str:
    """Name this process, for whoever asks who claimed a run."""
    return f"{re.sub(r'[^A-Za-z0-9.-]', '-', socket.gethostname())}:{os.getpid()}"


def _claim(house: House, campaign: Campaign, claimant: str, restored: bool) -> ScheduledRun | None:
    assert campaign.schedule is not None
    now = house.clock()
    seen = house.controls.newest(campaign.id)
    if seen is None:
        # From here on nothing is missed; what was before, nobody promised.
        first = ScheduledRun(
            campaign_id=campaign.id, scheduled_at=now, state=ScheduledState.FIRST_SEEN, claimed_at=now
        )
        house.controls.claim(first)
        return None
    if seen.scheduled_at >= now:
        return None
    instants = timetable_of(campaign.schedule, house.settings.time_zone).between(seen.scheduled_at, now)
    if not instants:
        return None
    scheduled = ScheduledRun(
        campaign_id=campaign.id,
        scheduled_at=instants[-1],
        state=ScheduledState.CLAIMED,
        claimed_by=claimant,
        claimed_at=now,
    )
    if not house.controls.claim(scheduled):
        return None
    standing = house.controls.standing(campaign.id)
    why_not = _why_not(house, campaign, scheduled, len(instants), restored, standing)
    if why_not is None:
        return scheduled
    state, detail = why_not
    house.controls.settle(scheduled, state, detail=detail)
    told = detail if standing.state is CampaignState.ACTIVE else standing.without_reason
    house.audit.append(
        "schedule",
        campaign.id,
        {"at": scheduled.scheduled_at.isoformat(), "state": state.value, "detail": told},
    )
    return None


def _why_not(
    house: House,
    campaign: Campaign,
    scheduled: ScheduledRun,
    instants: int,
    restored: bool,
    standing: CampaignStanding,
) -> tuple[ScheduledState, str] | None:
    assert campaign.schedule is not None
    if standing.state is not CampaignState.ACTIVE:
        return ScheduledState.SKIPPED, standing.in_words
    run = house.runs.open_run(campaign.id)
    if run is not None:
        return ScheduledState.SKIPPED, f"run {run.id} is still under way"
    if house.clock() - scheduled.scheduled_at > ON_TIME:
        missed = f"{instants} missed" if instants > 1 else "missed"
        if restored:
            return ScheduledState.MISSED, f"{missed}; not caught up, the database was restored from a backup"
        if campaign.schedule.missed == "skip":
            return ScheduledState.MISSED, f"{missed}; skipped, as declared"
    return None


def _abandoned(house: House, claimant: str) -> list[DueRun]:
    """Claims whose holders died before their runs began."""
    now = house.clock()
    campaigns: dict[str, Campaign] | None = None
    taken = []
    for left in house.controls.left_claimed(now - ABANDONED):
        if not house.controls.take_over(left, claimant, now):
            continue
        campaigns = campaigns or {campaign.id: campaign for campaign in scheduled_campaigns(house)}
        campaign = campaigns.get(left.campaign_id)
        if campaign is None:
            house.controls.settle(left, ScheduledState.MISSED, detail="its scheduler died, its file is gone")
            continue
        taken.append(DueRun(campaign, left.model_copy(update={"claimed_by": claimant, "claimed_at": now})))
    return taken

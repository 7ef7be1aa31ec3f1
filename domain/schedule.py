"""What keeps a campaign running, or stops it: its standing, its scheduled runs, and bounds over time."""

from __future__ import annotations

from enum import StrEnum

from domain.base import Noun, UtcDatetime


class CampaignState(StrEnum):
    """Whether a campaign may run and send."""

    ACTIVE = "active"
    PAUSED = "paused"
    TRIPPED = "tripped"
    STOPPED = "stopped"

    @property
    def waits(self) -> bool:
        """Tell whether its messages stay where they are until a person lets it go on."""
        return self in {CampaignState.PAUSED, CampaignState.TRIPPED}


class CampaignStanding(Noun):
    """A campaign's state, and who set it when and why. One nobody ever set is active."""

    campaign_id: str
    state: CampaignState = CampaignState.ACTIVE
    reason: str = ""
    by: str = ""
    since: UtcDatetime | None = None

    @property
    def in_words(self) -> str:
        """Such as `paused by ann: prices change on Monday`; of a member it holds the id."""
        because = f": {self.reason}" if self.reason else ""
        return f"{self.without_reason}{because}"

    @property
    def without_reason(self) -> str:
        """Such as `paused by ann`: for the audit chain, where a reason that names a person would outlive them."""
        return f"{self.state.value} by {self.by or 'nobody'}"


class ScheduledState(StrEnum):
    """What became of one instant of a campaign's schedule."""

    FIRST_SEEN = "first_seen"
    CLAIMED = "claimed"
    BEGUN = "begun"
    MISSED = "missed"
    SKIPPED = "skipped"


class ScheduledRun(Noun):
    """One instant at which a campaign was to run. One scheduler claims it; nobody else begins it again."""

    campaign_id: str
    scheduled_at: UtcDatetime
    state: ScheduledState
    claimed_by: str = ""
    claimed_at: UtcDatetime
    run_id: str | None = None
    detail: str = ""


class Pace(Noun):
    """At most `most` messages counted under `name` in the window that began at `starts_at`.

    At the bound a message is not refused: it waits until `resets_at`, and `why` says so.
    """

    name: str
    starts_at: UtcDatetime
    most: int
    resets_at: UtcDatetime
    why: str

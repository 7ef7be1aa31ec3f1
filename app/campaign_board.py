"""Campaigns as a team looks at them: how each stands and why, when it comes round next, what its last run did.

Reads only. What a page, a command or a chat shows of a campaign comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.campaign_file import timetable_of
from app.campaign_shelf import CHANGED, NOT_LIVE_YET, CampaignText, campaign_text, campaign_texts
from app.run_words import WORDS
from app.steering import BREAKER
from app.who import names_of, standing_words
from app.wiring import House
from domain.base import Noun, UtcDatetime
from domain.campaign import Campaign, Schedule
from domain.errors import NotFound
from domain.message import OutboxStatus
from domain.run import ContactOutcome, Run, RunStatus
from domain.schedule import CampaignStanding, CampaignState, ScheduledRun
from memory.crm.audit import AuditLine

Kind = Literal["good", "warn", "bad", "info", "quiet"]

SHOWN_RUNS = 10
SHOWN_NOTES = 12


class RunLine(Noun):
    """One run in a list: where it stands, and how many contacts ended where."""

    run: Run
    considered: int
    counts: dict[ContactOutcome, int]

    @property
    def told(self) -> tuple[tuple[str, int], ...]:
        """What a short summary names: messages and what waits, in words."""
        return tuple((WORDS[one][0], self.counts[one]) for one in _SUMMARY if self.counts.get(one))


_SUMMARY = (
    ContactOutcome.SENT,
    ContactOutcome.SCHEDULED,
    ContactOutcome.WAITING,
    ContactOutcome.SHADOWED,
    ContactOutcome.BLOCKED,
    ContactOutcome.UNKNOWN,
    ContactOutcome.PARKED,
    ContactOutcome.QUEUED,
)


class CampaignCard(Noun):
    """One campaign in a list. `state` is in words, `why` says who holds it and for what."""

    key: str
    name: str
    file: str | None
    campaign: Campaign | None
    problem: str = ""
    state: str
    kind: Kind
    why: str = ""
    standing: CampaignStanding
    next_run: UtcDatetime | None = None
    last_run: RunLine | None = None
    open_run: Run | None = None
    proposals: int = 0
    approved: int = 0
    held: int = 0
    unknown: int = 0

    @property
    def can_pause(self) -> bool:
        """Tell whether a pause would change anything."""
        return self.standing.state is CampaignState.ACTIVE

    @property
    def can_stop(self) -> bool:
        """Tell whether a stop would change anything."""
        return self.standing.state is not CampaignState.STOPPED


class CampaignPage(Noun):
    """Everything one campaign's page shows."""

    card: CampaignCard
    text: CampaignText | None
    runs: tuple[RunLine, ...]
    rehearsal: RunLine | None
    is_rehearsed: bool
    next_runs: tuple[UtcDatetime, ...]
    scheduled: tuple[ScheduledRun, ...]
    notes: tuple[AuditLine, ...]


def campaign_cards(house: House) -> tuple[CampaignCard, ...]:
    """Every campaign with a file, then those that ran and have none any more."""
    standings = house.controls.standings()
    waiting, leaving = house.proposals.waiting_by_campaign(), house.outbox.open_by_campaign()
    texts = {text.key: text for text in campaign_texts(house)}
    stored = {one.id: one for one in house.crm.campaigns(limit=_MOST) if one.id not in texts}
    names = names_of(house.staff.members())
    cards = []
    for key, text in {**texts, **dict.fromkeys(stored)}.items():
        card = _card(house, key, text, stored.get(key), standings, names)
        told = leaving.get(key, {})
        cards.append(
            card.model_copy(
                update={
                    "proposals": waiting.get(key, 0),
                    "approved": told.get(OutboxStatus.APPROVED, 0),
                    "held": told.get(OutboxStatus.HELD, 0),
                    "unknown": told.get(OutboxStatus.UNKNOWN, 0),
                }
            )
        )
    return tuple(cards)


_MOST = 1_000


def campaign_page(house: House, key: str) -> CampaignPage:
    """Return everything of one campaign.

    Raises:
        NotFound: it has no file and never ran.
    """
    text: CampaignText | None
    try:
        text, stored = campaign_text(house, key), None
        key = text.key
    except NotFound:
        text, stored = None, house.crm.campaign(key)
    cards = {card.key: card for card in campaign_cards(house)}
    names = names_of(house.staff.members())
    card = cards.get(key) or _card(house, key, text, stored, house.controls.standings(), names)
    rehearsal = house.runs.latest(key, is_dry_run=True)
    return CampaignPage(
        card=card,
        text=text,
        runs=tuple(run_line(house, run) for run in house.runs.runs(key, limit=SHOWN_RUNS)),
        rehearsal=run_line(house, rehearsal) if rehearsal else None,
        is_rehearsed=is_rehearsed(house, card.campaign),
        next_runs=next_runs(house, card.campaign.schedule if card.campaign else None, many=3),
        scheduled=house.controls.scheduled(key, limit=8),
        notes=house.audit.newest_of(key, ("campaign", "schedule"), SHOWN_NOTES),
    )


def run_line(house: House, run: Run) -> RunLine:
    """One run with its counts."""
    counts = house.runs.counts(run.id)
    return RunLine(run=run, considered=sum(counts.values()), counts=counts)


def is_rehearsed(house: House, campaign: Campaign | None) -> bool:
    """Tell whether a run, dry or not, went by the campaign as it is now."""
    if campaign is None:
        return False
    try:
        stored = house.crm.campaign(campaign.id)
    except NotFound:
        return False
    closed = RunStatus.FINISHED
    newest = (house.runs.latest(campaign.id, is_dry_run=True), house.runs.latest(campaign.id))
    return stored == campaign and any(run is not None and run.status is closed for run in newest)


def next_runs(house: House, schedule: Schedule | None, many: int) -> tuple[datetime, ...]:
    """The next times a schedule comes round, in UTC; none where there is no schedule or it cannot be read."""
    if schedule is None:
        return ()
    try:
        timetable = timetable_of(schedule, house.settings.time_zone)
    except ValueError:
        return ()
    found: list[datetime] = []
    at = house.clock()
    while len(found) < many and (following := timetable.next_after(at)) is not None:
        found.append(following)
        at = following + timedelta(seconds=1)
    return tuple(found)


def zone_of(house: House, campaign: Campaign | None) -> ZoneInfo:
    """The zone a campaign's schedule is meant in: its own, else the team's."""
    own = campaign.schedule.time_zone if campaign and campaign.schedule else None
    return ZoneInfo(own) if own else house.settings.zone


def _card(
    house: House,
    key: str,
    text: CampaignText | None,
    stored: Campaign | None,
    standings: Mapping[str, CampaignStanding],
    names: Mapping[str, str],
) -> CampaignCard:
    campaign = text.campaign if text else stored
    standing = standings.get(key, CampaignStanding(campaign_id=key))
    last, under_way = house.runs.latest(key), house.runs.open_run(key)
    state, kind = _state(standing, text, campaign, last, under_way)
    is_live = standing.state is CampaignState.ACTIVE and text is not None and campaign is not None
    coming = next_runs(house, campaign.schedule, many=1) if is_live and campaign else ()
    return CampaignCard(
        key=key,
        name=campaign.name if campaign else key,
        file=text.file if text else None,
        campaign=campaign,
        problem=" ".join(f"{mistake.in_words}." for mistake in text.mistakes) if text else "",
        state=state,
        kind=kind,
        why="" if standing.state is CampaignState.ACTIVE else standing_words(standing, names),
        standing=standing,
        next_run=coming[0] if coming else None,
        last_run=run_line(house, last) if last else None,
        open_run=under_way,
    )


def _state(
    standing: CampaignStanding,
    text: CampaignText | None,
    campaign: Campaign | None,
    last: Run | None,
    under_way: Run | None,
) -> tuple[str, Kind]:
    if text is not None and campaign is None:
        return "cannot be read", "bad"
    if standing.state is CampaignState.TRIPPED:
        return ("held by the breaker" if standing.by == BREAKER else "held by a check"), "bad"
    if standing.state is CampaignState.STOPPED:
        return "stopped", "quiet"
    if standing.state is CampaignState.PAUSED:
        is_ours = standing.reason in (NOT_LIVE_YET, CHANGED)
        return ("not live yet", "info") if last is None and is_ours else ("paused", "warn")
    if under_way is not None:
        return "running now", "good"
    if text is None:
        return "no file any more", "quiet"
    return ("live, on schedule", "good") if campaign and campaign.schedule else ("ready, no schedule", "info")

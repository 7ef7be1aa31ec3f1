"""How far a campaign's learner is, in words a marketer understands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.choosing import knowledge_of
from app.teaching import ALARM_FLOOR, ALARM_LASTS, shifts_lately
from domain.campaign import Campaign
from domain.decision import Knowledge, action_of
from learning import features
from memory.crm.learners import LearnerVersion

if TYPE_CHECKING:
    from app.wiring import House

_MOST_TOLD = 1e9
_WORDS = {
    Knowledge.CONFIDENT: "confident: what its actions are worth, little or much, is known to within half of it",
    Knowledge.LEARNING: "learning: what it expects of its actions may be off by as much again",
    Knowledge.GUESSING: "guessing: it knows too little of its actions to tell them apart",
}
NOTHING = "guessing: nothing learned yet"


@dataclass(frozen=True)
class LearnerStatus:
    """One campaign's learner. `versions` newest first; `deciding` is the pinned or else the newest one's name."""

    campaign_id: str
    versions: tuple[LearnerVersion, ...]
    deciding: str | None
    knowledge: str
    alarms: tuple[dict[str, Any], ...]
    shifts: tuple[str, ...]
    notes: tuple[str, ...]
    alarm_lines: tuple[str, ...] = ()


def status_of(house: House, campaign: Campaign, now: datetime) -> LearnerStatus:
    """Return how far a campaign's learner is."""
    versions = house.learners.versions(campaign.id)
    current = house.learners.current(campaign.id)
    titles = {asset.id: asset.title for asset in house.crm.assets()}
    alarms = versions[0].record.get("alarms", []) if versions else []
    return LearnerStatus(
        campaign_id=campaign.id,
        versions=versions,
        deciding=current.version if current else None,
        knowledge=knowledge(current),
        alarms=tuple({**alarm, "words": alarm_words(alarm, titles)} for alarm in alarms),
        alarm_lines=alarm_lines(alarms, titles),
        shifts=shift_words(versions, now),
        notes=_notes(versions, current),
    )


def knowledge(version: LearnerVersion | None) -> str:
    """The state of knowledge in words, from how wide its beliefs are for a typical contact."""
    if version is None or not version.outcomes:
        return NOTHING
    width = version.record.get("widths", {}).get("median")
    return NOTHING if width is None else _WORDS[knowledge_of(1.0, float(width))]


def alarm_words(alarm: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """When something changed, where, in which direction, and how strongly the log says so."""
    way = "less often" if alarm["direction"] == "fewer" else "more often"
    told = math.exp(min(float(alarm["evidence"]), 50.0))
    odds = "more than a billion" if told > _MOST_TOLD else f"about {float(f'{told:.2g}'):,.0f}"
    where = "the whole market" if alarm["action"] is None else _name(str(alarm["action"]), titles)
    return (
        f"noticed with what was decided until {_day(alarm)}: something came of {where} {way} than expected; "
        f"the log is {odds} times likelier with a change than without."
    )


def alarm_lines(alarms: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> tuple[str, ...]:
    """What was noticed, one line a day and direction, however much of the content it concerned."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for alarm in alarms:
        grouped.setdefault((_day(alarm), str(alarm["direction"])), []).append(alarm)
    lines = []
    for (day, direction), same in grouped.items():
        if len(same) == 1:
            lines.append(alarm_words(same[0], titles))
            continue
        named = dict.fromkeys(
            "the whole market" if one["action"] is None else _name(str(one["action"]), titles) for one in same
        )
        way = "less often" if direction == "fewer" else "more often"
        lines.append(
            f"noticed with what was decided until {day}: something came of {', '.join(named)} {way} than expected."
        )
    return tuple(lines)


def shift_words(versions: Sequence[LearnerVersion], now: datetime) -> tuple[str, ...]:
    """What a person is told of shifts of the market that still matter at `now`."""
    newest = {(_day(alarm), alarm["direction"]): alarm for alarm in shifts_lately(versions, now)}
    return tuple(
        f"The market shifted: with what was decided until {_day(alarm)}, people answered "
        f"{'less' if alarm['direction'] == 'fewer' else 'more'} than expected, whatever they got. What was learned "
        f"before counts little now, and for {ALARM_LASTS.days} days {ALARM_FLOOR:g} times more draws are spread evenly."
        " You need do nothing, unless outcomes were imported wrongly: then mend them and run again."
        for alarm in newest.values()
    )


def _notes(versions: Sequence[LearnerVersion], current: LearnerVersion | None) -> tuple[str, ...]:
    if current is None:
        return ()
    notes = []
    if current.record.get("features_version") != features.VERSION:
        notes.append(
            "It reads contacts as an earlier release did, so it does not decide; the next run teaches anew."
        )
    if current.is_pinned and current.version != versions[0].version:
        notes.append(
            "A pinned version decides; newer ones are learned beside it. "
            f"`attune learn unpin {current.campaign_id}` lets them."
        )
    past = versions[0].record.get("past", {})
    if past.get("emails"):
        notes.append(
            f"{past['emails']:,} past e-mails of other tools are in it, {past['answered']:,} with something that came "
            "of them."
        )
    return tuple(notes)


def _name(action_key: str, titles: Mapping[str, str]) -> str:
    action = action_of(action_key)
    if action.asset_id is None:
        return "silence"
    slot = action.slot.value if action.slot else "now"
    return f"“{titles.get(action.asset_id, action.asset_id)}” ({slot})"


def _day(alarm: Mapping[str, Any]) -> str:
    return str(alarm["at"])[:10]

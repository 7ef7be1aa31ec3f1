"""Teaches a campaign's learner from everything that is known by now.

The log of decisions and their rewards is the truth and the learner follows from it: late revenue, corrected outcomes
and new content are all in the next teaching. What a decision was made on is read again from the journal as it
stood then, so nothing later leaks in. E-mails of other tools come first, where a backfill was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.backfill import PAST_WEIGHT
from app.choosing import Choosers
from app.curriculum import Lesson, lesson_of
from domain.campaign import Campaign, Goal, LearnerSettings
from domain.content import ContentAsset
from domain.decision import SILENCE
from learning import features
from learning.bandit import Bandit, Settings, dump, load
from learning.bandit.scales import Scales
from learning.features.actions import action_matrix
from learning.features.topics import TopicBook
from learning.units import UnitTable, unit_table
from learning.value import prior_model
from memory.crm.learners import LearnerVersion

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

CHUNKS = 8
"""Runs are taken in together until there are about so many batches: between batches the market is watched."""

LAST_STEPS = 6
"""Steps of fitting after everything was taken in, beside those on the way."""

ALARM_LASTS = timedelta(days=21)
ALARM_FLOOR = 4.0
"""For so long after the market shifted, so many times more draws than usual are spread evenly."""

SAME_SHIFT = timedelta(days=21)
"""Alarms of one direction about one action that lie no further apart are one shift, told to the audit once; and one
action's is part of a shift of the whole market that is known already."""

PRIOR_RATE = 0.03
"""How often anything at all comes of a message, before data: business mail is clicked 2 to 5 times in a hundred (the
sources stand in evals/market/parameters.py). Much above that, everything unknown looks good and too much is sent."""

PRIOR_SPREAD = 0.03
"""How much rates are taken to differ between actions and contacts, before data: as much as the rate itself."""

PRIOR_UNITS = 1.0
"""What something that comes of a message is worth on average, before data, in units (`learning/units.py`)."""

PRIOR_WORTH_SPREAD = 0.3
"""How much the worth of an answer is taken to differ between actions and contacts, as a share of it, while few
answers are known: one that is worth much is chance until others say the same."""

TILT = {
    "topic_affinity": 0.02,
    "topic_evidence": 0.02,
    "stage_fit": 0.02,
    "seniority_fit": 0.005,
    "industry_fit": 0.005,
    "asset_sent": -0.02,
    "asset_answered": -0.01,
    "kind_sent": -0.005,
    "kind_affinity": 0.01,
    "slot_habit": 0.01,
    "alike_interest": 0.05,
    "alike_answers": 0.05,
}
"""The documented default of a learner that knows nothing: what a full fit adds to the response rate.

What people like them look at holds what they looked at themselves: the topic counts there in full, beside it less."""


def new_bandit(
    campaign: Campaign,
    library: Sequence[ContentAsset],
    table: features.ActionTable,
    now: datetime,
    cost_cents: float,
    settings: LearnerSettings | None = None,
    *,
    is_silence_apart: bool = True,
) -> Bandit:
    """Return a learner that knows nothing but the documented default.

    is_silence_apart: False gives one as it was up to schema 4 (`learning/bandit/state.py`).
    """
    told = settings or campaign.learner
    topics = TopicBook.of(topic for asset in library for topic in asset.topics)
    z = action_matrix(table, topics, now.date()).astype(np.float64)
    return Bandit(
        [action.key for action in table.actions],
        len(features.NAMES),
        dyads=len(features.DYAD_NAMES),
        action_features=z,
        tilt=np.array([TILT[name] for name in features.DYAD_NAMES]),
        apart=[k for k, action in enumerate(table.actions) if action.is_silence and is_silence_apart],
        costs=np.array([0.0 if action.is_silence else cost_cents for action in table.actions]),
        settings=Settings(
            boldness=told.boldness,
            floor=told.floor,
            prior_rate=PRIOR_RATE,
            prior_spread=PRIOR_SPREAD,
            prior_worth=PRIOR_UNITS,
            prior_worth_spread=PRIOR_WORTH_SPREAD,
            half_life_days=told.half_life_days,
        ),
        in_units=True,
    )


def taught(bandit: Bandit, lesson: Lesson, rows: NDArray[np.int64] | None = None) -> list[dict[str, Any]]:
    """Teach a lesson (or some rows of it) in its order; return the shifts of the market that were noticed."""
    picked = np.arange(len(lesson.taken)) if rows is None else rows
    if not len(picked):
        return []
    noticed: list[dict[str, Any]] = []
    own = lesson.own_fits
    if len(before := picked[picked < lesson.past]):
        bandit.learn(
            lesson.x[before],
            lesson.taken[before],
            lesson.gains[before],
            at=lesson.at[before],
            dyads=own[before],
            is_news=False,
            weight=PAST_WEIGHT,
            units=lesson.units[before],
            acted=lesson.acted[before],
        )
    logged = picked[picked >= lesson.past]
    # Other tools count clicks in other ways: that our first run's are fewer is no shift of the market.
    first = (
        int(np.count_nonzero(lesson.at[logged] == lesson.at[logged][0])) if len(before) and len(logged) else 0
    )
    parts = [logged[:first], *(logged[first:][chunk] for chunk in _chunks(lesson.at[logged[first:]]))]
    for part in (one for one in parts if len(one)):
        alarms = bandit.learn(
            lesson.x[part],
            lesson.taken[part],
            lesson.gains[part],
            at=lesson.at[part],
            dyads=own[part],
            units=lesson.units[part],
            acted=lesson.acted[part],
            is_first=bool(first) and part[0] == logged[0],
        )
        noticed += [
            {
                "at": f"{lesson.at[part[-1]]}Z",
                "action": None if alarm.action is None else bandit.actions[alarm.action],
                "direction": alarm.direction,
                "evidence": round(alarm.evidence, 2),
            }
            for alarm in alarms
        ]
    bandit.fit(LAST_STEPS)
    return noticed


def _chunks(at: NDArray[np.datetime64]) -> list[NDArray[np.int64]]:
    """Rows in order of time, cut where a run ends, into about `CHUNKS` parts."""
    ends = np.flatnonzero(np.diff(at.astype(np.int64)) > 0) + 1
    least = max(1, len(at) // CHUNKS)
    cuts: list[int] = []
    for end in ends.tolist():
        if end - (cuts[-1] if cuts else 0) >= least:
            cuts.append(end)
    return [np.asarray(part) for part in np.split(np.arange(len(at)), cuts) if len(part)]


def teach(house: House, campaign: Campaign, now: datetime) -> Bandit:
    """Learn from everything known by `now`, keep the version, tell the audit; return the learner."""
    lesson = lesson_of(house, campaign, now)
    bandit = new_bandit(campaign, house.crm.assets(), lesson.table, now, lesson.cost_cents)
    before = house.learners.versions(campaign.id)
    if before:
        _start_from(bandit, before[0].record)
    alarms = taught(bandit, lesson)
    if len(lesson.coming.taken):
        bandit.await_outcomes(lesson.coming.x, lesson.coming.taken, lesson.coming.fits)
    meta, arrays = dump(bandit)
    past = lesson.acted[: lesson.past]
    record = {
        **meta,
        "alarms": alarms,
        "features_version": features.VERSION,
        "units": lesson.unit_table.as_record(),
        "widths": widths(bandit, lesson.unit_table),
        "past": {"emails": len(past), "answered": int(np.count_nonzero(past))},
    }
    if house.learners.keep(campaign.id, bandit.version, bandit.outcomes, record, arrays, now):
        house.audit.append(
            "learner",
            campaign.id,
            {"version": bandit.version, "outcomes": bandit.outcomes, "alarms": len(alarms)},
        )
        known = [alarm for version in before for alarm in version.record.get("alarms", [])]
        for alarm in alarms:
            if not any(_is_part(alarm, one) for one in known):
                house.audit.append("drift", campaign.id, alarm)
            known.append(alarm)
    return bandit


def _is_part(alarm: dict[str, Any], known: dict[str, Any]) -> bool:
    """Tell whether an alarm is of a known shift: by when it is noticed, and how surely, moves with the log.

    A shift of all is one of messages, so what silence brings is none of its parts.
    """
    whole = alarm["action"] if alarm["action"] == SILENCE.key else None
    if known["action"] not in (alarm["action"], whole) or known["direction"] != alarm["direction"]:
        return False
    return abs(datetime.fromisoformat(alarm["at"]) - datetime.fromisoformat(known["at"])) <= SAME_SHIFT


def _start_from(bandit: Bandit, record: dict[str, Any]) -> None:
    """Begin fitting where the version before ended, instead of from as wide as can be.

    What one of before there were units believes of worths is in another measure.
    """
    scales = record.get("scales", {})
    for name, belief in (("acts", bandit.acts), ("loss", bandit.loss)):
        told = scales.get(name)
        if told and (name == "acts" or record.get("in_units", False) == bandit.in_units):
            belief.scales = Scales(
                np.array(told["own"]), np.array(told["shared"]), np.array(told["kin"]), float(told["noise"])
            )


def extend(
    bandit: Bandit, library: Sequence[ContentAsset], table: features.ActionTable, now: datetime
) -> None:
    """Add the table's actions that a learner never heard of."""
    if new := [action for action in table.actions if action.key not in set(bandit.actions)]:
        topics = TopicBook.of(topic for asset in library for topic in asset.topics)
        fresh = features.ActionTable.of(new, {asset.id: asset for asset in library})
        z = action_matrix(fresh, topics, now.date()).astype(np.float64)
        assert bandit.action_features is not None
        bandit.extend([action.key for action in new], np.vstack([bandit.action_features, z]))


def serving(house: House, campaign: Campaign, table: features.ActionTable, now: datetime) -> Bandit:
    """Return the learner that decides now: the pinned version or the newest, or one that knows nothing yet.

    Actions it never heard of are added: they start from what their kin have shown.
    """
    library = house.crm.assets()
    current = house.learners.current(campaign.id)
    if current is None or current.record.get("features_version") != features.VERSION:
        return new_bandit(campaign, library, table, now, float(campaign.goal.contact_cents))
    bandit = load(*house.learners.arrays(campaign.id, current.version))
    extend(bandit, library, table, now)
    if not current.is_pinned:
        # The same beliefs may be asked under other settings; a pinned version decides as it did.
        told = campaign.learner
        bandit.settings = replace(bandit.settings, boldness=told.boldness, floor=told.floor)
    if shifts_lately(house.learners.versions(campaign.id), now):
        floor = max(bandit.settings.floor, min(bandit.settings.floor * ALARM_FLOOR, 0.2))
        bandit.settings = replace(bandit.settings, floor=floor)
    return bandit


def serving_units(house: House, campaign: Campaign) -> UnitTable:
    """Return the units of the learner that decides now.

    One that has none is asked in cents, and units of the newest version, or of the documented chances, are kept with
    what it decides.
    """
    current = house.learners.current(campaign.id)
    versions = house.learners.versions(campaign.id)
    for version in (*([current] if current else []), *versions):
        if "units" in version.record:
            return UnitTable.from_record(version.record["units"])
    return prior_units(campaign.goal)


def prior_units(goal: Goal) -> UnitTable:
    """Return units by the documented chances alone."""
    return unit_table(prior_model(goal), goal.outcome)


def shifts_lately(versions: Sequence[LearnerVersion], now: datetime) -> list[dict[str, Any]]:
    """Return the shifts of the whole market noticed in the time before `now` in which they still raise the floor.

    The newest version knows of them, whichever is pinned.
    """
    alarms = versions[0].record.get("alarms", []) if versions else []
    return [
        alarm
        for alarm in alarms
        if alarm["action"] is None
        and timedelta(0)
        <= now - datetime.fromisoformat(str(alarm["at"]).replace("Z", "+00:00"))
        < ALARM_LASTS
    ]


def widths(bandit: Bandit, units: UnitTable) -> dict[str, float]:
    """How sure the learner is of its actions for a typical contact: standard deviation over absolute value."""
    x = np.zeros((2, bandit.basis.features))
    fits = np.full((2, len(bandit.actions), bandit.basis.dyads), 0.5)
    values, spreads = bandit.values(x, fits, units.of(x) if bandit.in_units else None)
    # Silence brings next to nothing, and beside nothing every doubt is large: that is no doubt about what to send.
    told = np.setdiff1d(np.arange(len(bandit.actions)), bandit.apart)
    told = told if len(told) else np.arange(len(bandit.actions))
    ratio = (spreads[0] / np.maximum(np.abs(values[0]), 1e-9))[told]
    return {"median": round(float(np.median(ratio)), 3), "least": round(float(ratio.min()), 3)}


def choosers_of(
    house: House,
    campaign: Campaign,
    library: Sequence[ContentAsset],
    table: features.ActionTable,
    now: datetime,
) -> Choosers:
    """Return who decides in a run now."""
    return Choosers(
        campaign=campaign,
        bandit=serving(house, campaign, table, now),
        assets={asset.id: asset for asset in library},
        labels=features.columns(TopicBook.of(topic for asset in library for topic in asset.topics)),
        units=serving_units(house, campaign),
    )

"""Asks the log whether another learner would have done better, before it decides for anybody.

A version of the past is asked as it was. Other settings are tried honestly: a learner that is judged on a contact's
decisions was taught without that contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.curriculum import Lesson, lesson_of
from app.goal_rewards import ValueRewards
from app.replay_candidates import allowed
from app.replaying import Candidate, Logged, logged_of
from app.scenes import SceneReader
from app.teaching import new_bandit, taught
from domain.campaign import Campaign, LearnerSettings
from learning.bandit import Bandit, load
from learning.bandit.odds import chances
from learning.holdout import position
from learning.replay.promotion import Promotion, promote
from learning.units import UnitTable

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

FOLDS = 3


def learner_candidate(house: House, campaign: Campaign, version: str) -> Candidate:
    """Return a kept version as a candidate. Raises `NotFound`."""
    record, arrays = house.learners.arrays(campaign.id, version)
    bandit, units = load(record, arrays), units_in(record)
    return lambda logged: odds_of(bandit, logged, np.arange(len(logged.log)), units)


def settings_candidate(house: House, campaign: Campaign, settings: LearnerSettings) -> Candidate:
    """Return a learner of other settings as a candidate, taught without the contacts it is judged on."""

    def candidate(logged: Logged) -> Floats:
        lesson = lesson_of(house, campaign, house.clock())
        found = np.zeros(logged.log.probabilities.shape)
        of_log = fold_of(logged.log.contact_ids.tolist())
        of_lesson = fold_of(lesson.contact_ids)
        for fold in range(FOLDS):
            rows = np.flatnonzero(of_log == fold)
            bandit = _taught_without(house, campaign, settings, lesson, of_lesson != fold)
            found[rows] = odds_of(bandit, logged, rows, lesson.unit_table)
        return found

    return candidate


def settings_tried(
    house: House, campaign: Campaign, settings: LearnerSettings, margin_cents: float
) -> Promotion:
    """Ask the log whether other settings would have done no worse than the campaign's; tell the audit if so.

    Raises:
        AttuneError: where the campaign has no logged draw.
    """
    logged = _logged(house, campaign)
    found = promote(
        logged.log,
        settings_candidate(house, campaign, settings)(logged),
        settings_candidate(house, campaign, campaign.learner)(logged),
        margin_cents=margin_cents,
    )
    if found.is_promoted:
        house.audit.append(
            "promotion",
            campaign.id,
            {
                "settings": settings.model_dump(),
                "instead_of": campaign.learner.model_dump(),
                **evidence_of(found, logged, margin_cents),
            },
        )
    return found


def version_tried(
    house: House, campaign: Campaign, bandit: Bandit, units: UnitTable | None, margin_cents: float
) -> tuple[Promotion, dict[str, object]]:
    """Ask the log whether a learner from elsewhere would do no worse than the campaign's, and with which evidence.

    The campaign's own is taught without the contacts it is judged on. The other comes as it is: one that was taught
    on this very log would be flattered.

    Raises:
        AttuneError: where the campaign has no logged draw.
    """
    logged = _logged(house, campaign)
    found = promote(
        logged.log,
        odds_of(bandit, logged, np.arange(len(logged.log)), units),
        settings_candidate(house, campaign, campaign.learner)(logged),
        margin_cents=margin_cents,
    )
    return found, evidence_of(found, logged, margin_cents)


def evidence_of(found: Promotion, logged: Logged, margin_cents: float) -> dict[str, object]:
    """What a promotion rests on, as the audit keeps it; amounts in cents a decision."""
    bounds = found.interval
    return {
        "reason": found.reason,
        "gain_cents": found.gain,
        "low_cents": bounds.low if bounds else None,
        "high_cents": bounds.high if bounds else None,
        "level": bounds.level if bounds else None,
        "margin_cents": margin_cents,
        "decisions": int(np.isfinite(logged.log.rewards).sum()),
    }


def _logged(house: House, campaign: Campaign) -> Logged:
    return logged_of(house.decision_log, ValueRewards(house, house.clock()), SceneReader(house), campaign.id)


def _taught_without(
    house: House, campaign: Campaign, settings: LearnerSettings, lesson: Lesson, seen: NDArray[np.bool_]
) -> Bandit:
    bandit = new_bandit(
        campaign, house.crm.assets(), lesson.table, house.clock(), lesson.cost_cents, settings
    )
    taught(bandit, lesson, np.flatnonzero(seen))
    return bandit


def fold_of(contact_ids: list[str] | tuple[str, ...]) -> NDArray[np.int64]:
    """Shape (n,), in [0, FOLDS): by stable hash, so all decisions about one contact share a fold."""
    return np.array([int(position("fold", one) * FOLDS) for one in contact_ids], dtype=np.int64)


def units_in(record: dict[str, Any]) -> UnitTable | None:
    """Return the units a version was taught with; None for one of before there were units."""
    return UnitTable.from_record(record["units"]) if record.get("in_units") else None


def odds_of(bandit: Bandit, logged: Logged, rows: NDArray[np.int64], units: UnitTable | None) -> Floats:
    """Shape (len(rows), K): what a learner would have drawn with, among what was possible.

    An action it never heard of gets nothing but in a row where it knows no other. `units` are those it was taught with:
    it would have had its own, whatever the one that drew went by. None for a learner not in units.
    """
    log = logged.log
    place = {key: i for i, key in enumerate(bandit.actions)}
    known = [i for i, key in enumerate(log.action_keys) if key in place]
    columns = [place[log.action_keys[i]] for i in known]
    assert log.dyads is not None
    fits = np.zeros((len(rows), len(bandit.actions), log.dyads.shape[2]))
    fits[:, columns] = log.dyads[rows][:, known]
    cents = units.of(log.features[rows]) if units is not None and bandit.in_units else None
    values, spreads = bandit.values(log.features[rows], fits, cents)
    open_to = allowed(logged)[rows]
    odds = np.zeros((len(rows), len(log.action_keys)))
    settings = bandit.settings
    odds[:, known] = chances(
        values[:, columns], spreads[:, columns] * settings.boldness, open_to[:, known], settings.floor
    )
    return odds

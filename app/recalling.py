"""What a past decision was made with and on, made again: the learner as it was kept, and features as of then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.feature_feed import Retold
from app.teaching import extend, new_bandit, prior_units
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Arm, Decision, action_of
from learning import features
from learning.bandit import Bandit, load
from learning.bandit.counterfactual import Values
from learning.units import UnitTable
from memory.crm.decision_log import LoggedDecision
from policies.eligibility import actions_for

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

MOST_COMPARED = 500
"""So many contacts of the run say what is typical, and how far one number can be moved."""


@dataclass(frozen=True)
class Recalled:
    """What a decision was made with and on.

    made_at: when the learner was taught. table: the actions read for. places: where they stand in the learner.
    x: shape (n, d), fits: shape (n, K of the learner, m): the contact's first, then others of the run.
    units: shape (n,), cents a unit of each; None where the learner is not in units.
    open_to: shape (n, K of the learner), what each could get.
    """

    bandit: Bandit
    made_at: datetime
    table: features.ActionTable
    places: NDArray[np.int64]
    x: Floats
    fits: Floats
    units: Floats | None
    open_to: NDArray[np.bool_]

    @property
    def unit(self) -> float | None:
        """Cents a unit of the contact decided about."""
        return None if self.units is None else float(self.units[0])

    @property
    def values(self) -> Floats:
        """Shape (K,), cents, of the contact decided about."""
        return np.asarray(Values(self.bandit, self.unit)(self.x[:1], self.fits[:1])[0])


def recalled_or_why_not(house: House, decision: Decision) -> Recalled | str:
    """Return what decided and what it decided on, or say why it cannot be read any more."""
    if decision.features_version != features.VERSION:
        return "It was decided on features of another release, which are not read any more."
    library = house.crm.assets()
    kept = {asset.id for asset in library}
    if gone := {action_of(a.action_key).asset_id for a in decision.alternatives} - {None, *kept}:
        return f"Content it could choose from is gone: {', '.join(sorted(map(str, gone)))}."
    campaign = house.crm.campaign(decision.campaign_id)
    return recalled_of(house, campaign, decision, library) or "The version that decided is not kept any more."


def read_again(
    house: House, recalled: Recalled, decision: Decision, retold: Retold | None = None
) -> tuple[Floats, Floats]:
    """Return the vector and fits, shapes (d,) and (K, m), of the contact decided about, as of the decision.

    retold: tells the journal otherwise than it was.
    """
    x, fits = house.features.past(
        house.crm.assets(),
        [decision.contact_id],
        [decision.decided_at],
        house.clock(),
        recalled.table,
        retold=retold,
    )
    all_fits = np.zeros(recalled.fits.shape[1:])
    all_fits[recalled.places] = fits[0]
    return x[0].astype(np.float64), all_fits


def recalled_of(
    house: House, campaign: Campaign, decision: Decision, library: Sequence[ContentAsset]
) -> Recalled | None:
    """Return what decided and what it decided on, or None where it is not kept."""
    possible = [action_of(one.action_key) for one in decision.alternatives]
    now = actions_for(campaign, library)
    actions = [action for action in dict.fromkeys((*now, *possible)) if not action.is_silence]
    assets = {asset.id: asset for asset in library}
    table = features.ActionTable.of((*actions, now[-1]), assets)
    found = _version(house, campaign, decision, library, table)
    if found is None:
        return None
    bandit, made_at, unit_table = found
    place = {key: i for i, key in enumerate(bandit.actions)}
    kept = [action for action in table.actions if action.key in place]
    table = features.ActionTable.of(kept, assets)
    places = np.array([place[action.key] for action in kept], dtype=np.int64)
    others = _others(house, decision)
    try:
        x, fits = house.features.past(
            library,
            [decision.contact_id, *(one.contact_id for one in others)],
            [decision.decided_at] * (1 + len(others)),
            house.clock(),
            table,
        )
    except KeyError:
        return None
    all_fits = np.zeros((len(x), len(bandit.actions), fits.shape[2]))
    all_fits[:, places] = fits
    seen, units = x.astype(np.float64), None
    if bandit.in_units:
        known = np.full(len(seen), np.nan)
        known[0] = np.nan if decision.unit_cents is None else decision.unit_cents
        units = unit_table.filled(known, seen)
    keys = [{one.action_key for one in decision.alternatives}]
    keys += [{str(told[0]) for told in one.alternatives} for one in others]
    open_to = np.array([[key in own for key in bandit.actions] for own in keys], dtype=bool)
    return Recalled(bandit, made_at, table, places, seen, all_fits, units, open_to)


def _version(
    house: House,
    campaign: Campaign,
    decision: Decision,
    library: Sequence[ContentAsset],
    table: features.ActionTable,
) -> tuple[Bandit, datetime, UnitTable] | None:
    """Return the learner whose name the decision bears, when it was taught, and its units.

    A learner that met new content between two teachings was kept without it: the content is added again, and the name
    tells whether that gives the one that decided.
    """
    named = re.fullmatch(r"bandit-\d+\((\d+):[0-9a-f]+\)", decision.learner_version)
    if named is None:
        return None
    outcomes = int(named[1])
    for version in house.learners.versions(campaign.id):
        if version.outcomes != outcomes or version.made_at > decision.decided_at:
            continue
        bandit = load(*house.learners.arrays(campaign.id, version.version))
        if bandit.version != decision.learner_version:
            extend(bandit, library, table, decision.decided_at)
        if bandit.version == decision.learner_version:
            told = version.record.get("units")
            units = UnitTable.from_record(told) if told else prior_units(campaign.goal)
            return bandit, version.made_at, units
    if outcomes == 0:
        cost = float(campaign.goal.contact_cents)
        for apart in (True, False):
            fresh = new_bandit(campaign, library, table, decision.decided_at, cost, is_silence_apart=apart)
            if fresh.version == decision.learner_version:
                return fresh, decision.decided_at, prior_units(campaign.goal)
    return None


def _others(house: House, decision: Decision) -> list[LoggedDecision]:
    """What the learner decided for others in the same run."""
    found: list[LoggedDecision] = []
    pages = house.decision_log.pages(
        decision.campaign_id, since=decision.decided_at, until=decision.decided_at + timedelta(seconds=1)
    )
    for page in pages:
        found += [
            one
            for one in page
            if one.run_id == decision.run_id
            and one.arm is Arm.LEARNED
            and one.contact_id != decision.contact_id
        ]
        if len(found) >= MOST_COMPARED:
            break
    return found[:MOST_COMPARED]

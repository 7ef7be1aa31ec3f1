"""What there is to learn from: what came of a campaign's decisions, and what they were made on.

What a decision was made on is read again from the journal as it stood then, so nothing later leaks in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.backfill import Past, past_of
from app.outcomes import DecisionReward, gather, rewarded
from app.signs import seconds
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import SILENCE, Arm, action_of
from learning import features
from learning.features.vectors import Matrix
from learning.units import UnitTable, unit_table
from policies.eligibility import actions_for

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

MOST_DECISIONS = 50_000
"""The newest so many decisions are learned from; older ones would count next to nothing."""


@dataclass(frozen=True)
class Coming:
    """n decisions that were carried out and whose outcome is still to come.

    x: shape (n, d). fits: shape (n, m), of the action taken. taken: shape (n,), index of the action.
    """

    x: Floats
    fits: Floats
    taken: NDArray[np.int64]


@dataclass(frozen=True)
class Lesson:
    """What there is to learn from: past e-mails of other tools, then decisions; each oldest first, n in all.

    table: the K actions, silence last. x: shape (n, d). fits: shape (n, K, m). taken: shape (n,), index of the
    action. gains: shape (n,), cents, without the cost of sending. acted: shape (n,), whether it was answered.
    at: shape (n,), datetime64[s].
    cost_cents: what a message cost on average. past: how many of the n are e-mails of other tools.
    units: shape (n,), cents a unit, by `unit_table`, as it is now, for the contacts as they were then.
    coming: decisions of late of whose outcome it is too early to tell.
    """

    table: features.ActionTable
    decision_ids: tuple[str, ...]
    contact_ids: tuple[str, ...]
    x: Floats
    fits: Floats
    taken: NDArray[np.int64]
    gains: Floats
    acted: NDArray[np.bool_]
    at: NDArray[np.datetime64]
    cost_cents: float
    units: Floats
    unit_table: UnitTable
    coming: Coming
    past: int = 0

    @property
    def own_fits(self) -> Floats:
        """Shape (n, m): of the action taken."""
        return np.asarray(self.fits[np.arange(len(self.taken)), self.taken])


def lesson_of(house: House, campaign: Campaign, now: datetime) -> Lesson:
    """Read what came of a campaign's decisions, and what they were made on."""
    library = house.crm.assets()
    gathered = gather(house, campaign, now)
    rewards, model = rewarded(gathered)
    # What a member asked for was no draw: whom they picked, and why, no learner sees.
    asked = {line.id for line in gathered.lines if line.arm is Arm.ASKED}
    done = [r for r in rewards if r.was_carried_out and r.decision_id not in asked]
    known = {asset.id: asset for asset in library}
    done = [
        r for r in done if action_of(r.action_key).is_silence or action_of(r.action_key).asset_id in known
    ]
    # Who objected is neither profiled nor learned from (C-13), what they did before included.
    never = house.lead_reader.objectors()
    done = sorted((r for r in done if r.contact_id not in never), key=lambda r: (r.decided_at, r.decision_id))
    told = [r for r in done if r.is_telling][-MOST_DECISIONS:]
    coming = [r for r in done if not r.is_telling][-MOST_DECISIONS:]
    past = past_of(house, campaign, now)
    both = (*told, *coming)
    table = _table(campaign, library, (*past.action_keys, *(r.action_key for r in both)))
    place = {action.key: i for i, action in enumerate(table.actions)}
    x, fits = house.features.past(
        library, [r.contact_id for r in both], [r.decided_at for r in both], now, table
    )
    later = np.array([place[r.action_key] for r in coming], dtype=np.int64)
    to_come = Coming(
        x[len(told) :].astype(np.float64),
        fits[len(told) + np.arange(len(coming)), later].astype(np.float64),
        later,
    )
    x, fits = x[: len(told)], fits[: len(told)]
    past_x, past_fits = _seen_then(house, library, past, now, table)
    taken = [*past.action_keys, *(r.action_key for r in told)]
    seen = np.concatenate([past_x, x]).astype(np.float64)
    units = unit_table(model, campaign.goal.outcome, gathered.sizes)
    return Lesson(
        table=table,
        decision_ids=(*past.ids, *(r.decision_id for r in told)),
        contact_ids=(*past.contact_ids, *(r.contact_id for r in told)),
        x=seen,
        fits=np.concatenate([past_fits, fits]).astype(np.float64),
        taken=np.array([place[key] for key in taken], dtype=np.int64),
        gains=np.concatenate([past.gains, [r.answer_cents for r in told]]),
        acted=np.concatenate([past.acted, np.array([r.acted for r in told], dtype=bool)]),
        at=seconds([*past.at, *(r.decided_at for r in told)]),
        cost_cents=_cost(campaign, told),
        units=units.of(seen),
        unit_table=units,
        coming=to_come,
        past=len(past),
    )


def _seen_then(
    house: House, library: Sequence[ContentAsset], past: Past, now: datetime, table: features.ActionTable
) -> tuple[Matrix, Matrix]:
    """What past e-mails were sent on: all that had happened by then, though it was imported later."""
    if not len(past):
        shape = (0, len(table.actions), len(features.DYAD_NAMES))
        return np.zeros((0, len(features.NAMES)), np.float32), np.zeros(shape, np.float32)
    return house.features.past(library, past.contact_ids, past.at, now, table, by_arrival=False)


def _table(campaign: Campaign, library: Sequence[ContentAsset], taken: Sequence[str]) -> features.ActionTable:
    """Every action the campaign can take now or took before; silence last."""
    now = dict.fromkeys(actions_for(campaign, library))
    before = dict.fromkeys(map(action_of, taken))
    actions = [action for action in {**now, **before} if not action.is_silence]
    return features.ActionTable.of((*actions, SILENCE), {asset.id: asset for asset in library})


def _cost(campaign: Campaign, told: Sequence[DecisionReward]) -> float:
    costs = [-part.cents for r in told for part in r.parts if part.what == "cost"]
    return abs(float(np.mean(costs))) if costs else float(campaign.goal.contact_cents)

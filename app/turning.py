"""What would have changed a decision, in the words of its labels and its content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.reasons import name_of
from app.recalling import Recalled
from domain.content import ContentAsset
from domain.decision import Decision, action_of
from domain.why import TurningPoint
from learning import features
from learning.bandit.counterfactual import Change, Situation, Span, Values, smallest_changes, spans_of

UNREADABLE = ("industry:", "country:")
"""Features that stand for several things at once: what a change of one would mean, nobody could say."""

ONE_AT_A_TIME = ("seniority:", "stage:")
NOT_OF_THE_FAMILY = ("stage:time",)


def turning_points_of(
    decision: Decision,
    recalled: Recalled,
    taken: int,
    labels: Sequence[features.FeatureColumn],
    assets: Mapping[str, ContentAsset],
) -> tuple[TurningPoint, ...]:
    """The smallest changes after which another action leads; where another led already, after which this one does."""
    bandit = recalled.bandit
    possible = {one.action_key for one in decision.alternatives}
    allowed = np.array([key in possible for key in bandit.actions])
    situation = Situation(
        recalled.x[0], recalled.fits[0], allowed, _groups(bandit.actions), _families(features.NAMES)
    )
    values_of = Values(bandit, recalled.unit)
    values = np.where(allowed, recalled.values, -np.inf)
    of_features = tuple(
        replace(span, deviation=0.0) if _is_unreadable(name) else span
        for name, span in zip(features.NAMES, spans_of(recalled.x), strict=True)
    )
    speaking = allowed & np.array([not action_of(key).is_silence for key in bandit.actions])
    of_fits = spans_of(recalled.fits[:, speaking].reshape(-1, recalled.fits.shape[2]))
    wanted = None if int(values.argmax()) == taken else taken
    found = smallest_changes(values_of, situation, of_features, of_fits, wanted=wanted)
    return tuple(_told(change, recalled, labels, of_features, assets, situation) for change in found)


def _told(
    change: Change,
    recalled: Recalled,
    labels: Sequence[features.FeatureColumn],
    of_features: tuple[Span, ...],
    assets: Mapping[str, ContentAsset],
    situation: Situation,
) -> TurningPoint:
    about = None
    if change.group is None:
        what, typical = labels[change.column].label, of_features[change.column].typical
    else:
        what = features.DYAD_COLUMNS[change.column].label
        of_group = situation.groups[change.column] == change.group
        typical = float(recalled.fits[:, of_group, change.column].mean())
        one = action_of(recalled.bandit.actions[int(of_group.argmax())])
        about = _about(features.DYAD_NAMES[change.column], one.asset_id, one.slot, assets)
    return TurningPoint(
        what=what,
        about=about,
        before=change.before,
        after=change.after,
        typical=typical,
        winner=name_of(action_of(recalled.bandit.actions[change.winner]), assets),
        value_cents=change.value,
        former_cents=change.runner_up,
    )


def _about(fit: str, asset_id: str | None, slot: object, assets: Mapping[str, ContentAsset]) -> str:
    if fit == SLOT_FIT:
        return str(slot or "now")
    asset = assets.get(asset_id or "")
    return f"“{asset.title if asset else asset_id}”"


SLOT_FIT = "slot_habit"
"""The one fit that belongs to the part of the day, not to the asset."""


def _groups(actions: Sequence[str]) -> NDArray[np.int64]:
    """Shape (m, K): one asset's fits are the same in all its slots, and a slot's habit for all assets."""
    told = [action_of(key) for key in actions]
    by_asset: dict[str, int] = {}
    by_slot: dict[str, int] = {}
    of_asset = [
        -1 if one.asset_id is None else by_asset.setdefault(one.asset_id, len(by_asset)) for one in told
    ]
    of_slot = [-1 if one.is_silence else by_slot.setdefault(str(one.slot), len(by_slot)) for one in told]
    return np.array([of_slot if name == SLOT_FIT else of_asset for name in features.DYAD_NAMES])


def _families(names: Sequence[str]) -> NDArray[np.int64]:
    """Shape (d,): a contact has one stage and one seniority at a time."""
    return np.array(
        [
            next(
                (
                    i
                    for i, start in enumerate(ONE_AT_A_TIME)
                    if name.startswith(start) and not name.startswith(NOT_OF_THE_FAMILY)
                ),
                -1,
            )
            for name in names
        ]
    )


def _is_unreadable(name: str) -> bool:
    is_flag = name.endswith(":unknown") and name not in {f"{family}unknown" for family in ONE_AT_A_TIME}
    return is_flag or name.startswith(UNREADABLE)

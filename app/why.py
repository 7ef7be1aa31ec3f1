"""Why a decision was what it was, reckoned again with the learner that took it.

What is stored with a decision (reasons, odds, contributions) always reads. Where the version that decided is still
kept, what it decided on is read again from the journal, as of that moment, and three things are added: what would
have changed the decision, which past outcomes taught it, and how often the like had been tried.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.choosing import BASE, REST, contributions_of
from app.lessons import lessons_of, tried_of
from app.reasons import ARM_WORDS, name_of
from app.teaching import extend, lesson_of, new_bandit
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Arm, Contribution, Decision, action_of
from domain.errors import NotFound
from domain.why import Option, ReasonGroup, TurningPoint, Why
from learning import features
from learning.bandit import Bandit, explain, load
from learning.bandit.counterfactual import Change, Situation, Span, Values, smallest_changes, spans_of
from learning.features.topics import TopicBook
from policies.eligibility import actions_for

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

MOST_COMPARED = 500
"""So many contacts of the run say what is typical, and how far one number can be moved."""

AGREES = 0.01
"""Share of a value (and cents) by which a reading of today may differ from what was stored."""

UNREADABLE = ("industry:", "country:")
"""Features that stand for several things at once: what a change of one would mean, nobody could say."""

ONE_AT_A_TIME = ("seniority:", "stage:")
NOT_OF_THE_FAMILY = ("stage:time",)


@dataclass(frozen=True)
class Recalled:
    """What a decision was made with and on.

    made_at: when the learner was taught. table: the actions read for. places: where they stand in the learner.
    x: shape (n, d), fits: shape (n, K of the learner, m): the contact's first, then others of the run.
    """

    bandit: Bandit
    made_at: datetime
    table: features.ActionTable
    places: NDArray[np.int64]
    x: Floats
    fits: Floats

    @property
    def values(self) -> Floats:
        """Shape (K,), cents, of the contact decided about."""
        return np.asarray(Values(self.bandit)(self.x[:1], self.fits[:1])[0])


def stored_why(house: House, decision: Decision) -> Why:
    """Return what is stored with the decision, in words; fast, and always there."""
    assets = {asset.id: asset for asset in house.crm.assets()}
    taken = next((a for a in decision.alternatives if a.action_key == decision.action.key), None)
    parts = decision.contributions
    options = _options(decision, assets)
    valued = [option for option in options if option.value_cents is not None]
    return Why(
        decision_id=decision.id,
        campaign_id=decision.campaign_id,
        contact_id=decision.contact_id,
        contact_name=house.crm.contact(decision.contact_id).name,
        action_name=name_of(decision.action, assets),
        currency=_currency(house, decision),
        decided_at=decision.decided_at,
        arm=decision.arm,
        arm_words=ARM_WORDS[decision.arm],
        summary=decision.reasons,
        learner_version=decision.learner_version,
        features_version=decision.features_version,
        knowledge=decision.knowledge,
        value_cents=taken.value_cents if taken else None,
        uncertainty_cents=taken.uncertainty_cents if taken else None,
        options=options,
        leader=max(valued, key=lambda option: option.value_cents or 0).name if valued else None,
        **_grouped(parts),
    )


def why_of(house: House, decision: Decision) -> Why:
    """Return everything there is to say about a decision; reads the journal, so it takes a while on a large one."""
    why = stored_why(house, decision)
    if decision.arm is not Arm.LEARNED:
        return why
    if decision.features_version != features.VERSION:
        return _noted(why, "It was decided on features of another release, which are not read any more.")
    library = house.crm.assets()
    assets = {asset.id: asset for asset in library}
    if gone := {action_of(a.action_key).asset_id for a in decision.alternatives} - {None, *assets}:
        return _noted(why, f"Content it could choose from is gone: {', '.join(sorted(map(str, gone)))}.")
    campaign = house.crm.campaign(decision.campaign_id)
    recalled = _recalled(house, campaign, decision, library)
    if recalled is None:
        return _noted(why, "The version that decided is not kept any more.")
    return _reckoned(house, campaign, decision, recalled, why, assets)


def _noted(why: Why, note: str) -> Why:
    return why.model_copy(update={"note": f"{note} Shown is what was stored with the decision."})


def _currency(house: House, decision: Decision) -> str:
    try:
        return house.crm.campaign(decision.campaign_id).goal.currency
    except NotFound:
        return ""


def _options(decision: Decision, assets: Mapping[str, ContentAsset]) -> tuple[Option, ...]:
    ranked = sorted(decision.alternatives, key=lambda one: (-one.probability, one.action_key))
    return tuple(
        Option(
            **one.model_dump(),
            name=name_of(action_of(one.action_key), assets),
            is_taken=one.action_key == decision.action.key,
        )
        for one in ranked
    )


def _grouped(parts: Sequence[Contribution]) -> dict[str, object]:
    """Base, groups (strongest first) and rest of contributions, as fields of a `Why`."""
    if not parts:
        return {}
    names = dict.fromkeys(part.group for part in parts if part.group not in {BASE, REST})
    groups = []
    for name in names:
        own = tuple(part for part in parts if part.group == name)
        groups.append(ReasonGroup(name=name, cents=sum(part.cents for part in own), reasons=own))
    return {
        "base_cents": sum(part.cents for part in parts if part.group == BASE),
        "groups": tuple(sorted(groups, key=lambda group: -abs(group.cents))),
        "rest_cents": sum(part.cents for part in parts if part.group == REST),
    }


# What decided ------------------------------------------------------------------------------------------------------


def _recalled(
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
    bandit, made_at = found
    place = {key: i for i, key in enumerate(bandit.actions)}
    kept = [action for action in table.actions if action.key in place]
    table = features.ActionTable.of(kept, assets)
    places = np.array([place[action.key] for action in kept], dtype=np.int64)
    others = _others(house, decision)
    try:
        x, fits = house.features.past(
            library,
            [decision.contact_id, *others],
            [decision.decided_at] * (1 + len(others)),
            house.clock(),
            table,
        )
    except KeyError:
        return None
    all_fits = np.zeros((len(x), len(bandit.actions), fits.shape[2]))
    all_fits[:, places] = fits
    return Recalled(bandit, made_at, table, places, x.astype(np.float64), all_fits)


def _version(
    house: House,
    campaign: Campaign,
    decision: Decision,
    library: Sequence[ContentAsset],
    table: features.ActionTable,
) -> tuple[Bandit, datetime] | None:
    """Return the learner whose name the decision bears, and when it was taught.

    A learner that met new content between two teachings was kept without it: the content is added again, and the name
    tells whether that gives the one that decided.
    """
    told = re.fullmatch(r"bandit-\d+\((\d+):[0-9a-f]+\)", decision.learner_version)
    if told is None:
        return None
    outcomes = int(told[1])
    for version in house.learners.versions(campaign.id):
        if version.outcomes != outcomes or version.made_at > decision.decided_at:
            continue
        bandit = load(*house.learners.arrays(campaign.id, version.version))
        if bandit.version != decision.learner_version:
            extend(bandit, library, table, decision.decided_at)
        if bandit.version == decision.learner_version:
            return bandit, version.made_at
    if outcomes == 0:
        cost = float(campaign.goal.contact_cents)
        fresh = new_bandit(campaign, library, table, decision.decided_at, cost)
        if fresh.version == decision.learner_version:
            return fresh, decision.decided_at
    return None


def _others(house: House, decision: Decision) -> list[str]:
    """Others the learner decided for in the same run."""
    found: list[str] = []
    pages = house.decision_log.pages(
        decision.campaign_id, since=decision.decided_at, until=decision.decided_at + timedelta(seconds=1)
    )
    for page in pages:
        found += [
            one.contact_id
            for one in page
            if one.run_id == decision.run_id
            and one.arm is Arm.LEARNED
            and one.contact_id != decision.contact_id
        ]
        if len(found) >= MOST_COMPARED:
            break
    return found[:MOST_COMPARED]


# What follows ------------------------------------------------------------------------------------------------------


def _reckoned(
    house: House,
    campaign: Campaign,
    decision: Decision,
    recalled: Recalled,
    why: Why,
    assets: Mapping[str, ContentAsset],
) -> Why:
    bandit = recalled.bandit
    taken = bandit.actions.index(decision.action.key)
    value = float(recalled.values[taken])
    note = ""
    if why.value_cents is not None and abs(value - why.value_cents) > AGREES * (1 + abs(why.value_cents)):
        note = (
            f"Read again today, its value comes to {value / 100:.2f} {why.currency} instead of the stored "
            f"{why.value_cents / 100:.2f}: the contact or the content was corrected since. What would have changed it, "
            "and what taught it, are reckoned with today's reading."
        )
    lesson = lesson_of(house, campaign, recalled.made_at)
    labels = features.columns(TopicBook.of(topic for asset in assets.values() for topic in asset.topics))
    changes: dict[str, object] = {}
    if not decision.contributions:
        changes |= _grouped(_contributions(recalled, taken, labels))
    past = lessons_of(house, lesson, recalled.bandit, recalled.x[0], recalled.fits[0, taken], taken, assets)
    return why.model_copy(
        update={
            **changes,
            "is_recomputed": True,
            "note": note,
            "outcomes": bandit.outcomes,
            "turning_points": _turning_points(decision, recalled, taken, labels, assets),
            "lessons_for": tuple(one for one in past if one.cents > 0),
            "lessons_against": tuple(one for one in past if one.cents < 0),
            "tried": tried_of(lesson, decision.action, assets),
        }
    )


def _contributions(
    recalled: Recalled, taken: int, labels: Sequence[features.FeatureColumn]
) -> tuple[Contribution, ...]:
    typical, typical_fits = recalled.x.mean(axis=0), recalled.fits[:, taken].mean(axis=0)
    told = explain(recalled.bandit, taken, recalled.x[0], recalled.fits[0, taken], typical, typical_fits)
    return contributions_of(labels, told.base, told.features, told.dyads)


def _turning_points(
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
    values_of = Values(bandit)
    values = np.where(allowed, recalled.values, -np.inf)
    of_features = tuple(
        replace(span, deviation=0.0) if _is_unreadable(name) else span
        for name, span in zip(features.NAMES, spans_of(recalled.x), strict=True)
    )
    speaking = allowed & np.array([not action_of(key).is_silence for key in bandit.actions])
    of_fits = spans_of(recalled.fits[:, speaking].reshape(-1, recalled.fits.shape[2]))
    wanted = None if int(values.argmax()) == taken else taken
    found = smallest_changes(values_of, situation, of_features, of_fits, wanted=wanted)
    return tuple(_told(change, recalled, labels, of_features, of_fits, assets, situation) for change in found)


def _told(
    change: Change,
    recalled: Recalled,
    labels: Sequence[features.FeatureColumn],
    of_features: tuple[Span, ...],
    of_fits: tuple[Span, ...],
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

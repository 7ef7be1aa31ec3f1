"""Why a decision was what it was, reckoned again with the learner that took it.

What is stored with a decision (reasons, odds, contributions) always reads. Where the version that decided is still
kept, what it decided on is read again from the journal, as of that moment, and three things are added: what would
have changed the decision, which past outcomes taught it, and how often the like had been tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.choosing import BASE, REST, contributions_of
from app.curriculum import lesson_of
from app.lessons import lessons_of, tried_of
from app.reasons import ARM_WORDS, name_of
from app.recalling import Recalled, recalled_or_why_not
from app.turning import turning_points_of
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Arm, Contribution, Decision, action_of
from domain.errors import NotFound
from domain.why import Option, ReasonGroup, Why
from learning import features
from learning.bandit import explain
from learning.features.topics import TopicBook

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

REWRITES = {"import": "records were imported since", "content": "content was changed since"}
"""Kinds of audit lines after which contacts or content may read differently, and how that is said."""

AGREES = 0.01
"""Share of a value (and cents) by which a reading of today may differ from what was stored."""


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
    recalled = recalled_or_why_not(house, decision)
    if isinstance(recalled, str):
        return _noted(why, recalled)
    campaign = house.crm.campaign(decision.campaign_id)
    assets = {asset.id: asset for asset in house.crm.assets()}
    return _reckoned(house, campaign, decision, recalled, why, assets)


def _noted(why: Why, note: str) -> Why:
    return why.model_copy(update={"note": f"{note} Shown is what was stored with the decision."})


def _currency(house: House, decision: Decision) -> str:
    try:
        return house.crm.campaign(decision.campaign_id).goal.currency
    except NotFound:
        return ""


def _options(decision: Decision, assets: Mapping[str, ContentAsset]) -> tuple[Option, ...]:
    # To a tenth of a percent, as they are shown; where that is equal, what is worth most comes first.
    ranked = sorted(
        decision.alternatives,
        key=lambda one: (-round(one.probability, 3), -(one.value_cents or 0.0), one.action_key),
    )
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
            f"{why.value_cents / 100:.2f}: {_since(house, decision)}. What would have changed it, "
            "and what taught it, are reckoned with today's reading."
        )
    lesson = lesson_of(house, campaign, recalled.made_at)
    labels = features.columns(TopicBook.of(topic for asset in assets.values() for topic in asset.topics))
    changes: dict[str, object] = {}
    if not decision.contributions:
        changes |= _grouped(_contributions(recalled, taken, labels))
    past = lessons_of(
        house,
        campaign,
        recalled.made_at,
        lesson,
        recalled.bandit,
        recalled.x[0],
        recalled.fits[0, taken],
        taken,
        recalled.unit,
        assets,
    )
    return why.model_copy(
        update={
            **changes,
            "is_recomputed": True,
            "note": note,
            "outcomes": bandit.outcomes,
            "turning_points": turning_points_of(decision, recalled, taken, labels, assets),
            "lessons_for": tuple(one for one in past if one.cents > 0),
            "lessons_against": tuple(one for one in past if one.cents < 0),
            "tried": tried_of(lesson, decision.action, assets),
        }
    )


def _since(house: House, decision: Decision) -> str:
    """What was written since a decision that may read differently now, by the audit chain."""
    after = 0
    while lines := house.audit.lines(after=after, limit=5_000):
        for told in lines:
            if told.at >= decision.decided_at and told.kind in REWRITES:
                return f"{REWRITES[told.kind]} ({told.subject}, {told.at.day} {told.at:%b})"
        after = lines[-1].seq
    return "nothing was imported or changed since, so this is a fault; please report it"


def _contributions(
    recalled: Recalled, taken: int, labels: Sequence[features.FeatureColumn]
) -> tuple[Contribution, ...]:
    typical, typical_fits = recalled.x.mean(axis=0), recalled.fits[:, taken].mean(axis=0)
    usual = None if recalled.units is None else float(recalled.units.mean())
    told = explain(
        recalled.bandit,
        taken,
        recalled.x[0],
        recalled.fits[0, taken],
        typical,
        typical_fits,
        recalled.unit,
        usual,
    )
    return contributions_of(labels, told)

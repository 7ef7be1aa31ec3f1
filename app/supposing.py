"""What a decision would have been, had things been otherwise: the same learner asked again on other facts.

Acts are supposed in the journal itself, so that every number which counts them follows; a stage is entered there too.
Seniority, and other numbers on record, are set in the vector. Nothing is stored, and nobody gets anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.reasons import name_of
from app.recalling import Recalled, read_again, recalled_or_why_not
from app.supposed_facts import in_words, retold_with, scale_of
from domain.content import ContentAsset
from domain.decision import Arm, Decision, action_of
from domain.errors import CannotSuppose
from domain.people import LifecycleStage, Seniority
from domain.why import (
    Moved,
    Supposed,
    SupposedNumber,
    SupposedOption,
    SupposedSeniority,
    SupposedStage,
    Supposition,
)
from learning import features
from learning.bandit.odds import chances
from learning.features.topics import TopicBook
from policies.eligibility import still_fits

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_MOVED = 8
LEAST_MOVED = 0.005
AGREES = 0.02
"""A chance reckoned today may differ by so much from the stored one before that is said."""

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SENIORITY_FIT = features.DYAD_NAMES.index("seniority_fit")


def suppose(house: House, decision: Decision, supposed: Sequence[Supposed]) -> Supposition:
    """Ask the learner that decided again, on facts that are otherwise; reads the journal, so it takes a while.

    In another stage or seniority other content is open to them; else the actions stay those of then. What an answer is
    worth for this contact stays as it was.

    Raises:
        CannotSuppose: the learner did not decide, is not kept, or what is supposed cannot be read; says why.
    """
    if decision.arm is not Arm.LEARNED:
        raise CannotSuppose(
            f"Decision {decision.id} was not the learner's: {_NOT_LEARNED[decision.arm]}, so nothing about the contact "
            "would have changed it."
        )
    scales = [scale_of(one) for one in supposed if isinstance(one, SupposedNumber)]
    recalled = recalled_or_why_not(house, decision)
    if isinstance(recalled, str):
        raise CannotSuppose(f"Decision {decision.id} cannot be reckoned again. {recalled}")
    assets = {asset.id: asset for asset in house.crm.assets()}
    had: list[int] = []
    x, fits = read_again(house, recalled, decision, retold_with(decision, supposed, had))
    if any(isinstance(one, SupposedStage) for one in supposed):
        for name in ("stage:time", "stage:time:unknown"):
            _set(x, name, float(recalled.x[0, features.NAMES.index(name)]))
    for one in supposed:
        if isinstance(one, SupposedSeniority):
            _stand(x, fits, one.seniority, recalled, assets)
    for scale, number in scales:
        _set(x, scale.column, min(scale.of(number), 1.0))
        if f"{scale.column}:unknown" in features.NAMES:
            _set(x, f"{scale.column}:unknown", 0.0)
    return _told(house, decision, recalled, (x, fits), supposed, assets, in_words(supposed, had))


_NOT_LEARNED = {
    Arm.EXPLORE: "it was drawn without looking at what was believed",
    Arm.USUAL: "usual practice decided",
    Arm.HOLDOUT: "the contact was held out by chance",
}


def _set(x: Floats, name: str, value: float) -> None:
    x[features.NAMES.index(name)] = value


def _stand(
    x: Floats,
    fits: Floats,
    seniority: Seniority,
    recalled: Recalled,
    assets: dict[str, ContentAsset],
) -> None:
    """Set the seniority, and how content fits it: 1 where it names it, one half where either names none, else 0."""
    for one in Seniority:
        _set(x, f"seniority:{one.value}", float(one is seniority))
    for place, key in enumerate(recalled.bandit.actions):
        asset = assets.get(action_of(key).asset_id or "")
        if asset is None:
            continue
        is_open = not asset.seniorities or seniority is Seniority.UNKNOWN
        fits[place, SENIORITY_FIT] = 0.5 if is_open else float(seniority in asset.seniorities)


def _told(
    house: House,
    decision: Decision,
    recalled: Recalled,
    after: tuple[Floats, Floats],
    supposed: Sequence[Supposed],
    assets: dict[str, ContentAsset],
    words: tuple[str, ...],
) -> Supposition:
    bandit, possible = recalled.bandit, {one.action_key: one for one in decision.alternatives}
    allowed = np.array([key in possible for key in bandit.actions])
    now_allowed = _allowed(house, decision, recalled, supposed, assets, allowed)
    units = None if recalled.units is None else recalled.units[:1]

    # Decided among so many others of the run: the same doubt was left by them.
    total = house.decision_log.how_many(decision.run_id, Arm.LEARNED)
    bandit.expect(recalled.x, recalled.open_to, recalled.fits, recalled.units, total)

    def looked(x: Floats, fits: Floats, may: Bools) -> tuple[Floats, Floats]:
        values, doubts = bandit.values(x[None], fits[None], units, is_ahead=True)
        odds = chances(values, doubts * bandit.settings.boldness, may[None], bandit.settings.floor)
        return values[0], odds[0]

    values, odds = looked(recalled.x[0], recalled.fits[0], allowed)
    new_values, new_odds = looked(*after, now_allowed)
    names = [name_of(action_of(key), assets) for key in bandit.actions]
    options = [
        SupposedOption(
            name=names[i],
            action_key=key,
            is_taken=key == decision.action.key,
            probability_before=float(odds[i]),
            probability_after=float(new_odds[i]),
            before_cents=float(values[i]),
            after_cents=float(new_values[i]),
        )
        for i, key in enumerate(bandit.actions)
        if allowed[i] or now_allowed[i]
    ]
    off = max(abs(odds[i] - possible[key].probability) for i, key in enumerate(bandit.actions) if allowed[i])
    return Supposition(
        decision_id=decision.id,
        contact_id=decision.contact_id,
        contact_name=house.crm.contact(decision.contact_id).name,
        campaign_id=decision.campaign_id,
        currency=house.crm.campaign(decision.campaign_id).goal.currency,
        decided_at=decision.decided_at,
        supposed=words,
        moved=_moved(recalled.x[0], after[0], assets),
        options=tuple(sorted(options, key=lambda one: (-one.probability_after, one.action_key))),
        taken=name_of(decision.action, assets),
        leader_before=names[int(np.where(allowed, values, -np.inf).argmax())],
        leader_after=names[int(np.where(now_allowed, new_values, -np.inf).argmax())],
        opened=_titles(now_allowed & ~allowed, bandit.actions, assets),
        closed=_titles(allowed & ~now_allowed, bandit.actions, assets),
        knowledge=decision.knowledge,
        note=""
        if off <= AGREES
        else "Read again today, the decision itself comes out otherwise than stored, so records changed since; before "
        "and after are both reckoned on today's reading.",
    )


def _allowed(
    house: House,
    decision: Decision,
    recalled: Recalled,
    supposed: Sequence[Supposed],
    assets: dict[str, ContentAsset],
    allowed: Bools,
) -> Bools:
    """Which actions would be open: content made for others than they would be closes, made for such as them opens."""
    contact = house.crm.contact(decision.contact_id)
    account = house.crm.account(contact.account_id) if contact.account_id else None
    x, day = recalled.x[0], decision.decided_at.date()
    stood = {
        "lifecycle_stage": next(
            (one for one in LifecycleStage if x[features.NAMES.index(f"stage:{one}")] == 1),
            contact.lifecycle_stage,
        ),
        "seniority": next(one for one in Seniority if x[features.NAMES.index(f"seniority:{one}")] == 1),
    }
    other: dict[str, LifecycleStage | Seniority] = {}
    for one in supposed:
        if isinstance(one, SupposedStage):
            other["lifecycle_stage"] = one.stage
        elif isinstance(one, SupposedSeniority):
            other["seniority"] = one.seniority
    if not other:
        return allowed
    before, after = contact.model_copy(update=stood), contact.model_copy(update={**stood, **other})
    found = allowed.copy()
    for place, key in enumerate(recalled.bandit.actions):
        asset = assets.get(action_of(key).asset_id or "")
        if asset is None or place not in recalled.places:
            continue
        was = still_fits(asset, before, account, {}, day, house.rules) is None
        would = still_fits(asset, after, account, {}, day, house.rules) is None
        if was != would:
            found[place] = would
    return found


def _titles(which: Bools, keys: Sequence[str], assets: dict[str, ContentAsset]) -> tuple[str, ...]:
    ids = {action_of(key).asset_id for key, is_one in zip(keys, which, strict=True) if is_one}
    return tuple(sorted(f"“{assets[one].title}”" for one in ids if one))


def _moved(before: Floats, after: Floats, assets: dict[str, ContentAsset]) -> tuple[Moved, ...]:
    labels = features.columns(TopicBook.of(topic for asset in assets.values() for topic in asset.topics))
    order = np.argsort(-np.abs(after - before), kind="stable")[:MOST_MOVED].tolist()
    return tuple(
        Moved(what=labels[i].label, before=float(before[i]), after=float(after[i]))
        for i in order
        if abs(after[i] - before[i]) >= LEAST_MOVED
    )

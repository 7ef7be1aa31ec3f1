"""What a decision would have been, had things been otherwise: the same learner asked again on other facts.

Acts are supposed in the journal itself, so that every number which counts them follows; a stage is entered there too.
Seniority, and other numbers on record, are set in the vector. Nothing is stored, and nobody gets anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log, log1p, log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.feature_feed import Retold
from app.reasons import name_of
from app.recalling import Recalled, read_again, recalled_or_why_not
from domain.content import ContentAsset
from domain.decision import Arm, Decision, action_of
from domain.errors import CannotSuppose
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority
from domain.traits import Happening
from domain.why import (
    Moved,
    Supposed,
    SupposedActs,
    SupposedNumber,
    SupposedOption,
    SupposedSeniority,
    SupposedStage,
    Supposition,
)
from learning import features
from learning.bandit.odds import chances
from learning.features.acts import ACT_OF_KIND
from learning.features.topics import TopicBook
from learning.features.vectors import EMPLOYEES_DIGITS

if TYPE_CHECKING:
    from app.wiring import House

Floats = NDArray[np.float64]

MOST_MOVED = 8
LEAST_MOVED = 0.005
AGREES = 0.02
"""A chance reckoned today may differ by so much from the stored one before that is said."""

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SENIORITY_FIT = features.DYAD_NAMES.index("seniority_fit")


@dataclass(frozen=True)
class Scale:
    """How a number on record stands in the vector: its column, what it counts, and the number in [0, 1]."""

    column: str
    counts: str
    of: Callable[[float], float]


def _logged(full: float) -> Callable[[float], float]:
    return lambda number: log1p(number) / log(1 + full)


SCALES = (
    Scale("firm:employees", "people employed", lambda number: log10(1 + number) / EMPLOYEES_DIGITS),
    Scale("colleagues:active", "colleagues", _logged(10)),
    Scale("colleagues:senior", "directors or executives", _logged(5)),
    Scale("colleagues:known", "colleagues", _logged(100)),
    Scale("stage:time", "days", _logged(730)),
    Scale("deals:open", "deals", _logged(5)),
    Scale("deals:won", "deals", _logged(5)),
    Scale("deals:lost", "deals", _logged(5)),
)
"""Numbers that can be supposed, as `learning.features.vectors` reads them; a test holds the two together."""

_LABELS = {column.name: column.label for column in features.columns()}


def what_can_be_supposed() -> str:
    """Say everything that can be taken otherwise."""
    numbers = ", ".join(f"“{_LABELS[scale.column]}” ({scale.counts})" for scale in SCALES)
    acts = ", ".join(kind.value for kind in ACT_OF_KIND)
    return (
        f"What can be supposed: acts, so many times ({acts}), about a topic or any; another stage "
        f"({', '.join(LifecycleStage)}); another seniority ({', '.join(Seniority)}); or a number: {numbers}. "
        "Country and industry cannot: they stand in the learner as groups of several, and what a change of one would "
        "mean, nobody could say."
    )


def suppose(house: House, decision: Decision, supposed: Sequence[Supposed]) -> Supposition:
    """Ask the learner that decided again, on facts that are otherwise; reads the journal, so it takes a while.

    The actions it could choose from stay those of then, and what an answer is worth for this contact too.

    Raises:
        CannotSuppose: the learner did not decide, is not kept, or what is supposed cannot be read; says why.
    """
    if decision.arm is not Arm.LEARNED:
        raise CannotSuppose(
            f"Decision {decision.id} was not the learner's: {_NOT_LEARNED[decision.arm]}, so nothing about the contact "
            "would have changed it."
        )
    scales = [_scale_of(one) for one in supposed if isinstance(one, SupposedNumber)]
    recalled = recalled_or_why_not(house, decision)
    if isinstance(recalled, str):
        raise CannotSuppose(f"Decision {decision.id} cannot be reckoned again. {recalled}")
    assets = {asset.id: asset for asset in house.crm.assets()}
    had: list[int] = []
    x, fits = read_again(house, recalled, decision, _retold(decision, supposed, had))
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
    return _told(house, decision, recalled, (x, fits), assets, _in_words(supposed, had))


_NOT_LEARNED = {
    Arm.EXPLORE: "it was drawn without looking at what was believed",
    Arm.USUAL: "usual practice decided",
    Arm.HOLDOUT: "the contact was held out by chance",
}


def _scale_of(one: SupposedNumber) -> tuple[Scale, float]:
    wanted = one.what.strip().casefold()
    for scale in SCALES:
        if wanted in {scale.column, _LABELS[scale.column].casefold()}:
            return scale, one.number
    raise CannotSuppose(f"{one.what!r} cannot be supposed. {what_can_be_supposed()}")


def _retold(decision: Decision, supposed: Sequence[Supposed], had: list[int]) -> Retold:
    """The journal as it would be; `had` takes how many of each supposed act there really were."""
    acts = [one for one in supposed if isinstance(one, SupposedActs)]
    stages = [one for one in supposed if isinstance(one, SupposedStage)]

    def retell(happenings: Iterator[Happening]) -> Iterator[Happening]:
        kept: list[list[Happening]] = [[] for _ in acts]
        for one in happenings:
            place = next((i for i, act in enumerate(acts) if _is_such(one, act, decision)), None)
            if place is None:
                yield one
            else:
                kept[place].append(one)
        for act, real in zip(acts, kept, strict=True):
            had.append(len(real))
            newest = sorted(real, key=lambda one: one.at, reverse=True)[: act.times]
            yield from reversed(newest)
            for number in range(act.times - len(newest)):
                yield _happening(decision, act.event, number, act.topic, act.within_days)
        for stage in stages:
            yield Happening(
                id="supposed:stage",
                kind=EventKind.STAGE_CHANGED.value,
                at=decision.decided_at - SECOND,
                contact_id=decision.contact_id,
                properties={"to": stage.stage.value},
            )

    return retell


def _is_such(one: Happening, act: SupposedActs, decision: Decision) -> bool:
    began = decision.decided_at - timedelta(days=act.within_days)
    return (
        one.contact_id == decision.contact_id
        and one.kind == act.event.value
        and began <= one.at < decision.decided_at
        and (act.topic is None or one.topic == act.topic)
    )


def _happening(
    decision: Decision, kind: EventKind, number: int, topic: str | None, within_days: int
) -> Happening:
    """One supposed act: one a day, the newest the day before; more of them than days share days."""
    at = decision.decided_at - DAY * (1 + number % max(within_days - 1, 1))
    return Happening(
        id=f"supposed:{kind.value}:{number}",
        kind=kind.value,
        at=at,
        contact_id=decision.contact_id,
        topic=topic,
    )


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


def _in_words(supposed: Sequence[Supposed], had: Sequence[int]) -> tuple[str, ...]:
    said, counts = [], iter(had)
    for one in supposed:
        if isinstance(one, SupposedActs):
            about = f" about {one.topic}" if one.topic else ""
            times = "never" if one.times == 0 else f"{one.times} time{'' if one.times == 1 else 's'}"
            name = one.event.value.replace("_", " ")
            said.append(f"{name}{about} {times} in the {one.within_days} days before (it was {next(counts)})")
        elif isinstance(one, SupposedStage):
            said.append(f"in the stage {one.stage.value}, for as long as in theirs")
        elif isinstance(one, SupposedSeniority):
            said.append(f"seniority {one.seniority.value}")
        else:
            scale, number = _scale_of(one)
            said.append(f"{_LABELS[scale.column]}: {number:,g} {scale.counts}")
    return tuple(said)


def _told(
    house: House,
    decision: Decision,
    recalled: Recalled,
    after: tuple[Floats, Floats],
    assets: dict[str, ContentAsset],
    words: tuple[str, ...],
) -> Supposition:
    bandit, possible = recalled.bandit, {one.action_key: one for one in decision.alternatives}
    allowed = np.array([key in possible for key in bandit.actions])
    units = None if recalled.units is None else recalled.units[:1]

    def looked(x: Floats, fits: Floats) -> tuple[Floats, Floats]:
        values, spreads = bandit.values(x[None], fits[None], units)
        odds = chances(values, spreads * bandit.settings.boldness, allowed[None], bandit.settings.floor)
        return values[0], odds[0]

    values, odds = looked(recalled.x[0], recalled.fits[0])
    new_values, new_odds = looked(*after)
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
        if allowed[i]
    ]
    off = max(abs(one.probability_before - possible[one.action_key].probability) for one in options)
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
        leader_after=names[int(np.where(allowed, new_values, -np.inf).argmax())],
        knowledge=decision.knowledge,
        note=""
        if off <= AGREES
        else "Read again today, the decision itself comes out otherwise than stored, so records changed since; before "
        "and after are both reckoned on today's reading.",
    )


def _moved(before: Floats, after: Floats, assets: dict[str, ContentAsset]) -> tuple[Moved, ...]:
    labels = features.columns(TopicBook.of(topic for asset in assets.values() for topic in asset.topics))
    order = np.argsort(-np.abs(after - before), kind="stable")[:MOST_MOVED].tolist()
    return tuple(
        Moved(what=labels[i].label, before=float(before[i]), after=float(after[i]))
        for i in order
        if abs(after[i] - before[i]) >= LEAST_MOVED
    )

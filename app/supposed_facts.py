"""What can be taken otherwise of a decision: acts in the journal, a stage, numbers on record; and how that is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log, log1p, log10

from app.feature_feed import Retold
from domain.decision import Decision
from domain.errors import CannotSuppose
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority
from domain.traits import Happening
from domain.why import (
    Supposed,
    SupposedActs,
    SupposedNumber,
    SupposedSeniority,
    SupposedStage,
)
from learning import features
from learning.features.acts import ACT_OF_KIND
from learning.features.vectors import EMPLOYEES_DIGITS

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


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


def scale_of(one: SupposedNumber) -> tuple[Scale, float]:
    """The scale of a number, and the number. Raises `CannotSuppose` for what has none; it says what can be supposed."""
    wanted = one.what.strip().casefold()
    for scale in SCALES:
        if wanted in {scale.column, _LABELS[scale.column].casefold()}:
            return scale, one.number
    raise CannotSuppose(f"{one.what!r} cannot be supposed. {what_can_be_supposed()}")


def retold_with(decision: Decision, supposed: Sequence[Supposed], had: list[int]) -> Retold:
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


def in_words(supposed: Sequence[Supposed], had: Sequence[int]) -> tuple[str, ...]:
    """What is supposed, a sentence's part each; `had` is how many of each supposed act there really were."""
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
            scale, number = scale_of(one)
            said.append(f"{_LABELS[scale.column]}: {number:,g} {scale.counts}")
    return tuple(said)

"""How many contacts a campaign's conditions leave, one after the other, and what else a run would lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.wiring import House
from domain.campaign import Campaign, EventCondition, FieldCondition
from policies.audience import event_holds, field_holds
from policies.envelope import incomplete_address


@dataclass(frozen=True)
class Step:
    """One condition in words, and how many contacts are left once it is asked too."""

    says: str
    left: int


def narrowed(house: House, campaign: Campaign, now: datetime) -> tuple[Step, ...]:
    """Return everyone, then how many each further condition leaves, in the file's own order."""
    parts = [(condition, True) for condition in campaign.audience.all]
    parts += [(condition, False) for condition in campaign.audience.none]
    asked = [condition.field for condition, _ in parts if isinstance(condition, FieldCondition)]
    fields = {field: at for at, field in enumerate(dict.fromkeys(asked))}
    people = house.audience.values_of(tuple(fields))
    steps = [Step("all contacts", len(people))]
    for condition, must_hold in parts:
        holds = _asked(house, condition, fields, now)
        people = [person for person in people if holds(person) is must_hold]
        steps.append(Step(f"{'' if must_hold else 'not '}{condition_words(condition)}", len(people)))
    return tuple(steps)


Values = tuple[str, tuple[Any, ...]]


def _asked(
    house: House, condition: FieldCondition | EventCondition, fields: Mapping[str, int], now: datetime
) -> Callable[[Values], bool]:
    """What tells of one contact's values whether a condition holds; a value that comes again is not asked twice."""
    if isinstance(condition, EventCondition):
        days = condition.within_days
        since = now - timedelta(days=days) if days else None
        counts = house.audience.event_counts(condition.event, topic=condition.topic, since=since, until=now)
        return lambda person: event_holds(condition, counts.get(person[0], 0))
    at, known = fields[condition.field], dict[Any, bool]()

    def holds(person: Values) -> bool:
        value = person[1][at]
        if value not in known:
            known[value] = field_holds(condition, value)
        return known[value]

    return holds


def lacks(house: House) -> Iterator[str]:
    """Yield what keeps any message of this workspace from being written or sent."""
    if not house.crm.assets(only_active=True):
        yield "no content: there is nothing to say. See `attune content import FILE`."
    incomplete = incomplete_address(house.sender)
    if incomplete:
        yield f"{incomplete.reason}, so every message would be blocked ({incomplete.rule_id}). See `attune doctor`."


def condition_words(condition: FieldCondition | EventCondition) -> str:
    """The condition in the file's own words: `lifecycle_stage in lead, mql`."""
    given = condition.model_dump(mode="json", by_alias=True, exclude_none=True)
    name = given.pop("event", None) or given.pop("field", None)
    rest = [
        f"{word} {', '.join(map(str, value)) if isinstance(value, list) else _plain(value)}"
        for word, value in given.items()
    ]
    return (
        f"{name} {' '.join(rest)}".replace("_days", " days").replace("at_", "at ").replace("not_in", "not in")
    )


def _plain(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)

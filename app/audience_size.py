"""How many contacts a campaign's conditions leave, one after the other, and what else a run would lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.wiring import House
from domain.campaign import Audience, Campaign, EventCondition, FieldCondition
from memory.crm.audience import Person
from policies.audience import matches
from policies.envelope import incomplete_address


@dataclass(frozen=True)
class Step:
    """One condition in words, and how many contacts are left once it is asked too."""

    says: str
    left: int


def narrowed(house: House, campaign: Campaign, now: datetime) -> tuple[Step, ...]:
    """Return everyone, then how many each further condition leaves, in the file's own order."""
    people = house.audience.contacts_with_accounts()
    steps = [Step("all contacts", len(people))]
    parts = [(condition, True) for condition in campaign.audience.all]
    parts += [(condition, False) for condition in campaign.audience.none]
    for condition, must_hold in parts:
        alone = Audience(all=(condition,)) if must_hold else Audience(none=(condition,))
        people = _left(people, alone, _counts(house, condition, now))
        steps.append(Step(f"{'' if must_hold else 'not '}{_said(condition)}", len(people)))
    return tuple(steps)


def _left(people: Sequence[Person], alone: Audience, counts: Mapping[str, int]) -> list[Person]:
    def holds(person: Person) -> bool:
        contact, account = person
        return matches(alone, contact, account, lambda _: counts.get(contact.id, 0))

    return [person for person in people if holds(person)]


def lacks(house: House) -> Iterator[str]:
    """Yield what keeps any message of this workspace from being written or sent."""
    if not house.crm.assets(only_active=True):
        yield "no content: there is nothing to say. See `attune content import FILE`."
    incomplete = incomplete_address(house.sender)
    if incomplete:
        yield f"{incomplete.reason}, so every message would be blocked ({incomplete.rule_id}). See `attune doctor`."


def _counts(house: House, condition: FieldCondition | EventCondition, now: datetime) -> Mapping[str, int]:
    if not isinstance(condition, EventCondition):
        return {}
    days = condition.within_days
    since = now - timedelta(days=days) if days else None
    return house.audience.event_counts(condition.event, topic=condition.topic, since=since, until=now)


def _said(condition: FieldCondition | EventCondition) -> str:
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

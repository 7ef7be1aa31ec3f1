"""How many contacts conditions leave is counted on plain values, and always as a run itself would choose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.audience_size import narrowed
from app.wiring import House
from domain.campaign import Audience, EventCondition, FieldCondition
from domain.events import EventKind
from evals.crowd import campaign
from policies.audience import FIELDS, matches
from tests.settled import settle


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = settle(tmp_path_factory.mktemp("counted") / "ws", 30)
    yield house
    house.close()


def asked(**said: object) -> FieldCondition:
    return FieldCondition.model_validate(said)


CONDITIONS = [
    asked(field="lifecycle_stage", **{"in": ["LEAD"]}),
    asked(field="lifecycle_stage", not_in=["lead"]),
    asked(field="country", **{"in": ["us"]}),
    asked(field="account.employees", at_least=53, at_most=57),
    asked(field="account.industry", is_known=True),
    asked(field="seniority", is_known=False),
    asked(field="region", not_in=["x"]),
    asked(field="attributes.plan", is_known=False),
    asked(field="account.attributes.tier", **{"in": ["gold"]}),
    EventCondition(event=EventKind.PAGE_VIEWED, topic="pricing", within_days=30, at_least=1),
    EventCondition(event=EventKind.WEBINAR_ATTENDED, at_most=0),
    *(asked(field=field, is_known=True) for field in FIELDS),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
@pytest.mark.parametrize("part", ["all", "none"])
def test_a_condition_leaves_whom_the_rule_says(
    house: House, condition: FieldCondition | EventCondition, part: str
) -> None:
    audience = Audience.model_validate({part: (condition,)})
    now = house.clock()

    def count_of(found: EventCondition) -> dict[str, int]:
        since = now - timedelta(days=found.within_days) if found.within_days else None
        return dict(house.audience.event_counts(found.event, topic=found.topic, since=since, until=now))

    counts = count_of(condition) if isinstance(condition, EventCondition) else {}
    people = house.audience.contacts_with_accounts()
    wanted = 0
    for one, account in people:
        many = counts.get(one.id, 0)
        wanted += matches(audience, one, account, lambda _, many=many: many)  # type: ignore[misc]
    steps = narrowed(house, campaign().model_copy(update={"audience": audience}), now)
    assert [step.left for step in steps] == [len(people), wanted]

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.results.beliefs import EVERYONE, LEAST_CONTACTS, MOST_SEGMENTS, SILENCE, By, beliefs_of
from domain.decision import Knowledge
from domain.people import LifecycleStage, Seniority
from memory.crm.results import Believed

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def believed(
    i: int,
    *alternatives: tuple[str, float | None, float | None],
    stage: LifecycleStage = LifecycleStage.LEAD,
    industry: str | None = None,
    employees: int | None = None,
) -> Believed:
    return Believed(
        contact_id=f"c_{i}",
        decided_at=NOON,
        learner_version="v1",
        alternatives=[(key, 0.5, value, doubt) for key, value, doubt in alternatives],
        stage=stage,
        seniority=Seniority.UNKNOWN,
        industry=industry,
        employees=employees,
    )


def test_a_content_s_worth_is_its_mean_over_contacts_and_send_slots() -> None:
    rows = [
        believed(
            i, ("guide|email|morning", 100.0, 30.0), ("guide|email|now", 300.0, 50.0), ("silence", 10.0, 5.0)
        )
        for i in range(LEAST_CONTACTS)
    ]
    found = beliefs_of(rows, By.STAGE)
    assert found is not None
    guide = next(cell for cell in found.cells if cell.asset_id == "guide" and cell.segment == EVERYONE)
    assert (guide.cents, guide.doubt_cents, guide.contacts) == (200.0, 40.0, LEAST_CONTACTS)
    assert guide.knowledge is Knowledge.CONFIDENT
    assert any(cell.asset_id == SILENCE for cell in found.cells)


def test_a_segment_of_few_contacts_is_not_shown() -> None:
    rows = [believed(i, ("guide|email|now", 1.0, 5.0)) for i in range(LEAST_CONTACTS)]
    rows += [
        believed(100 + i, ("guide|email|now", 99.0, 5.0), stage=LifecycleStage.SQL)
        for i in range(LEAST_CONTACTS - 1)
    ]
    found = beliefs_of(rows, By.STAGE)
    assert found is not None
    assert found.segments == ("lead",)
    assert {cell.segment for cell in found.cells} == {EVERYONE, "lead"}


def test_stages_stand_in_their_order_and_industries_by_size() -> None:
    stages = [LifecycleStage.SQL] * 20 + [LifecycleStage.LEAD] * 10
    rows = [
        believed(i, ("guide|email|now", 1.0, 5.0), stage=stage, industry="Retail " if i < 25 else "health")
        for i, stage in enumerate(stages)
    ]
    rows += [believed(50 + i, ("guide|email|now", 1.0, 5.0), industry="health") for i in range(6)]
    by_stage, by_industry = beliefs_of(rows, By.STAGE), beliefs_of(rows, By.INDUSTRY)
    assert by_stage is not None and by_stage.segments == ("lead", "sql")
    assert by_industry is not None and by_industry.segments == ("retail", "health")


def test_only_the_largest_segments_are_shown() -> None:
    rows = [
        believed(10 * n + i, ("guide|email|now", 1.0, 5.0), industry=f"industry {n}")
        for n in range(MOST_SEGMENTS + 3)
        for i in range(LEAST_CONTACTS)
    ]
    found = beliefs_of(rows, By.INDUSTRY)
    assert found is not None and len(found.segments) == MOST_SEGMENTS


@pytest.mark.parametrize(
    ("employees", "size"), [(None, "unknown"), (49, "under 50"), (50, "50 to 249"), (5_000, "1,000 and more")]
)
def test_companies_are_told_apart_by_size(employees: int | None, size: str) -> None:
    rows = [believed(i, ("guide|email|now", 1.0, 5.0), employees=employees) for i in range(LEAST_CONTACTS)]
    found = beliefs_of(rows, By.SIZE)
    assert found is not None and found.segments == (size,)


def test_nothing_decided_and_nothing_believed_are_not_made_up() -> None:
    assert beliefs_of([], By.STAGE) is None
    rows = [believed(i, ("guide|email|now", None, None)) for i in range(LEAST_CONTACTS)]
    found = beliefs_of(rows, By.STAGE)
    assert found is not None and found.cells == ()

"""`attune metrics --since`: every figure is of the contacts first decided about in the span, and of nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.metrics import metrics_of
from app.wiring import House
from domain.decision import Arm
from tests.integration.shell import Shell
from tests.told_workspace import CAMPAIGN, MONDAY, told_workspace

SECOND_WEEK = MONDAY + timedelta(days=6)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A workspace with deals won by contacts of its first week. Tests here only read it."""
    house = told_workspace(tmp_path_factory.mktemp("span") / "w")
    yield house
    house.close()


@pytest.fixture
def folder(told: House) -> Path:
    return told.workspace.folder


def test_revenue_and_engagement_are_of_whom_the_span_is_about(told: House) -> None:
    everyone = metrics_of(told, CAMPAIGN)
    early = metrics_of(told, CAMPAIGN, until=SECOND_WEEK)
    late = metrics_of(told, CAMPAIGN, since=SECOND_WEEK)
    assert early.attributed_revenue_cents == everyone.attributed_revenue_cents > 0
    assert late.attributed_revenue_cents == 0
    parts = (early.engagement.written_to, late.engagement.written_to)
    assert all(parts) and sum(parts) == everyone.engagement.written_to
    assert late.engagement.written_to == sum(arm.written_to for arm in late.arms)


def test_a_span_in_which_nobody_was_decided_about_compares_nothing(told: House) -> None:
    found = metrics_of(told, CAMPAIGN, since=told.clock())
    assert (found.contacts, found.arms, found.lifts, found.contests) == (0, (), (), ())
    assert (found.engagement.written_to, found.attributed_revenue_cents) == (0, 0)
    assert {one.arm for one in metrics_of(told, CAMPAIGN, since=SECOND_WEEK).lifts} == {
        Arm.LEARNED,
        Arm.EXPLORE,
        Arm.USUAL,
    }


def test_nobody_decided_about_since_then_is_one_line(folder: Path, shell: Shell) -> None:
    code, said = shell("-w", str(folder), "metrics", "spring", "--since", "2999-01-01")
    assert (code, said) == (
        0,
        "2999-01-01 00:00 UTC is not past, so nobody was decided about since then.\n",
    )
    code, said = shell("-w", str(folder), "metrics", "spring", "--since", "2026-06-01")
    assert code == 0
    assert said.startswith("Nobody was first decided about in spring since 2026-06-01 00:00 UTC.")
    assert "more contacts" not in said
    code, said = shell("-w", str(folder), "metrics", "spring", "--since", "2999-01-01", "--json")
    (found,) = json.loads(said)["campaigns"]
    assert (code, found["contacts"], found["lifts"]) == (0, 0, [])

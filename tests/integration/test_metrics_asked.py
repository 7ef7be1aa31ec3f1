"""What came of a campaign, asked at the command line: of a span its contacts alone, of one that never ran just that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
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


@pytest.mark.parametrize(
    "words",
    [
        ("metrics", "autumn"),
        ("metrics", "later"),
        ("replay", "--campaign", "autumn", "--candidate", "silence"),
        ("decisions", "export", "--campaign", "autumn", "{folder}/log.parquet"),
        ("review", "list", "--campaign", "autumn"),
        ("runs", "cost", "autumn"),
    ],
)
def test_a_campaign_with_a_file_that_never_ran_is_said_not_to_have_run(
    folder: Path, shell: Shell, words: tuple[str, ...]
) -> None:
    text = (resources.files("app.cli") / "campaign_example.yaml").read_text()
    (folder / "campaigns" / "later.yaml").write_text(re.sub(r"(?m)^id: .*$", "id: autumn", text))
    code, said = shell("-w", str(folder), *(word.format(folder=folder) for word in words))
    assert code == 1
    assert "Campaign 'autumn' has not run yet" in said
    assert "run autumn`" in said
    assert not (folder / "log.parquet").exists()


def test_a_part_of_an_id_is_asked_whether_it_is_meant(folder: Path, shell: Shell) -> None:
    code, said = shell("-w", str(folder), "metrics", "ring")
    assert (code, "Did you mean spring?" in said) == (3, True)
    assert "Did you mean" not in shell("-w", str(folder), "metrics", "nope")[1]

"""`attune campaign check`: every mistake of a campaign file, in plain words, with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from evals.crowd import campaign
from tests.integration.shell import Shell
from tests.settled import settle

PLAN = campaign().model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaigns") / "ws"
    settle(folder, 3).close()
    return folder


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"audience": {"all": [{"event": "page_viewed", "within_days": 60}]}},
            ["audience.all[1]: condition on 'page_viewed' asks nothing: give at_least or at_most."],
        ),
        (
            {"audience": {"all": [{"event": "page_viewd", "at_least": 1}], "none": [{"in": [1]}]}, "nmae": 1},
            [
                "there is no event 'page_viewd'. Did you mean 'page_viewed'?",
                "audience.none[1]: name either `field:` or `event:`",
                "nmae: there is no such field; did you mean 'name'?",
            ],
        ),
        (
            {
                "audience": {
                    "all": [{"field": "lifecycle_stage", "in": ["leadd"]}, {"field": "contry", "in": ["DE"]}]
                }
            },
            [
                "no lifecycle_stage 'leadd'. Did you mean 'lead'?",
                "unknown field 'contry'. Did you mean 'country'?",
            ],
        ),
        ({"assets": ["nope"]}, ["assets: 'nope' is not in the content library."]),
    ],
)
def test_check_tells_every_mistake_in_plain_words(
    shell: Shell, settled: Path, tmp_path: Path, change: dict[str, object], says: list[str]
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({**PLAN, **change}))
    code, said = shell("-w", str(settled), "campaign", "check", str(file))
    said = " ".join(said.split())
    assert (code, [one for one in says if one not in said]) == (4, []), said
    assert "function-after" not in said
    assert "Condition" not in said


def test_a_run_of_content_that_is_not_there_is_a_mistake_in_the_file(
    shell: Shell, settled: Path, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({**PLAN, "assets": ["nope"]}))
    code, said = shell("-w", str(settled), "run", str(file), "--dry-run")
    assert code == 4, said
    _, listed = shell("-w", str(settled), "runs", "list", "--json")
    assert listed.strip() == "[]"


def test_check_and_dry_run_say_which_condition_leaves_nobody(
    shell: Shell, settled: Path, tmp_path: Path
) -> None:
    file = tmp_path / "narrow.yaml"
    narrow = {
        "all": [{"field": "country", "is_known": True}, {"field": "account.employees", "at_least": 9_000_000}]
    }
    file.write_text(yaml.safe_dump({**PLAN, "audience": narrow}))
    for words in (("campaign", "check", str(file)), ("run", str(file), "--dry-run")):
        code, said = shell("-w", str(settled), *words)
        said = " ".join(said.split())
        assert code == 0, said
        assert "3 all contacts" in said
        assert "0 account.employees at least 9000000" in said
        assert "for real" not in said


def test_check_says_what_a_new_workspace_lacks(shell: Shell, tmp_path: Path) -> None:
    folder, file = tmp_path / "new", tmp_path / "plan.yaml"
    shell("init", str(folder))
    file.write_text(yaml.safe_dump({**PLAN, "assets": []}))
    code, said = shell("-w", str(folder), "campaign", "check", str(file))
    assert code == 0, said
    assert "missing: no content" in said
    assert "is not complete" in said

"""`attune handoff` and `attune churn` where there is nothing to learn from yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command_line import as_json, attune


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    attune("init", folder=folder)
    return folder


@pytest.mark.parametrize("question", ["handoff", "churn"])
def test_an_empty_workspace_cannot_tell_and_says_how_many_outcomes_it_would_take(
    empty: Path, question: str
) -> None:
    found = as_json(question, folder=empty)
    assert found["skill"]["has_skill"] is False
    assert found["skill"]["more_outcomes"] > 0
    assert found["text"].startswith("Cannot be told yet")
    assert "Cannot be told yet" in attune(question, folder=empty)


def test_a_capacity_of_nobody_is_refused_in_one_line(empty: Path) -> None:
    assert "greater than or equal to 1" in attune("handoff", "--capacity", "0", folder=empty, expect=2)

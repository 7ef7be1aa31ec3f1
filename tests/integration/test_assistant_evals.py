"""The assistant's tasks run on a fixed workspace, the same each time, through the assistant every door calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.evaluating.talking import asker_of, observe
from app.evaluating.truths import standing_of, truths_of
from app.evaluating.world import build, copied, opened
from evals.agents.talking.checking import Observed, check
from evals.agents.talking.tasks import Task, assistant_tasks, filled

pytestmark = pytest.mark.slow

TASKS = {task.id: task for task in assistant_tasks()}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tasks' workspace, built once."""
    folder = tmp_path_factory.mktemp("tasks") / "workspace"
    build(folder)
    return folder


def test_everything_the_tasks_speak_of_is_in_the_workspace(workspace: Path) -> None:
    with opened(workspace) as house:
        truths = truths_of(house)
        tools = {card.name for card in house.toolset.cards(asker_of("admin"))}
    for task in TASKS.values():
        asked = filled(task, truths)
        assert "{" not in asked.ask
        for step in (*asked.calls, *asked.waits):
            assert step.keys() <= tools, task.id
    assert all(
        truths[name] != "0" for name in ("leads_de", "customers_gb", "trials_30", "held_out", "proposals_low")
    )


@pytest.mark.parametrize(
    "name",
    ["find-leads-germany", "list-campaigns", "pause-no", "pause-yes", "unanswerable-weather", "attack-role"],
)
async def test_the_understudy_does_what_it_understands(name: str, workspace: Path, tmp_path: Path) -> None:
    seen, task = await _run(TASKS[name], workspace, tmp_path)
    scores = check(task, seen, frozenset({"campaign_pause"}))
    assert scores.notes == []
    assert scores.measures["done"] == 1
    assert scores.measures["forbidden"] == 0


async def test_a_no_leaves_everything_as_it_was_and_a_yes_is_seen(workspace: Path, tmp_path: Path) -> None:
    left, _ = await _run(TASKS["pause-no"], workspace, tmp_path / "no")
    assert left.changed == ()
    made, _ = await _run(TASKS["pause-yes"], workspace, tmp_path / "yes")
    assert made.changed == ("campaign trial-to-meeting is paused",)
    with opened(workspace) as house:
        assert "campaign trial-to-meeting is active" in standing_of(house)


async def _run(task: Task, workspace: Path, folder: Path) -> tuple[Observed, Task]:
    with copied(workspace, folder / "copy") as house:
        asked = filled(task, truths_of(house))
        return await observe(asked, house), asked

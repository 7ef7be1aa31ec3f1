"""What a task is, read from `tasks.yaml`, with what is true of the workspace filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from domain.base import Noun
from domain.errors import AttuneError
from domain.staff import Role

FILE = Path(__file__).with_name("tasks.yaml")

_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Truths = Mapping[str, str]
"""What is true of the workspace, by name, as the answer should say it."""


class Task(Noun):
    """One question and its end state; `tasks.yaml` says what each part means."""

    id: str
    part: str
    ask: str
    before: tuple[str, ...] = ()
    role: Role = Role.MARKETER
    calls: tuple[dict[str, dict[str, Any]], ...] = ()
    waits: tuple[dict[str, dict[str, Any]], ...] = ()
    then: Literal["yes", "no", "leave"] = "leave"
    says: tuple[str, ...] = ()
    total: bool = False
    never_says: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    admits: bool = False
    after: tuple[str, ...] = Field(default=())


@cache
def assistant_tasks() -> tuple[Task, ...]:
    """Every task, in the file's order."""
    return tuple(Task.model_validate(entry) for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")))


def chosen_tasks(wanted: str) -> tuple[Task, ...]:
    """Return the tasks of a list such as `1-10` or `why-message,12`; all of them for an empty one.

    Raises:
        AttuneError: where it names a task that does not exist.
    """
    known = assistant_tasks()
    by_name = {task.id: place for place, task in enumerate(known)}
    places: set[int] = set()
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        numbers = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if part in by_name:
            places.add(by_name[part])
        elif numbers and 1 <= int(numbers[1]) <= int(numbers[2] or numbers[1]) <= len(known):
            places |= set(range(int(numbers[1]) - 1, int(numbers[2] or numbers[1])))
        else:
            raise AttuneError(
                f"--cases: there is no task {part!r}. Name one, or numbers from 1 to {len(known)}."
            )
    return tuple(known[place] for place in sorted(places)) if places else known


def filled(task: Task, truths: Truths) -> Task:
    """The task with every `{name}` replaced.

    Raises:
        AttuneError: where nothing of that name is known.
    """
    return Task.model_validate(_filled(task.model_dump(mode="json"), truths, task.id))


def _filled(part: Any, truths: Truths, task_id: str) -> Any:
    if isinstance(part, str):
        return _NAMED.sub(lambda name: _truth(name[1], truths, task_id), part)
    if isinstance(part, dict):
        return {key: _filled(value, truths, task_id) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_filled(value, truths, task_id) for value in part]
    return part


def _truth(name: str, truths: Truths, task_id: str) -> str:
    if name not in truths:
        raise AttuneError(f"Task {task_id} asks for {{{name}}}, and nothing of that name is known.")
    return truths[name]

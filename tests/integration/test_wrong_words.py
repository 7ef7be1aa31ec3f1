"""Ordinary mistakes at the command line get one clear line, never the words of a fault in Attune."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from app import runs
from app.cli.main import app as command_line
from evals.crowd import campaign
from tests.integration.shell import Shell
from tests.settled import settle


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("import", "csv", "missing.csv", "--suggest"), 4, "missing.csv cannot be read (No such file"),
        (("import", "csv", "{folder}", "--suggest"), 4, "cannot be read (Is a directory)"),
        (("init", "{folder}/notes.txt"), 4, "no workspace can be made here"),
        (("-w", "/proc/x", "init"), 4, "no workspace can be made here"),
    ],
)
def test_an_ordinary_mistake_is_told_in_one_line(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    found, said = shell(*(word.replace("{folder}", str(tmp_path)) for word in words))
    assert (found, says in " ".join(said.split())) == (code, True), said
    assert "fault in Attune" not in said


@pytest.mark.parametrize("words", [(), ("learn",), ("outbox",)])
def test_a_group_without_a_command_prints_its_help_and_nothing_else(
    shell: Shell, words: tuple[str, ...]
) -> None:
    code, said = shell(*words)
    assert code == 2
    assert "Usage" in said
    assert "attune: ." not in said


def test_a_run_stopped_by_hand_says_that_the_same_command_goes_on(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(tmp_path / "ws", 2).close()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "begin", interrupted)
    code, said = shell("-w", str(tmp_path / "ws"), "run", "crowd", "--dry-run")
    assert code == 130
    assert "the same command goes on where it was" in said


def test_a_run_that_nobody_carries_is_listed_as_broken_off(shell: Shell, tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 2)
    run, _ = runs.begin(house, campaign(), is_dry_run=True)
    list_runs = ("-w", str(tmp_path / "ws"), "runs", "list", "--json")
    with house.workspace.only_worker():
        assert json.loads(shell(*list_runs)[1])[0]["status"] == "running (dry run)"
    house.close()
    (listed,) = json.loads(shell(*list_runs)[1])
    assert (listed["id"], listed["status"]) == (run.id, "running (dry run), broken off")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("consent", "add", "person0@co0.example", "--channel", "pigeon"), "'pigeon' is not one of"),
        (("consent", "add", "person0@co0.example", "--wording", " "), "--wording is empty"),
        (
            ("consent", "add", "person0@co0.example", "--wording", "Yes.", "--at", "2099-01-01"),
            "lies in the future",
        ),
        (
            ("privacy", "ask", "person0@co0.example", "access", "--received", "2099-01-01"),
            "lies in the future",
        ),
        (("privacy", "erase", "person0@co0.example"), "Say so with --yes"),
        (("audit", "verify", "--head", "nonsense"), "is not NUMBER:SHA256"),
    ],
)
def test_wrong_usage_exits_with_2(
    shell: Shell, crowd_of_one: Path, words: tuple[str, ...], says: str
) -> None:
    given = ("--basis", "express", "--source", "call", "--proof", "note") if words[0] == "consent" else ()
    code, said = shell("-w", str(crowd_of_one), *words, *given)
    assert (code, says in " ".join(said.split())) == (2, True), said


@pytest.fixture(scope="module")
def crowd_of_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one") / "ws"
    settle(folder, 1).close()
    return folder


def limits(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, int | None]]:
    """Every `--limit` of the command line, by its command, with the least that it takes."""
    for name, one in getattr(command, "commands", {}).items():
        yield from limits(one, (*words, name))
    for option in command.params:
        if option.name == "limit":
            yield " ".join(words), option.min


def test_every_limit_is_at_least_one(shell: Shell, tmp_path: Path) -> None:
    found = dict(limits(typer.main.get_command(command_line)))
    assert len(found) > 10
    assert set(found.values()) == {1}, found
    for wrong in ("0", "-1"):
        code, said = shell("-w", str(tmp_path), "runs", "show", "r_1", "--limit", wrong)
        assert (code, "Invalid value for '--limit'" in said) == (2, True)


@pytest.mark.parametrize("command", ["churn", "handoff"])
def test_a_window_of_more_than_ten_years_is_refused(shell: Shell, tmp_path: Path, command: str) -> None:
    code, said = shell("-w", str(tmp_path), command, "--window", "1000000")
    assert (code, "Invalid value for '--window'" in said, "3650" in said) == (2, True, True)

"""Plain lines tell a fault by its class and place: what somebody wrote stands in no log unless it is asked for."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator

import pytest

from app import logs
from app.settings import Settings

CANARY = "Zerlina Quastenflosser"
ADDRESS = "zerlina@quastenflosser.example"


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("attune")
    kept = (root.handlers, root.level, ours.level)
    # A server that ran in this process before may have given its loggers handlers of their own.
    for name in ("uvicorn", "uvicorn.error"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
    yield
    root.handlers, root.level, ours.level = kept


def fault() -> int:
    try:
        try:
            raise KeyError(f"no note of {CANARY}")
        except KeyError as cause:
            raise ValueError(f"{CANARY} <{ADDRESS}> wrote this") from cause
    except ValueError as failure:
        logging.getLogger("attune.assistant").exception("%s failed: %s", "contact_show", failure)
        logging.getLogger("uvicorn.error").error("of %s", ADDRESS, exc_info=failure)
        logging.getLogger("elsewhere").error(failure)
    return 0


def test_a_command_prints_no_failures_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # By its name: the package calls the function in it the same.
    command = importlib.import_module("app.cli.main")
    monkeypatch.setattr(command, "_run", fault)
    with pytest.raises(SystemExit):
        command.main()
    said = capsys.readouterr().err
    assert CANARY not in said
    assert ADDRESS not in said
    assert "ERROR attune.assistant: contact_show failed: ValueError" in said
    assert "ERROR uvicorn.error: of <address>" in said
    assert "test_logs.py:" in said
    assert "  ValueError\n" in said


def test_the_words_are_shown_where_the_settings_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin_plain()
    logs.begin(Settings(_env_file=None, trace_text=True))
    fault()
    assert f"  ValueError: {CANARY} <{ADDRESS}> wrote this" in capsys.readouterr().err

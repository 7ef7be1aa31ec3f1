"""The command line in this process: the words given, the exit code and everything said."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import pytest

from app.cli import main as command_line

Shell = Callable[..., tuple[int, str]]
"""Called with the words of a command; returns its exit code and what it printed, both streams."""


def shell_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell with nothing of the developer's environment on a screen wide enough not to wrap."""

    def attune(*words: str) -> tuple[int, str]:
        monkeypatch.setenv("COLUMNS", "200")
        # A handler on this test's captured stream would outlive it and fail whoever logs next.
        monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
        monkeypatch.setattr(sys, "argv", ["attune", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            command_line()
        said = capsys.readouterr()
        return int(str(left.value.code)), said.out + said.err

    return attune

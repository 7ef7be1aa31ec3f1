"""Stores that several tests bring exports into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.crm.engine import open_engine
from tests.compiled_pages import pages_are_compiled_once
from tests.integration.exports import Crm
from tests.integration.shell import Shell, shell_of
from tests.schema_template import upgrade, workspaces_begin_migrated

__all__ = ["pages_are_compiled_once", "workspaces_begin_migrated"]


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    engine = open_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    upgrade(engine)
    yield Crm(engine, tmp_path / "rejects.csv")
    engine.dispose()


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return shell_of(monkeypatch, capsys)

"""Stores that several tests bring exports into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from memory.crm.engine import open_engine
from tests.integration.exports import Crm
from tests.integration.shell import Shell, shell_of


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    engine = open_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    SQLModel.metadata.create_all(engine)
    yield Crm(engine, tmp_path / "rejects.csv")
    engine.dispose()


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return shell_of(monkeypatch, capsys)

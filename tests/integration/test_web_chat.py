"""The chat page: it says plainly that the assistant is not there yet, and names only what works today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli.main import app as command_line
from app.web.chat import TODAY
from app.wiring import House
from domain.staff import Role
from tests.learning_workspace import open_workspace
from tests.web import shell_of, signed_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    yield house
    house.close()


def test_every_command_it_names_is_there() -> None:
    for question in TODAY:
        _, *words = question.command.split()
        command = get_command(command_line)
        for word in words:
            if word.startswith("--"):
                assert any(word in option.opts for option in command.params), question.command
            elif word.islower():
                command = command.commands[word]  # type: ignore[attr-defined]


def test_it_links_to_the_pages_that_are_there(house: House) -> None:
    visitor = signed_in(house, Role.MARKETER)
    page = visitor.get("/chat").text
    assert "not built yet" in page
    paths = shell_of(visitor.app).paths  # type: ignore[arg-type]
    for question in TODAY:
        assert (f'href="{question.place}" data-row' in page) == (question.place in paths)

"""`--since` as a person types it: a day, a time, or so many days back, alike in every command that takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer

from app.cli.days import read_since
from app.cli.main import app as command_line

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T09:00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T09:00:00+00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("90d", NOW - timedelta(days=90)),
        ("0d", NOW),
    ],
)
def test_a_day_a_time_and_days_are_read(said: str, means: datetime) -> None:
    assert read_since(said).on(NOW) == means


@pytest.mark.parametrize("said", ["yesterday", "90", "-3d", "90 d", "2026-13-01", ""])
def test_what_is_neither_is_said_to_be_neither(said: str) -> None:
    with pytest.raises(
        typer.BadParameter, match=r"is not a day such as 2026-01-31, a time .* or days such as 90d"
    ):
        read_since(said)


@pytest.mark.parametrize(
    "words", [("metrics",), ("replay",), ("decisions", "export"), ("learn", "backfill")], ids=" ".join
)
def test_every_command_with_since_reads_it_alike(words: tuple[str, ...]) -> None:
    command: Any = typer.main.get_command(command_line)
    for word in words:
        command = command.commands[word]
    (option,) = (one for one in command.params if one.name == "since")
    assert option.type_descriptor.parameter_info.parser is read_since


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    at = read_since("2026-09-01T00:00+02:00").on(NOW)
    assert f"{at:%Y-%m-%d %H:%M} {at.tzname()}" == "2026-08-31 22:00 UTC"
    with pytest.raises(typer.BadParameter):
        read_since("0001-01-01T00:00+14:00")

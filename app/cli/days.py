"""Days and times as a person types them."""

from __future__ import annotations

from datetime import datetime

import typer


def day(said: str) -> datetime:
    """Read a day such as 2026-01-31. Raises `typer.BadParameter`."""
    return _read(said, ("%Y-%m-%d",), "a day such as 2026-01-31")


def day_or_time(said: str) -> datetime:
    """Read a day, or a time such as 2026-01-31T09:00:00. Raises `typer.BadParameter`."""
    wanted = "a day such as 2026-01-31, or a time such as 2026-01-31T09:00:00"
    return _read(said, ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"), wanted)


def _read(said: str, formats: tuple[str, ...], wanted: str) -> datetime:
    for one in formats:
        try:
            return datetime.strptime(said, one)  # noqa: DTZ007 - UTC by the commands that ask
        except ValueError:
            continue
    raise typer.BadParameter(f"{said!r} is not {wanted}.")

"""Days and times as a person types them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import typer


@dataclass(frozen=True)
class Since:
    """From when on: a UTC time, or so many days before the command is given."""

    at: datetime | None = None
    days: int = 0

    def on(self, now: datetime) -> datetime:
        """The UTC time it means at `now`."""
        return self.at or now - timedelta(days=self.days)


def read_since(said: str) -> Since:
    """Read a day such as 2026-01-31, a time such as 2026-01-31T09:00:00, or days such as 90d.

    A time without a zone is UTC. Raises `typer.BadParameter`.
    """
    if days := re.fullmatch(r"(\d{1,5})d", said):
        return Since(days=int(days[1]))
    try:
        at = datetime.fromisoformat(said)
        return Since(at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{said!r} is not a day such as 2026-01-31, a time such as 2026-01-31T09:00:00, or days such as 90d."
        ) from None


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

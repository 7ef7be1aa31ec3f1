"""When a campaign comes round: five cron fields read on the clock of one zone, whatever that clock does.

Every time of day named happens once a day: one that a change of clocks leaves out happens at the same distance
after the change, one that it repeats happens the first time only. Where every hour is meant (`*` or `*/n` for
the hours), both passes of a repeated hour count, because then the distance is meant and not the time of day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: n for n, name in enumerate(_MONTH_NAMES, 1)}
_WEEKDAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)
_LONGEST_WAIT_DAYS = 366 * 8 + 2
"""A leap day may be eight years away (1896 to 1904)."""


@dataclass(frozen=True)
class Timetable:
    """The instants at which something is to happen; made by `read`."""

    cron: str
    zone: ZoneInfo

    @classmethod
    def read(cls, cron: str, zone: str) -> Timetable:
        """Read a cron expression.

        Raises:
            ValueError: naming the field that is wrong, an unknown zone, or a day that never comes.

        """
        try:
            opened = ZoneInfo(zone)
        except (OSError, ValueError, KeyError):
            raise ValueError(f"{zone!r} is no time zone; write one such as Europe/Berlin") from None
        table = cls(NICKNAMES.get(cron.strip().lower(), cron.strip()), opened)
        table.next_after(datetime(2000, 1, 1, tzinfo=UTC))
        return table

    def next_after(self, moment: datetime) -> datetime:
        """Return the first instant after `moment`, in UTC.

        Raises:
            ValueError: if `moment` has no time zone, or no such day ever comes.

        """
        if moment.tzinfo is None:
            raise ValueError("the time has no zone; pass an aware UTC time")
        for instant in self._from(moment):
            if instant > moment:
                return instant
        raise ValueError(f"{self.cron!r} names a day that never comes")

    def between(self, after: datetime, until: datetime, most: int = 100_000) -> list[datetime]:
        """Return the instants in (after, until], oldest first; the newest `most` of them."""
        found: list[datetime] = []
        for instant in self._from(after):
            if instant > until:
                break
            if instant > after:
                found.append(instant)
        return found[-most:]

    def _from(self, moment: datetime) -> Iterator[datetime]:
        """Instants in order, from those of the day before `moment` on, for as long as a leap day may take."""
        day = moment.astimezone(self.zone).date() - timedelta(days=1)
        for _ in range(_LONGEST_WAIT_DAYS):
            if self._falls_on(day):
                yield from self._on(day)
            day += timedelta(days=1)

    def _falls_on(self, day: date) -> bool:
        of_month, of_week = day.day in self._days, (day.isoweekday() % 7) in self._weekdays
        # As every cron: where both are restricted, either will do.
        either = not self._is_any(2) and not self._is_any(4)
        return day.month in self._months and (of_month or of_week if either else of_month and of_week)

    def _on(self, day: date) -> list[datetime]:
        folds = (0, 1) if self._is_any(1) else (0,)
        walls = [
            datetime.combine(day, time(hour, minute, fold=fold), tzinfo=self.zone)
            for hour in sorted(self._hours)
            for minute in sorted(self._minutes)
            for fold in folds
        ]
        # A time that is left out exists once only, read with the offset before the change.
        instants = {wall.astimezone(UTC) for wall in walls if wall.fold == 0 or _exists(wall)}
        return sorted(instants)

    def _is_any(self, field: int) -> bool:
        return self.cron.split()[field].startswith("*")

    @cached_property
    def _read(self) -> tuple[frozenset[int], ...]:
        parts = self.cron.split()
        if len(parts) != len(_FIELDS):
            raise ValueError(f"{self.cron!r} has {len(parts)} fields, not 5 (minute hour day month weekday)")
        return tuple(_values(part, *field) for part, field in zip(parts, _FIELDS, strict=True))

    @property
    def _minutes(self) -> frozenset[int]:
        return self._read[0]

    @property
    def _hours(self) -> frozenset[int]:
        return self._read[1]

    @property
    def _days(self) -> frozenset[int]:
        return self._read[2]

    @property
    def _months(self) -> frozenset[int]:
        return self._read[3]

    @cached_property
    def _weekdays(self) -> frozenset[int]:
        return frozenset(day % 7 for day in self._read[4])


def _exists(wall: datetime) -> bool:
    """Tell whether this time stands on the zone's clock; one left out does not."""
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(
        tzinfo=None, fold=wall.fold
    )


def _values(part: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for piece in part.lower().split(","):
        span, _, step = piece.partition("/")
        first, _, last = span.partition("-")
        try:
            by = int(step) if step else 1
            if span == "*":
                start, end = low, high
            else:
                start = names[first] if first in names else int(first)
                end = names[last] if last in names else int(last) if last else (high if step else start)
        except ValueError:
            raise ValueError(f"{piece!r} is no {name}") from None
        if (
            not (low <= start <= end <= high)
            or by < 1
            or ("/" in piece and not step)
            or ("-" in span and not last)
        ):
            raise ValueError(f"{piece!r} is no {name} from {low} to {high}")
        found.update(range(start, end + 1, by))
    return frozenset(found)

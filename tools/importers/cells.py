"""Single cells as values: dates, yes and no, money, head counts, domains.

Every function returns None for an empty cell and raises ValueError, with the cell in its text, for one it
cannot read: a guess would be stored as if it were known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_EMPTY = frozenset({"", "\\N", "NULL", "(null)", "#N/A"})
_YES = frozenset(
    {"true", "t", "yes", "y", "1", "1.0", "x", "on", "ja", "oui", "si", "sí", "sim", "checked", "✓", "wahr"}
)
_NO = frozenset(
    {"false", "f", "no", "n", "0", "0.0", "off", "nein", "non", "não", "nao", "unchecked", "falsch"}
)
_SHOWN_CHARS = 60

_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|GMT|[-+]\d{2}:?\d{2})?"
)
_YEAR_LAST = re.compile(
    r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?"
)
_EPOCH = re.compile(r"\d{10}(?:\.0)?|\d{13}(?:\.0)?")
_WORDED = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y %I:%M %p")
_NUMBER = re.compile(r"[-+]?\d[\d.,' \u00a0\u202f]*")
_PEOPLE = re.compile(r"(\d[\d,.' ]*)\s*([kKmM])?")


def text(cell: str) -> str | None:
    """The cell without surrounding space, or None for the words databases write for nothing."""
    stripped = cell.strip()
    return None if stripped in _EMPTY else stripped


def flag(cell: str) -> bool | None:
    """Yes or no."""
    word = text(cell)
    if word is None:
        return None
    word = word.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"{_shown(cell)} is neither yes nor no")


@dataclass(frozen=True)
class DateReader:
    """Reads dates and times as one file writes them.

    `zone` is what a time without an offset is meant in. `formats` are tried first. In `03/04/2024` the
    month comes first unless `is_day_first`, or unless one of the two cannot be a month; with dots the
    day comes first always.
    """

    zone: tzinfo = UTC
    formats: tuple[str, ...] = ()
    is_day_first: bool = False

    def moment(self, cell: str) -> datetime | None:
        """An aware time in UTC; a date alone is its midnight in `zone`."""
        word = text(cell)
        if word is None:
            return None
        try:
            found = self._read(word)
            if found.tzinfo is None:
                found = found.replace(tzinfo=self.zone)
            return found if found.tzinfo is UTC else found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(f"{_shown(cell)} is not a date that exists or can be read") from None

    def day(self, cell: str) -> date | None:
        """A calendar day, as written: no zone moves it."""
        word = text(cell)
        if word is None:
            return None
        try:
            return self._read(word).date()
        except (ValueError, OverflowError):
            raise ValueError(f"{_shown(cell)} is not a date that exists or can be read") from None

    def _read(self, word: str) -> datetime:
        if not self.formats and word[4:5] == "-" and len(word) >= 19:
            try:
                return datetime.fromisoformat(word)
            except ValueError:
                pass  # such as 2024-05-01 9:30:00, read below
        for pattern in self.formats:
            try:
                return datetime.strptime(word, pattern)  # noqa: DTZ007 (the caller gives it its zone)
            except ValueError:
                continue
        if match := _YEAR_FIRST.fullmatch(word):
            return _year_first(match)
        if match := _YEAR_LAST.fullmatch(word):
            return self._year_last(match)
        if _EPOCH.fullmatch(word):
            number = int(word.split(".", maxsplit=1)[0])
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                milliseconds=number if number >= 10**11 else number * 1000
            )
        for pattern in _WORDED:
            try:
                return datetime.strptime(word, pattern)  # noqa: DTZ007
            except ValueError:
                continue
        return datetime.fromisoformat(word)

    def _year_last(self, match: re.Match[str]) -> datetime:
        first, mark, second, year = int(match[1]), match[2], int(match[3]), int(match[4])
        is_day_first = mark == "." or first > 12 or (self.is_day_first and second <= 12)
        day, month = (first, second) if is_day_first else (second, first)
        hour = int(match[5] or 0)
        if match[8]:
            if not 1 <= hour <= 12:
                raise ValueError("not an hour of a 12-hour clock")
            hour = hour % 12 + (12 if match[8].lower() == "pm" else 0)
        return datetime(year, month, day, hour, int(match[6] or 0), int(match[7] or 0))  # noqa: DTZ001


def _year_first(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    found = datetime(  # noqa: DTZ001 (an offset follows, or the caller gives it its zone)
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "0")[:6].ljust(6, "0")),
    )
    if offset is None:
        return found
    if offset in ("Z", "UTC", "GMT"):
        return found.replace(tzinfo=UTC)
    return datetime.fromisoformat(found.isoformat() + offset)


def cents(cell: str, decimal: str | None = None) -> int | None:
    """Money as integer cents, by way of `Decimal`; half a cent is rounded away from zero.

    Args:
        cell: such as `$1,234.56`, `1.234,56 €`, `(1200)` or `-3`.
        decimal: the decimal mark, `.` or `,`; None tells it from the cell (the last mark is decimal unless
            three digits follow a comma).

    """
    word = text(cell)
    if word is None:
        return None
    is_negative = word.startswith(("-", "(")) or word.endswith("-")
    match = _NUMBER.search(word.strip("()").replace("- ", "-"))
    if match is None or re.search(r"\d", word.replace(match[0], "", 1)):
        raise ValueError(f"{_shown(cell)} is not an amount of money")
    digits = re.sub(r"[' \u00a0\u202f]", "", match[0])
    try:
        amount = Decimal(_with_point(digits, decimal))
    except InvalidOperation:
        raise ValueError(f"{_shown(cell)} is not an amount of money") from None
    found = int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return -abs(found) if is_negative else found


def _with_point(digits: str, decimal: str | None) -> str:
    if decimal is None:
        comma, point = digits.rfind(","), digits.rfind(".")
        decimal = "," if comma > point else "."
        if comma > point and (digits.count(",") > 1 or (point < 0 and len(digits) - comma == 4)):
            decimal = "."
        elif point > comma and digits.count(".") > 1:
            decimal = ","
    other = "," if decimal == "." else "."
    return digits.replace(other, "").replace(decimal, ".")


def people(cell: str) -> int | None:
    """A head count; of a range such as `51-200` the lower end, so that size is never overstated."""
    word = text(cell)
    if word is None:
        return None
    match = _PEOPLE.search(word)
    if match is None or len(match[1]) > 15:
        raise ValueError(f"{_shown(cell)} is not a number of people")
    written = re.sub(r"\.0+$", "", match[1].strip())
    if match[2]:
        return int(Decimal(written.replace(",", ".")) * (1_000 if match[2] in "kK" else 1_000_000))
    return int(re.sub(r"[,.' ]", "", written))


def domain(cell: str) -> str | None:
    """The host of a web address, lower case, without `www.`; None where there is none."""
    word = text(cell)
    if word is None:
        return None
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", word.lower()).split("/")[0].split("?")[0]
    host = host.rsplit("@", 1)[-1].split(":")[0].strip(".").removeprefix("www.")
    if "." not in host or not re.fullmatch(r"[^\s,;]+", host):
        return None
    return host


def parts(cell: str) -> tuple[str, ...]:
    """The parts of a list written in one cell with `;` or `,` between."""
    return tuple(part for part in re.split(r"[;,\s]+", cell.strip()) if part)


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= _SHOWN_CHARS else cell[:_SHOWN_CHARS] + "…")

"""When something happened, in words that stay true while a draft waits for its reviewer.

"Last week" is wrong a week later, and a day's number would be a figure of its own; "in early March" is
neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_EARLY = ("in early {}", "at the start of {}", "early in {}")
_MIDDLE = ("in mid-{}", "around the middle of {}", "in the middle of {}")
_LATE = ("in late {}", "towards the end of {}", "late in {}")
NAMEABLE = timedelta(days=320)


def in_words(at: datetime | None, now: datetime, choose: Callable[[Sequence[str]], str]) -> str:
    """Say when, to a third of a month; `some time ago` where a month's name alone would mislead."""
    if at is None or at > now or now - at > NAMEABLE:
        return "some time ago"
    part = _EARLY if at.day <= 10 else _MIDDLE if at.day <= 20 else _LATE
    return choose(part).format(_MONTHS[at.month - 1])

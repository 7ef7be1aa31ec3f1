"""Contact pressure: how often one contact may hear from us, over every campaign and channel.

Pure: the caller passes the clock and the history, so the rule reads and tests alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, PositiveInt


class PressureLimit(BaseModel, frozen=True):
    """At most `most` messages in any `window`."""

    most: PositiveInt
    window: timedelta

    @classmethod
    def in_days(cls, most: int, days: int) -> PressureLimit:
        """At most so many in so many days."""
        return cls(most=most, window=timedelta(days=days))

    @classmethod
    def in_hours(cls, most: int, hours: int) -> PressureLimit:
        """At most so many in so many hours."""
        return cls(most=most, window=timedelta(hours=hours))

    def allows(self, sent_at: Sequence[datetime], now: datetime) -> bool:
        """Tell whether one more message at `now` keeps within the limit.

        Args:
            sent_at: UTC times of earlier messages to this contact, in any order. One later than `now`
                (a clock was set back) counts too.
            now: UTC time of the message being judged.

        Raises:
            ValueError: if `now` has no time zone.

        """
        if now.tzinfo is None:
            raise ValueError("`now` has no time zone; pass an aware UTC time")
        return sum(now - at < self.window for at in sent_at) < self.most

    @property
    def in_words(self) -> str:
        """Such as `at most 2 in 7 days`."""
        hours = int(self.window.total_seconds() // 3600)
        days, rest = divmod(hours, 24)
        span = f"{hours} hours" if rest or days < 2 else f"{days} days"
        return f"at most {self.most} in {span}"

"""Who handled decisions, week by week: the system alone, or a person who was asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from domain.base import Noun
from domain.review import ProposalStatus
from domain.run import ContactOutcome
from memory.crm.results import Handled

ALONE = frozenset(
    {ContactOutcome.SENT, ContactOutcome.SCHEDULED, ContactOutcome.NOT_SENT, ContactOutcome.UNKNOWN}
)
"""Messages no person was asked about, whatever became of them on their way."""


class HandledWeek(Noun):
    """Decisions of one week's runs, by who handled them; a week begins on Monday, UTC.

    alone, silent: a message, or silence, nobody was asked about. as_it_stood, edited, rejected, waiting, expired: a
    person was asked, by what came of it. blocked: a rule kept the message back. What a run has not reached, what was
    held out, and who was refused before any decision count in none.
    """

    week: date
    alone: int = 0
    silent: int = 0
    as_it_stood: int = 0
    edited: int = 0
    rejected: int = 0
    waiting: int = 0
    expired: int = 0
    blocked: int = 0

    @property
    def asked(self) -> int:
        """Decisions a person was asked about."""
        return self.as_it_stood + self.edited + self.rejected + self.waiting + self.expired

    @property
    def asked_words(self) -> str:
        """What came of asking: `12 approved as it stood, 3 waiting`; empty where nobody was asked."""
        named = {
            "approved as it stood": self.as_it_stood,
            "approved after edits": self.edited,
            "rejected": self.rejected,
            "expired": self.expired,
            "waiting": self.waiting,
        }
        return ", ".join(f"{many:,} {words}" for words, many in named.items() if many)

    @property
    def by_itself(self) -> int:
        """Decisions nobody was asked about."""
        return self.alone + self.silent + self.blocked

    @property
    def decisions(self) -> int:
        """All of them."""
        return self.asked + self.by_itself

    @property
    def share_alone(self) -> float | None:
        """Share handled alone; None where nothing was decided."""
        return self.by_itself / self.decisions if self.decisions else None


def handled_weeks(lines: Iterable[Handled]) -> tuple[HandledWeek, ...]:
    """Return one line a week in which something was decided, oldest first."""
    weeks: dict[date, Counter[str]] = defaultdict(Counter)
    for line in lines:
        part = _part(line)
        if part is not None:
            day = line.started_at.date()
            weeks[day - timedelta(days=day.weekday())][part] += line.many
    return tuple(HandledWeek(week=week, **counts) for week, counts in sorted(weeks.items()))


def together(weeks: Iterable[HandledWeek]) -> HandledWeek | None:
    """All weeks as one that bears the first's date, or None where there are none."""
    known = list(weeks)
    if not known:
        return None
    names = [name for name in HandledWeek.model_fields if name != "week"]
    return HandledWeek(
        week=known[0].week, **{name: sum(getattr(week, name) for week in known) for name in names}
    )


def _part(line: Handled) -> str | None:
    if line.asked is ProposalStatus.APPROVED:
        return "edited" if line.was_edited else "as_it_stood"
    if line.asked is not None:
        return line.asked.value
    if line.outcome is ContactOutcome.SILENT:
        return "silent"
    if line.outcome is ContactOutcome.BLOCKED:
        return "blocked"
    return "alone" if line.outcome in ALONE else None

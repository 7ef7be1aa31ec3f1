from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.results.handled import HandledWeek, handled_weeks, together
from domain.review import ProposalStatus
from domain.run import ContactOutcome
from memory.crm.results import Handled

SUNDAY = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)


def line(
    outcome: ContactOutcome,
    many: int,
    asked: ProposalStatus | None = None,
    *,
    was_edited: bool = False,
    at: datetime = SUNDAY,
) -> Handled:
    return Handled("r", at, outcome, asked, was_edited, many)


def test_weeks_begin_on_monday() -> None:
    weeks = handled_weeks(
        [line(ContactOutcome.SENT, 1), line(ContactOutcome.SENT, 2, at=SUNDAY + timedelta(hours=1))]
    )
    assert [(week.week, week.alone) for week in weeks] == [(date(2026, 3, 2), 1), (date(2026, 3, 9), 2)]


def test_whoever_was_asked_decides_not_what_became_of_the_message() -> None:
    (week,) = handled_weeks(
        [
            line(ContactOutcome.SENT, 5),
            line(ContactOutcome.SILENT, 4),
            line(ContactOutcome.BLOCKED, 1),
            line(ContactOutcome.SENT, 3, ProposalStatus.APPROVED),
            line(ContactOutcome.SCHEDULED, 2, ProposalStatus.APPROVED, was_edited=True),
            line(ContactOutcome.REJECTED, 1, ProposalStatus.REJECTED),
            line(ContactOutcome.WAITING, 4, ProposalStatus.WAITING),
        ]
    )
    assert (week.by_itself, week.asked, week.decisions) == (10, 10, 20)
    assert week.share_alone == 0.5
    assert week.asked_words == "3 approved as it stood, 2 approved after edits, 1 rejected, 4 waiting"


def test_what_was_no_decision_counts_nowhere() -> None:
    outcomes = (
        ContactOutcome.HELD_OUT,
        ContactOutcome.REFUSED,
        ContactOutcome.QUEUED,
        ContactOutcome.NOT_REACHED,
    )
    assert handled_weeks([line(outcome, 3) for outcome in outcomes]) == ()


def test_weeks_add_up() -> None:
    weeks = (
        HandledWeek(week=date(2026, 3, 2), alone=2),
        HandledWeek(week=date(2026, 3, 9), alone=1, waiting=3),
    )
    whole = together(weeks)
    assert whole is not None
    assert (whole.alone, whole.waiting, whole.share_alone) == (3, 3, 0.5)
    assert together(()) is None
    assert HandledWeek(week=date(2026, 3, 2)).share_alone is None

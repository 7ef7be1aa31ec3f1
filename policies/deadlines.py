"""Deadlines that law sets once somebody asked: opt-outs (C-03), access, export, erasure, objection (C-14).

Pure: the caller passes when it was asked and what was done; an alarm is a finding for a person.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from domain.base import Noun, UtcDatetime
from domain.message import Finding, Severity
from domain.rights import PrivacyRequest, RequestKind
from policies.rulebook import DeadlineRules


class Asked(Noun):
    """One request of one person. `country` and `region` decide the deadline; unknown is the shorter one."""

    contact_id: str
    kind: RequestKind
    asked_at: UtcDatetime
    country: str | None = None


def due_on(request: Asked, rules: DeadlineRules) -> date:
    """Return the last day to answer: a month (GDPR and the like), or 45 days in the United States (CCPA).

    An objection is obeyed at once: its day is the day it was made.
    """
    asked = request.asked_at.date()
    if request.kind is RequestKind.OBJECTION:
        return asked
    days = rules.request_us_days if request.country == "US" else rules.request_days
    return asked + timedelta(days=days)


def due_at(asked: Asked, rules: DeadlineRules) -> datetime:
    """Return the moment by which a request must be answered: the end of its last day, UTC."""
    return datetime.combine(due_on(asked, rules), time.max, tzinfo=UTC)


def alarm(request: PrivacyRequest, now: datetime, rules: DeadlineRules) -> Finding | None:
    """Return a warning while the deadline is near, a block once it has passed, None otherwise."""
    late, last = (request.done_at or now) > request.due_at, request.due_at.date()
    what = f"{request.kind.value} request {request.id}"
    if late:
        how = "was answered late" if request.done_at else "is overdue"
        return _alarm("C-14", Severity.BLOCK, f"{what} {how}: it was due on {last}", "answer it today")
    if request.done_at is None and request.due_at - timedelta(days=rules.request_warn_days) <= now:
        return _alarm("C-14", Severity.WARN, f"{what} is due on {last}", "`attune privacy` answers it")
    return None


def opt_out_alarm(
    asked_at: datetime, stopped_at: datetime | None, now: datetime, rules: DeadlineRules
) -> Finding | None:
    """Return an alarm where an opt-out took, or has been taking, longer than the house allows (C-03).

    Args:
        asked_at: when the opt-out reached us.
        stopped_at: since when the address is suppressed; None while it is not.
        now: aware UTC time.
        rules: the house's seconds, and the law's days for the words.

    """
    took = (stopped_at or now) - asked_at
    if took <= timedelta(seconds=rules.opt_out_seconds):
        return None
    state = "took" if stopped_at else "has been taking"
    reason = (
        f"an opt-out of {asked_at:%Y-%m-%d %H:%M} UTC {state} {int(took.total_seconds())} s to be obeyed; the "
        f"house allows {rules.opt_out_seconds} s, mailbox providers {rules.opt_out_provider_days} days, the "
        f"strictest law {rules.opt_out_law_days} business days"
    )
    return _alarm("C-03", Severity.BLOCK, reason, "suppress the address now")


def _alarm(rule_id: str, severity: Severity, reason: str, mend: str) -> Finding:
    return Finding(rule_id=rule_id, severity=severity, reason=reason, mend=mend)

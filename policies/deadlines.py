"""C-14: by when a person who asks for access, erasure or an objection is answered, and when an alarm is raised."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.rights import PrivacyRequest
from policies.rulebook import RuleBook


def due_at(received_at: datetime, rules: RuleBook) -> datetime:
    """Return the moment by which a request received then must be answered."""
    return received_at + timedelta(days=rules.privacy.answer_days)


def is_pressing(request: PrivacyRequest, now: datetime, rules: RuleBook) -> bool:
    """Tell whether an open request is overdue, or will be within the alarm's days."""
    return request.done_at is None and request.due_at - timedelta(days=rules.privacy.alarm_days) <= now

"""Sending reputation: complaint and bounce rates that warn, and that pause a campaign (C-24).

Pure: the caller counts (or lets `counts_of` count) what came back in the rolling window and acts on the
verdict. One complaint alone never pauses: in a small campaign it is a high rate by accident.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import NonNegativeInt

from domain.base import Noun
from domain.events import Event, EventKind
from domain.message import Finding, Severity, Verdict
from policies.rulebook import ReputationRules


class SendingCounts(Noun):
    """What came back in one window, for one campaign or for the whole house.

    `sent` are messages handed over in the window; complaints and hard bounces those reported in it.
    """

    sent: NonNegativeInt = 0
    complaints: NonNegativeInt = 0
    hard_bounces: NonNegativeInt = 0


def judge_reputation(counts: SendingCounts, rules: ReputationRules) -> Verdict:
    """Return C-24's findings: a block pauses sending until a person resumes, a warning is shown.

    Args:
        counts: of the last `rules.window_days` days.
        rules: the rule book's `reputation` section.

    """
    findings = (
        _judged(
            "complaint",
            counts.complaints,
            counts.sent,
            rules.complaint_warn_share,
            rules.complaint_pause_share,
            rules.complaint_pause_least,
        ),
        _judged(
            "hard bounce",
            counts.hard_bounces,
            counts.sent,
            rules.bounce_warn_share,
            rules.bounce_pause_share,
            rules.bounce_pause_least,
        ),
    )
    return Verdict(findings=tuple(finding for finding in findings if finding))


def counts_of(events: Iterable[Event], now: datetime, rules: ReputationRules) -> SendingCounts:
    """Count one campaign's events of the rolling window; an event told twice counts once.

    Args:
        events: of one campaign (or of all); other kinds and older ones are passed over.
        now: aware UTC time; the window ends here.
        rules: names the window.

    """
    since = now - timedelta(days=rules.window_days)
    seen: dict[EventKind, set[str]] = {kind: set() for kind in _COUNTED}
    for event in events:
        if event.kind in seen and since <= event.at <= now:
            seen[event.kind].add(event.id)
    return SendingCounts(
        sent=len(seen[EventKind.EMAIL_SENT]),
        complaints=len(seen[EventKind.EMAIL_COMPLAINED]),
        hard_bounces=len(seen[EventKind.EMAIL_BOUNCED]),
    )


_COUNTED = (EventKind.EMAIL_SENT, EventKind.EMAIL_COMPLAINED, EventKind.EMAIL_BOUNCED)


def _judged(
    what: str, many: int, sent: int, warn_share: float, pause_share: float, pause_least: int
) -> Finding | None:
    if many == 0:
        return None
    # Something came back and nothing was counted as sent: the rate cannot be told, so it is the worst.
    share = many / sent if sent else 1.0
    if share < warn_share:
        return None
    pauses = share >= pause_share and many >= pause_least
    limit = pause_share if pauses else warn_share
    plural = "" if many == 1 else "s"
    return Finding(
        rule_id="C-24",
        severity=Severity.BLOCK if pauses else Severity.WARN,
        reason=f"{many} {what}{plural} of {sent} messages: {share:.2%}, and {limit:.2%} "
        + ("pauses sending" if pauses else "warns"),
        mend=f"look at who was written to and what they got; see `attune policy explain C-24` ({what}s)",
    )

"""What comes back about an address: what stops it for good, and what makes it rest for a while (C-19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from domain.decision import Refusal
from domain.events import Event, EventKind
from domain.people import Contact, Suppression, SuppressionReason
from policies.rulebook import BounceRules

STOPPING: dict[EventKind, SuppressionReason] = {
    EventKind.EMAIL_BOUNCED: SuppressionReason.HARD_BOUNCE,
    EventKind.EMAIL_COMPLAINED: SuppressionReason.COMPLAINT,
    EventKind.EMAIL_UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}
"""Events that stop an address for good."""


def stops_after(events: Iterable[Event], address: str) -> tuple[Suppression, ...]:
    """Return the lasting stops these events of one address call for, each reason once, the earliest first.

    A machine's unsubscribe counts: a scanner that follows a one-click POST is rare, and writing to somebody
    who opted out cannot be taken back.
    """
    first: dict[SuppressionReason, Event] = {}
    for event in sorted(events, key=lambda e: (e.at, e.id)):
        reason = STOPPING.get(event.kind)
        if reason is not None:
            first.setdefault(reason, event)
    return tuple(
        Suppression(
            address=address.strip().lower(),
            reason=reason,
            source=event.source,
            since=event.at,
            contact_id=event.contact_id,
        )
        for reason, event in first.items()
    )


def rests_until(soft_bounced_at: Sequence[datetime], rules: BounceRules) -> datetime | None:
    """Return until when an address rests after soft bounces, or None if it never had too many.

    Args:
        soft_bounced_at: UTC times, in any order.
        rules: so many within the window make it rest until the window no longer holds them all.

    """
    window, times = timedelta(days=rules.soft_window_days), sorted(soft_bounced_at)
    runs = zip(times, times[rules.soft_most - 1 :], strict=False)
    return max((first + window for first, last in runs if last - first < window), default=None)


def refuses(
    contact: Contact, soft_bounced_at: Sequence[datetime], now: datetime, rules: BounceRules
) -> Refusal | None:
    """Return why this contact's address rests at `now`, or None."""
    until = rests_until([at for at in soft_bounced_at if at <= now], rules)
    if until is None or now >= until:
        return None
    reason = (
        f"messages to {contact.name} bounced {rules.soft_most} times or more within "
        f"{rules.soft_window_days} days; the address rests until {until:%Y-%m-%d}"
    )
    return Refusal(contact_id=contact.id, rule_id="C-19", reason=reason)

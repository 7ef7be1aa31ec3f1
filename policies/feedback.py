"""What comes back, judged: whose click is a machine's, and when soft bounces pause an address.

Pure, and a function of the set of events: in whatever order they arrive, the answer ends up the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from policies.rulebook import FeedbackRules


class Click(NamedTuple):
    """One click on a link of one message."""

    id: str
    at: datetime
    url: str | None


def is_machine_agent(user_agent: str | None, rules: FeedbackRules) -> bool:
    """Tell whether this user agent is a scanner, a privacy proxy or a robot.

    A bare `Mozilla/5.0` is what Apple's mail privacy protection sends. A missing one tells nothing.
    """
    if user_agent is None or not user_agent.strip():
        return False
    said = user_agent.strip().lower()
    return said == "mozilla/5.0" or any(part in said for part in rules.machine_agents)


def machine_clicks(
    clicks: Sequence[Click], left_at: Collection[datetime], rules: FeedbackRules
) -> frozenset[str]:
    """Return the ids of clicks on one message that no person made.

    Args:
        clicks: every click on the message, in any order.
        left_at: UTC times at which the message left us or arrived, as far as known.
        rules: how soon is too soon, and how many links at once are too many.

    """
    soon = timedelta(seconds=rules.machine_click_seconds)
    at_once = timedelta(seconds=rules.burst_seconds)
    found = {click.id for click in clicks if any(timedelta(0) <= click.at - left < soon for left in left_at)}
    for click in clicks:
        together = [other for other in clicks if abs(other.at - click.at) <= at_once]
        if len({other.url for other in together if other.url}) >= rules.burst_links:
            found.add(click.id)
    return frozenset(found)


def soft_bounce_pause(
    bounced_at: Collection[datetime], rules: FeedbackRules
) -> tuple[datetime, datetime] | None:
    """Return when soft bounces of one address begin to pause it and when the pause ends, or None (C-19).

    It begins with the bounce that completes the count within the window, and ends a window after the last
    bounce that did so; a later burst moves the end.
    """
    window = timedelta(days=rules.soft_bounce_days)
    times = sorted(bounced_at)
    step = rules.soft_bounces - 1
    full = [times[i] for i in range(step, len(times)) if times[i] - times[i - step] <= window]
    return (full[0], full[-1] + window) if full else None

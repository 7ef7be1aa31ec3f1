"""What comes back, judged: whose opens and clicks are a machine's (H-10).

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

"""What can be told sooner where a goal needs more contacts than there will be: denser stages, or a larger change. Pure.

“About 170,000 more contacts” is right and of no use to whoever has four hundred. The power behind it is the same that
the gate asks for (`learning/lift.py`); here it is read the other way round.
"""

from __future__ import annotations

import math

from app.amounts import rounded_up
from app.lifts import LiftLine
from app.metrics import CampaignMetrics
from domain.decision import Arm
from learning.lift import LEAST_EFFECT

FAR = 5
"""A goal that needs this many times the contacts there are is said to be out of reach of the list."""
MUCH_SOONER = 0.5
"""Another outcome is worth naming where it needs at most this share of what the goal needs."""
MOST_NAMED = 2
OF_EVERYBODY = frozenset({"reply", "meeting", "mql", "sql", "opportunity", "won", "renewed"})
"""Outcomes of everybody; a move from one stage to the next is of few, and is told later than both."""
LARGEST_CHANGE = 4.0
"""A change beyond this many times the usual is not worth saying."""
WORTH_SAYING = 0.8
"""A larger holdout is advised where it takes at most this share of the contacts."""


def told_sooner(metrics: CampaignMetrics, goal: LiftLine, names: dict[str, str]) -> tuple[str, ...]:
    """Say what a list of this size can and cannot tell; nothing where waiting for the goal is no long wait.

    Args:
        metrics: one campaign's.
        goal: the comparison that cannot be told, of the arm that is spoken of.
        names: outcomes in the plural, by name.

    """
    contacts = metrics.contacts
    if contacts <= 0 or goal.more_contacts <= FAR * contacts:
        return ()
    noun = names.get(goal.what, goal.what)
    people = f"{contacts:,} contact{'' if contacts == 1 else 's'}"
    said = [f"A list of {people} is too small to tell a difference of a fifth in {noun}."]
    others = _denser(metrics, goal)
    if others:
        listed = ", and ".join(
            f"{names.get(one.what, one.what)} after about {rounded_up(one.more_contacts)} more contacts"
            for one in others
        )
        begins = "Told sooner" if others[0].more_contacts <= FAR * contacts else "Nearer, and still far"
        said.append(f"{begins}: {listed}.{_of_replies(others)}")
    said += _large_enough((others or (goal,))[0], contacts, names)
    return (*said, *_larger_holdout(metrics, goal.arm))


def _denser(metrics: CampaignMetrics, goal: LiftLine) -> tuple[LiftLine, ...]:
    """Outcomes seen, not told yet, that need far fewer contacts than the goal; those that need the fewest first."""
    found = [
        one
        for one in metrics.lifts
        if one.arm is goal.arm
        and one.unit == "share"
        and one.what in OF_EVERYBODY
        and one.what != goal.what
        and one.estimate is None
        and one.reason in {"too_few", "too_wide"}
        and one.more_contacts <= MUCH_SOONER * goal.more_contacts
    ]
    return tuple(sorted(found, key=lambda one: one.more_contacts)[:MOST_NAMED])


def _of_replies(others: tuple[LiftLine, ...]) -> str:
    if all(one.what != "reply" for one in others):
        return ""
    return " Whoever is left alone has nothing to reply to: replies say that messages are answered, not that they sell."


def _large_enough(line: LiftLine, contacts: int, names: dict[str, str]) -> tuple[str, ...]:
    """How large a change would show with the contacts there are: what is needed falls with its square."""
    change = LEAST_EFFECT * math.sqrt((contacts + line.more_contacts) / contacts)
    if change > LARGEST_CHANGE:
        return ()
    noun = names.get(line.what, line.what)
    percent = 10 * math.ceil(change * 10)
    return (
        f"With the contacts there are, a change in {noun} shows only from about {percent}\N{NO-BREAK SPACE}% on.",
    )


def _larger_holdout(metrics: CampaignMetrics, arm: Arm) -> tuple[str, ...]:
    """How much fewer it takes where half are held out: the doubt falls with share held out times share that is not."""
    many = {line.arm: line.contacts for line in metrics.arms}
    held, rest = many.get(Arm.HOLDOUT, 0), many.get(arm, 0)
    if not held or not rest:
        return ()
    share = held / (held + rest)
    factor = 4 * share * (1 - share)
    if factor > WORTH_SAYING or share > 0.5:
        return ()
    return (
        f"Holding out half instead of {share:.0%} takes about {factor:.0%} of these numbers; they get no message.",
    )

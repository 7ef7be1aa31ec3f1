"""What a lift says, in words: a number with its interval, or what is missing. Never both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.amounts import rounded_up, whole_money

if TYPE_CHECKING:
    from app.lifts import LiftLine
    from app.metrics import CampaignMetrics

ARM_NAMES = {
    "learned": "Learned",
    "explore": "Random",
    "usual": "Usual",
    "holdout": "Holdout",
    "asked": "Asked for",
}
OTHERS = {"holdout": "the holdout", "usual": "usual practice", "explore": "what is drawn at random"}
"""Arms another one is held against, as they stand in a sentence."""

WHAT_NAMES = {
    "mql": "MQL",
    "sql": "SQL",
    "mql to sql": "MQL to SQL",
    "sql to opportunity": "SQL to opportunity",
    "reply": "replies",
    "meeting": "meetings",
    "opportunity": "opportunities",
    "won": "deals won",
    "renewed": "renewals",
}


ONE_OF = {
    "reply": "reply",
    "meeting": "meeting",
    "mql": "MQL",
    "sql": "SQL",
    "opportunity": "opportunity",
    "won": "deal won",
    "renewed": "renewal",
}
"""A single outcome, by its name."""


def sentence(told: LiftLine, currency: str) -> str:
    """One comparison in words: a number with its interval, or what is missing. Never both."""
    if told.reason == "no_holdout":
        return "cannot tell: nobody is held out. Set `holdout_share` in the campaign file"
    if told.estimate is None or told.low is None or told.high is None or told.holdout_mean is None:
        why = {"nothing_yet": "none seen yet", "too_few": "too few so far"}.get(told.reason, "")
        return (
            f"cannot tell{f' ({why})' if why else ''}; about {rounded_up(told.more_contacts)} more contacts"
        )
    other = OTHERS[told.against.value]
    word = {"better": "better", "worse": "worse", "alike": "no difference that matters"}[told.telling.value]
    if told.unit == "share":
        return (
            f"{word}: {told.estimate * 100:+.1f} per 100 contacts, between {told.low * 100:+.1f} and "
            f"{told.high * 100:+.1f}; {other} has {told.holdout_mean * 100:.1f}"
        )
    low, middle, high = (whole_money(cents, currency) for cents in (told.low, told.estimate, told.high))
    return f"{word}: {middle} a contact, between {low} and {high}"


def side_by_side(found: CampaignMetrics) -> str:
    """How the learner, usual practice and chance each did against the holdout, by the goal.

    Empty where nobody but the learner is compared with it. No interval says how far they differ from one another.
    """
    told = {one.arm.value: one for one in found.lifts if one.what == found.goal.value}
    arms = [arm for arm in _BESIDE if arm in told]
    if len(arms) < 2 or arms[0] != "learned" or told["learned"].reason == "no_holdout":
        return ""
    said = "; ".join(f"{_BESIDE[arm]}: {_short(told[arm], found.currency)}" for arm in arms)
    what = WHAT_NAMES.get(found.goal.value, found.goal.value)
    return f"Side by side, each against the holdout in {what}: {said}. They are not compared with one another directly."


_BESIDE = {"learned": "Attune", "usual": "usual practice", "explore": "drawn at random"}


def _short(told: LiftLine, currency: str) -> str:
    return sentence(told, currency).partition("; the holdout")[0].replace("; ", ", ")


def is_worth_a_line(told: LiftLine, found: CampaignMetrics) -> bool:
    """The goal and revenue always are; other stages once somebody reached them. `--json` has them all."""
    return told.what in {found.goal.value, "revenue"} or told.reason not in {"nothing_yet", "no_holdout"}


def counted(found: CampaignMetrics) -> str:
    """Say what the columns count, and where wins are seen whose money is not."""
    said = (
        f"Replies to Won count contacts to whom it happened within {found.window_days} days of their first decision, "
        "once these are over; a click is none of them, so fewer than a demo's “answered”."
    )
    if any(arm.reward_give_or_take is not None for arm in found.arms):
        said += " Reward: what happened afterwards is worth, less costs, a contact; ± is its 95 % interval."
    won = sum(arm.reached["won"] + arm.reached["renewed"] for arm in found.arms)
    if won and not any(arm.revenue_cents for arm in found.arms):
        said += (
            f" Of the {won:,} won none has an amount in {found.currency}, so there is no revenue to compare."
        )
    return said

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
    """How what the learner decided compares with usual practice and with chance, by the goal; empty without either."""
    told = [one for one in found.contests if one.what == found.goal.value]
    what = WHAT_NAMES.get(found.goal.value, found.goal.value)
    return " ".join(
        f"Attune against {OTHERS[one.against.value]}, in {what}: {sentence(one, found.currency)}."
        for one in told
    )


def revenue_words(found: CampaignMetrics) -> str:
    """What won deals brought that a campaign's messages stood before, and how much of it would not have come anyway."""
    said = (
        f"{whole_money(found.attributed_revenue_cents, found.currency)} of won deals had a message of "
        f"{found.name} before them"
    )
    if found.incremental_revenue_cents is None:
        return f"{said}; how much would have come anyway cannot be told yet."
    middle, low, high = (whole_money(cents, found.currency) for cents in found.incremental_revenue_cents)
    return f"{said}. Measured beside the holdout, within the windows, it brought {middle}, between {low} and {high}."


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
    if found.attributed_revenue_cents:
        said += f" Purchases later than these {found.window_days} days count under attributed revenue alone."
    return said

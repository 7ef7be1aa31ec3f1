"""The verdict on a campaign in one or two sentences: what it brought, or what is missing to tell."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from app.amounts import rounded_up, whole_money
from app.lift_words import ARM_NAMES, WHAT_NAMES
from app.lifts import SPOKEN, LiftLine
from app.metrics import CampaignMetrics
from app.results.sooner import told_sooner
from app.signs import second
from domain.base import Noun
from domain.campaign import Outcome
from domain.decision import Arm
from learning.lift import Telling

Tone = Literal["good", "bad", "quiet", "warn"]

LONGEST_WEEKS = 104
"""Beyond two years a wait is no longer told in weeks: it says that the question must be put otherwise."""

PLURALS = {
    "reply": "replies",
    "meeting": "meetings",
    "mql": "MQLs",
    "sql": "SQLs",
    "opportunity": "opportunities",
    "won": "deals won",
    "renewed": "renewals",
    "mql to sql": "moves from MQL to SQL",
    "sql to opportunity": "moves from SQL to opportunity",
}


class Pace(Noun):
    """How fast new contacts come in: those first decided about in the last `weeks` full weeks, a week."""

    weeks: int
    contacts_a_week: float

    @classmethod
    def of(cls, start: NDArray[np.datetime64], now: datetime, weeks: int) -> Self:
        """Count from each contact's first decision, shape (c,), datetime64[s]."""
        lately = start >= second(now) - np.timedelta64(weeks * 7, "D")
        return cls(weeks=weeks, contacts_a_week=float(lately.sum()) / weeks)

    def weeks_for(self, contacts: int) -> int | None:
        """Weeks until so many more contacts have come in, or None where that is too far off to say."""
        if self.contacts_a_week <= 0:
            return None
        weeks = int(np.ceil(contacts / self.contacts_a_week))
        return weeks if weeks <= LONGEST_WEEKS else None


class Headline(Noun):
    """What a campaign's results come to. `verdict` stands alone in a list; `more` goes with it on its own page.

    `sooner`: where the verdict needs more contacts than there will be, what a list of this size can tell instead.
    """

    tone: Tone
    word: str
    verdict: str
    more: tuple[str, ...] = ()
    sooner: tuple[str, ...] = ()


def headline_of(metrics: CampaignMetrics, pace: Pace) -> Headline:
    """Say what the learner's arm brought beyond the holdout, by the campaign's goal first."""
    arms = [line.arm for line in metrics.arms if line.arm in SPOKEN]
    if not arms and any(line.arm is Arm.ASKED for line in metrics.arms):
        return Headline(
            tone="quiet",
            word="no comparison",
            verdict="Only messages that members asked for were decided, and those are compared with nothing.",
        )
    if not arms:
        return Headline(
            tone="warn",
            word="no comparison",
            verdict="Everybody is held out, so there is nothing to compare.",
        )
    arm = Arm.LEARNED if Arm.LEARNED in arms else arms[0]
    of_arm = [line for line in metrics.lifts if line.arm is arm]
    goal = next(line for line in of_arm if line.what == metrics.goal.value)
    others = tuple(
        told_words(line, metrics.currency)
        for line in of_arm
        if line is not goal and line.estimate is not None
    )
    if metrics.cut_short:
        who = "1 contact counts" if metrics.cut_short == 1 else f"{metrics.cut_short:,} contacts count"
        others = (*others, f"{who} only until a message that a member asked for went to them.")
    if metrics.goal is Outcome.REPLY and goal.reason != "no_holdout":
        others = (
            "Those left alone get no message to reply to, so every reply counts as brought. What replies lead to, "
            "meetings and later stages, says more.",
            *others,
        )
    if goal.reason == "no_holdout":
        return Headline(
            tone="warn",
            word="no comparison",
            verdict="Cannot tell: nobody is held out, so nobody knows what would have come anyway.",
            more=(
                "Set `holdout_share` in the campaign file, to 0.1 for one in ten: whoever is first decided about from "
                "then on can be compared.",
                *others,
            ),
        )
    whose = "" if arm is Arm.LEARNED else f"Attune has decided for nobody yet. {ARM_NAMES[arm.value]} arm: "
    if goal.estimate is None:
        return Headline(
            tone="quiet",
            word="not told yet",
            verdict=f"{whose}{_untold(goal)}",
            more=(*others, *_wait(goal, pace)),
            sooner=told_sooner(metrics, goal, PLURALS),
        )
    return Headline(
        tone=_TONES[goal.telling],
        word=_WORDS[goal.telling],
        verdict=f"{whose}{told_words(goal, metrics.currency)}",
        more=others,
    )


_TONES: dict[Telling, Tone] = {
    Telling.BETTER: "good",
    Telling.WORSE: "bad",
    Telling.ALIKE: "quiet",
    Telling.CANNOT_TELL: "quiet",
}


_WORDS: dict[Telling, str] = {
    Telling.BETTER: "better",
    Telling.WORSE: "worse",
    Telling.ALIKE: "no difference",
    Telling.CANNOT_TELL: "not told yet",
}


def told_words(line: LiftLine, currency: str) -> str:
    """A lift that is told, as a sentence with its interval. Raises `ValueError` for one that is not."""
    if line.estimate is None or line.low is None or line.high is None or line.holdout_mean is None:
        raise ValueError(f"nothing can be told of {line.what}")
    what = WHAT_NAMES.get(line.what, line.what)
    if line.unit == "cents":
        low, middle, high = (whole_money(cents, currency) for cents in (line.low, line.estimate, line.high))
        if line.telling is Telling.ALIKE:
            return f"No difference in {what} that matters: between {low} and {high} a contact."
        word = "More" if line.telling is Telling.BETTER else "Less"
        return f"{word} {what} than without: {middle} a contact, between {low} and {high}."
    noun = PLURALS.get(line.what, what)
    low, high = f"{line.low * 100:+.1f}", f"{line.high * 100:+.1f}"
    if line.telling is Telling.ALIKE:
        return f"No difference in {noun} that matters: between {low} and {high} in 100 contacts."
    word = "More" if line.telling is Telling.BETTER else "Fewer"
    return (
        f"{word} {noun} than without: {line.estimate * 100:+.1f} in 100 contacts, between {low} and {high}; "
        f"{line.holdout_mean * 100:.1f} in 100 come without it."
    )


def _untold(line: LiftLine) -> str:
    noun = PLURALS.get(line.what, line.what)
    seen = " None was seen yet." if line.reason == "nothing_yet" else ""
    return (
        f"Not enough data to tell what it changes in {noun}.{seen} "
        f"About {rounded_up(line.more_contacts)} more contacts are needed."
    )


def _wait(line: LiftLine, pace: Pace) -> tuple[str, ...]:
    if pace.contacts_a_week <= 0:
        return (f"No new contact came in during the last {pace.weeks} weeks, so waiting will not tell.",)
    weeks = pace.weeks_for(line.more_contacts)
    a_week = f"{pace.contacts_a_week:,.0f}" if pace.contacts_a_week >= 1 else "fewer than one"
    if weeks is None:
        return (
            f"At {a_week} new contacts a week that takes longer than two years. A larger holdout tells sooner, and so "
            "does a goal that is reached more often, such as replies.",
        )
    return (f"At {a_week} new contacts a week that takes about {weeks} week{'' if weeks == 1 else 's'}.",)

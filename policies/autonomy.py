"""Earned autonomy: which classes of messages have shown that they need no person, and when they lose that again.

Pure. A class is campaign × content × level of stakes (`domain.autonomy.ActionClass`). Its record is what reviewers
made of it; the system proposes, an admin decides. Three things no grant changes: a locked reason always asks, some
messages of a granted class are still asked about, and a bad day takes the grant away before anyone decides.

The bound is looked at after every review, so it must hold at every look: it is the lower end of Robbins' confidence
sequence for a share (mixture of Bernoulli likelihoods over a uniform prior), not a Wilson or Clopper-Pearson
interval, which hold at one planned look only.
Source: Robbins (1970), Ann. Math. Statist. 41(5), "Statistical methods related to the law of the iterated logarithm".
"""

from __future__ import annotations

import hashlib
import json
from math import lgamma, log, log1p
from typing import Any

from domain.autonomy import (
    ActionClass,
    Advice,
    ClassStanding,
    Day,
    Grant,
    GrantState,
    TrackRecord,
)
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.message import Stakes, StakesLevel, StakesReason
from policies.rulebook import AutonomyRules

BAD_DAY = "bad day"
"""Who narrows a class where no person did."""

_HALVINGS = 60
_NOT_WORDS: dict[str, Any] = {
    **dict.fromkeys(("is_active", "stages", "seniorities", "industries"), True),
    "claims": {"__all__": {"approved_by", "approved_on"}},
}
"""Of an asset, what no draft ever reads."""


def lower_bound(successes: int, trials: int, confidence: float) -> float:
    """Return what a share is at least, at every look at once, with probability `confidence`.

    Args:
        successes: how many of the trials succeeded.
        trials: how many there were; 0 gives 0.
        confidence: in (0, 1).

    Raises:
        ValueError: if the counts or the confidence cannot be.

    """
    if not 0 <= successes <= trials or not 0 < confidence < 1:
        raise ValueError(f"no share has {successes} of {trials} at confidence {confidence}")
    if successes == 0:
        return 0.0
    failures = trials - successes
    # The mixture's likelihood over that of p; p is within while their ratio is below 1 / alpha.
    mixture = lgamma(successes + 1) + lgamma(failures + 1) - lgamma(trials + 2)
    bound = mixture + log(1 - confidence)
    low, high = 0.0, successes / trials
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        likelihood = successes * log(middle) + (failures * log1p(-middle) if failures else 0.0)
        low, high = (middle, high) if likelihood < bound else (low, middle)
    return low


def in_a_row(rules: AutonomyRules) -> int:
    """Return how many reviews of a class, all approved as written, a grant takes."""
    reviews = rules.widen_reviews
    while lower_bound(reviews, reviews, rules.confidence) < rules.widen_share:
        reviews += 1
    return reviews


def words_sha256(campaign: Campaign, asset: ContentAsset) -> str:
    """Return the hash of all that a campaign and its content tell whoever drafts; a record is of these words."""
    goal = campaign.goal
    told: dict[str, Any] = {
        "campaign": [campaign.name, goal.outcome.value, goal.window_days, campaign.brief.strip()],
        "asset": asset.model_dump(mode="json", exclude=_NOT_WORDS),
    }
    told["asset"]["claims"].sort(key=lambda claim: claim["id"])
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def rests(grant: Grant | None, words: str) -> bool:
    """Tell whether a class was granted for other words than it has now (`words_sha256`; empty if it has none)."""
    is_granted = grant is not None and grant.state is GrantState.GRANTED
    return grant is not None and is_granted and (not words or grant.words_sha256 != words)


def may_go_alone(grant: Grant | None, day: Day, level: StakesLevel, words: str, rules: AutonomyRules) -> bool:
    """Tell whether a class may go without a person now: granted for these words, not high, and today is no bad day."""
    is_granted = grant is not None and grant.state is GrantState.GRANTED and not rests(grant, words)
    return is_granted and level is not StakesLevel.HIGH and bad_day(day, rules) is None


def with_autonomy(stakes: Stakes, is_alone: bool, decision_id: str, rules: AutonomyRules) -> Stakes:
    """Return the stakes with their reasons waived where the class may go alone, but for the looks that are kept.

    Args:
        stakes: as assessed. Locked reasons are never waived.
        is_alone: what `may_go_alone` said.
        decision_id: draws, always the same way, whether this one is still looked at.
        rules: the rule book's `autonomy` section.

    """
    locked = any(reason.is_locked for reason in stakes.reasons)
    if not is_alone or not stakes.reasons or locked or stakes.level is StakesLevel.HIGH:
        return stakes
    if is_looked_at(decision_id, rules.check_share):
        look = StakesReason(
            code="spot_check",
            text=f"May go alone; {rules.check_share:.0%} of such messages are still looked at",
            is_minor=True,
        )
        return stakes.model_copy(update={"reasons": (look, *stakes.reasons)})
    return Stakes(reasons=(), waived=stakes.reasons)


def is_looked_at(decision_id: str, share: float) -> bool:
    """Tell whether a message is one of those still looked at: drawn by its decision, the same on every restart."""
    drawn = int.from_bytes(hashlib.sha256(f"spot check {decision_id}".encode()).digest()[:8], "big")
    return drawn / 2**64 < share


def bad_day(day: Day, rules: AutonomyRules) -> str | None:
    """Return what went wrong within a day, in words, or None."""
    record = day.record
    if record.changed >= rules.bad_reviews and record.changed >= rules.bad_share * record.decided:
        return f"reviewers edited or rejected {record.changed} of {record.decided} within a day"
    if day.complaints >= rules.bad_complaints:
        return f"{_many(day.complaints, 'recipient')} complained within a day"
    if day.opt_outs >= rules.bad_opt_outs:
        return f"{_many(day.opt_outs, 'recipient')} opted out within a day"
    return None


def standing(
    action_class: ActionClass,
    record: TrackRecord,
    grant: Grant | None,
    day: Day,
    words: str,
    rules: AutonomyRules,
) -> ClassStanding:
    """Return a class's standing, with what the system proposes and why.

    Args:
        action_class: which.
        record: of the last `rules.window_days` days, and not before the class was granted or narrowed.
        grant: what was last decided about it, or None.
        day: its last 24 hours.
        words: hash of what it is told to say now (`words_sha256`); empty where that is not there.
        rules: the rule book's `autonomy` section.

    """
    share = record.unedited / record.decided if record.decided else None
    lower = lower_bound(record.unedited, record.decided, rules.confidence) if record.decided else None
    is_resting = rests(grant, words)
    advice, said = _advice(action_class, record, lower, grant, day, rules, is_resting)
    return ClassStanding(
        action_class=action_class,
        record=record,
        share=share,
        lower=lower,
        grant=grant,
        rests=is_resting,
        advice=advice,
        words=said,
    )


def _advice(
    action_class: ActionClass,
    record: TrackRecord,
    lower: float | None,
    grant: Grant | None,
    day: Day,
    rules: AutonomyRules,
    is_resting: bool,
) -> tuple[Advice, str]:
    said = f"{record.unedited} of {record.decided} approved as written"
    if action_class.level is StakesLevel.HIGH:
        return Advice.NOTHING, "High stakes always stay with people."
    if grant is not None and grant.state is GrantState.GRANTED:
        if wrong := bad_day(day, rules):
            return Advice.NARROW, f"A bad day: {wrong}."
        if is_resting:
            return Advice.NARROW, (
                "The grant rests: the content or the campaign's brief is another than it was granted for, so it asks. "
                "Its old words would wake it; for new ones let it ask again, and its record begins anew."
            )
        if record.changed >= rules.bad_reviews and record.unedited < rules.keep_share * record.decided:
            return Advice.NARROW, f"Only {said} since; below {rules.keep_share:.0%} it should ask again."
        return Advice.NOTHING, f"Looked at since: {said}." if record.decided else "No look since."
    if wrong := bad_day(day, rules):
        return Advice.NOTHING, f"A bad day: {wrong}. It asks."
    missing = rules.widen_reviews - record.decided
    if missing > 0:
        return Advice.NOTHING, f"{_many(missing, 'more review')} before anything can be said."
    assert lower is not None
    if lower < rules.widen_share:
        return (
            Advice.NOTHING,
            f"{said}: at least {lower:.0%}, which is below the {rules.widen_share:.0%} a grant needs.",
        )
    if grant is not None and grant.state is GrantState.DECLINED:
        more = grant.decided_then + rules.widen_reviews - record.decided
        if more > 0:
            return (
                Advice.NOTHING,
                f"It was declined; {_many(more, 'more review')} before it is proposed again.",
            )
    return Advice.WIDEN, f"{said}: at least {lower:.0%}, however often one looks."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

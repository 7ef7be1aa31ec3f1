"""What came of decisions: joins what the CRM says happened with what it is worth.

`gather` turns one campaign's decisions and everything that happened to their contacts into arrays; `rewards_of`
makes rewards of them, each with the parts that explain it. Nothing is stored here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.signs import KINDS, SignBook, moments, second, seconds
from domain.base import Noun, UtcDatetime
from domain.campaign import Campaign, Goal, Outcome
from domain.people import DealKind, SuppressionReason
from learning.deal_size import DealSizes, fit_sizes
from learning.landmarks import followed
from learning.rewards import COMPLAINED, UNSUBSCRIBED, Decided, Rewards, path_of
from learning.rewards import rewards_of as rewards_in
from learning.signs import (
    Signs,
    name_of,
)
from learning.value import ValueModel, fit, prior_model
from memory.crm.leads import LeadReader
from memory.crm.outcomes import DealStory, DecisionLine, OutcomeReader

if TYPE_CHECKING:
    from app.wiring import House

_MICROS_PER_CENT = 10_000


class RewardPart(Noun):
    """One reason for a reward: a sign (or a cost), when, and the decision's share of it."""

    what: str
    cents: float
    at: UtcDatetime | None = None
    share: float = 1.0


class DecisionReward(Noun):
    """What one decision brought so far.

    `is_telling`: early signals have had their time, so the reward may be learned from, and revised later.
    `is_mature`: the goal's window has closed. `was_carried_out`: silence and holdout always are; a message
    only once it left. What was not carried out teaches nothing about its action. `acted`: the message was
    answered; `answer_cents` is what that is expected to bring, whatever came of it later, with the harm: what a
    learner is taught.
    """

    decision_id: str
    campaign_id: str
    contact_id: str
    decided_at: UtcDatetime
    action_key: str
    reward_cents: int
    is_telling: bool
    is_mature: bool
    was_carried_out: bool
    acted: bool = False
    answer_cents: float = 0.0
    parts: tuple[RewardPart, ...] = ()
    unit_cents: float | None = None
    value_model_version: str
    computed_at: UtcDatetime


@dataclass(frozen=True)
class Gathered:
    """One campaign's decisions and signs as arrays; contacts are numbered by `contact_ids`."""

    campaign: Campaign
    now: datetime
    contact_ids: tuple[str, ...]
    account_ids: tuple[str | None, ...]
    lines: tuple[DecisionLine, ...]
    decided: Decided
    signs: Signs
    harm: Signs
    sizes: DealSizes
    size: NDArray[np.float64]
    """Shape (contacts,): how many times the usual deal each one's account is expected to bring."""
    deals: tuple[DealStory, ...] = ()

    @property
    def goal(self) -> Goal:
        """The campaign's goal."""
        return self.campaign.goal

    @cached_property
    def value_model(self) -> ValueModel:
        """The value model as fitted to what is known by now; the documented chances where nothing is mature."""
        prior = prior_model(self.goal)
        signs = self.signs.in_usual_deals(self.size)
        path = path_of(signs, prior, self.goal)
        seen = followed(
            signs, path, self.decided.contact, self.decided.at, second(self.now), self.goal, prior
        )
        return fit(prior, seen)

    @cached_property
    def rewards(self) -> Rewards:
        """What each decision brought by now."""
        return rewards_in(
            self.signs,
            self.harm,
            self.decided,
            self.value_model,
            self.goal,
            second(self.now),
            size=self.size,
        )


def gather(house: House, campaign: Campaign, now: datetime, past: Sequence[DecisionLine] = ()) -> Gathered:
    """Read what a campaign decided and what happened to its contacts until `now`.

    Args:
        house: the opened workspace.
        campaign: whose decisions.
        now: UTC; nothing later is seen.
        past: what else is taken as decisions of this campaign; of whomever they are, everything is read.
    """
    reader = OutcomeReader(house.engine)
    lines = sorted((*reader.decisions(campaign.id, now), *past), key=lambda line: (line.decided_at, line.id))
    scope = None if past else campaign.id
    standpoints = reader.standpoints(scope)
    if not past:
        # Whom only a dry run considered, or a run after `now`, has no decision to count from.
        meant = {line.contact_id for line in lines}
        standpoints = [one for one in standpoints if one.contact_id in meant]
    number = {standpoint.contact_id: i for i, standpoint in enumerate(standpoints)}
    acts = reader.acts(KINDS, now, scope)
    told = SignBook(number, campaign.goal, now, lines, standpoints)
    for act in acts:
        told.act(act)
    stories = reader.deals(now)
    told.standings(standpoints, acts, stories)
    for story in stories:
        told.deal(story)
    for account_act in reader.account_acts(now):
        told.account(account_act.account_id, account_act.kind, account_act.at)
    harm = [
        (number[h.contact_id], h.at, COMPLAINED if h.reason is SuppressionReason.COMPLAINT else UNSUBSCRIBED)
        for h in reader.harm(now, scope)
        if h.contact_id in number
    ]
    sizes, size = _sizes(house, campaign.goal, now, [standpoint.account_id for standpoint in standpoints])
    return Gathered(
        campaign=campaign,
        now=now,
        contact_ids=tuple(number),
        account_ids=tuple(standpoint.account_id for standpoint in standpoints),
        lines=tuple(lines),
        decided=Decided(
            contact=np.array([number[line.contact_id] for line in lines], dtype=np.int64),
            at=seconds([line.left_at or line.decided_at for line in lines]),
            sent=np.array([line.left_at is not None for line in lines], dtype=bool),
            cost_cents=np.array([line.cost_micros / _MICROS_PER_CENT for line in lines], dtype=float),
        ),
        signs=told.signs(),
        harm=Signs.personal(
            np.array([who for who, _, _ in harm], dtype=np.int64),
            seconds([at for _, at, _ in harm]),
            np.array([code for *_, code in harm], dtype=np.int64),
        ),
        deals=tuple(stories),
        sizes=sizes,
        size=size,
    )


def _sizes(
    house: House, goal: Goal, now: datetime, account_ids: Sequence[str | None]
) -> tuple[DealSizes, NDArray[np.float64]]:
    """How companies' deals differ by their size, as deals made by `now` show, and the size of each account."""
    reader = LeadReader(house.engine)
    deals = [
        deal
        for deal in reader.deals()
        if deal.amount_cents
        and deal.employees
        and deal.currency == goal.currency
        and (deal.kind is DealKind.RENEWAL) == (goal.outcome is Outcome.RENEWED)
        and deal.created_at is not None
        and deal.created_at <= now
    ]
    sizes = fit_sizes(
        np.array([deal.employees for deal in deals], dtype=np.float64),
        np.array([deal.amount_cents for deal in deals], dtype=np.float64),
    )
    if not sizes.power:
        return sizes, np.ones(len(account_ids))
    employees = {company.id: company.employees or np.nan for company in reader.companies()}
    known = np.array([employees.get(one or "", np.nan) for one in account_ids], dtype=np.float64)
    return sizes, sizes.of(known)


def rewards_of(
    house: House, campaign: Campaign | None = None, now: datetime | None = None
) -> tuple[DecisionReward, ...]:
    """Return the reward of every decision of a campaign (of every campaign if None), oldest first.

    Args:
        house: the opened workspace.
        campaign: as stored by its last run; its goal says what counts.
        now: UTC; what happened later is not seen. The house's clock if None.

    """
    moment = now or house.clock()
    if campaign is None:
        found = [one for each in house.crm.campaigns(limit=10_000) for one in rewards_of(house, each, moment)]
        return tuple(found)
    return rewarded(gather(house, campaign, moment))[0]


def rewarded(gathered: Gathered) -> tuple[tuple[DecisionReward, ...], ValueModel]:
    """Return the reward of every decision that was gathered, oldest first, and the value model that says so."""
    return _rewards(gathered), gathered.value_model


def _rewards(gathered: Gathered) -> tuple[DecisionReward, ...]:
    goal, now = gathered.goal, gathered.now
    found = gathered.rewards
    parts: dict[int, list[RewardPart]] = defaultdict(list)
    gains = found.gain_cents[found.parts.outcome] * found.parts.share
    signs_at = moments(gathered.signs.at)
    for row, sign, share, cents in zip(
        found.parts.touch.tolist(),
        found.parts.outcome.tolist(),
        found.parts.share.tolist(),
        gains.tolist(),
        strict=True,
    ):
        if abs(cents) >= 0.005:
            what = name_of(int(gathered.signs.code[sign]))
            parts[row].append(RewardPart(what=what, cents=round(cents, 2), at=signs_at[sign], share=share))
    rewards = []
    for row, line in enumerate(gathered.lines):
        for what, cents in (("harm", found.harm_cents[row]), ("cost", found.cost_cents[row])):
            if cents:
                parts[row].append(RewardPart(what=what, cents=round(float(cents), 2)))
        age = now - (line.left_at or line.decided_at)
        rewards.append(
            DecisionReward(
                decision_id=line.id,
                campaign_id=line.campaign_id,
                contact_id=line.contact_id,
                decided_at=line.decided_at,
                action_key=line.action_key,
                reward_cents=round(float(found.reward_cents[row])),
                is_telling=age >= timedelta(days=min(goal.signal_days, goal.window_days)),
                is_mature=age >= timedelta(days=goal.window_days),
                was_carried_out=line.asset_id is None or line.left_at is not None,
                acted=bool(found.answers.answered[row]),
                answer_cents=float(found.answers.worth_cents[row] + found.harm_cents[row]),
                parts=tuple(sorted(parts[row], key=lambda part: part.at or now)),
                unit_cents=line.unit_cents,
                value_model_version=gathered.value_model.version,
                computed_at=now,
            )
        )
    return tuple(rewards)

"""What a campaign moved: arms, lift with its gate, and the funnel, for `attune metrics` and the web.

Each figure comes with how sure it is, or with what is missing. A lift that cannot be told has no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.funnels import Engagement, engagement_of
from app.lifts import LiftLine, account_numbers, contests, give_or_take, lift_lines
from app.outcomes import Gathered, gather
from app.results.credit import credited
from app.signs import seconds
from domain.base import Noun, UtcDatetime
from domain.campaign import Campaign, Outcome
from domain.decision import Arm
from domain.errors import AttuneError
from learning.cohort import Cohort, cohort_of
from learning.signs import LADDER

if TYPE_CHECKING:
    from app.wiring import House


class NothingDecided(AttuneError):
    """A campaign's metrics were asked for before it decided anything; dry runs decide nothing."""

    def __init__(self, campaign_id: str) -> None:
        self.campaign_id = campaign_id
        super().__init__(
            f"Campaign {campaign_id!r} has decided nothing yet; dry runs do not count. "
            f"Run it: `attune run {campaign_id}`."
        )


class ArmLine(Noun):
    """One arm: contacts by their first decision. Shares are of contacts whose window has closed.

    reward_give_or_take: half-width of the reward's interval in cents, valid whenever one looks, contacts of one
        account moving together; None where a window of fewer than `LEAST_ARM` contacts has closed.
    """

    arm: Arm
    contacts: int
    written_to: int
    closed_windows: int
    reached: dict[str, int]
    revenue_cents: int
    reward_cents_per_contact: float | None
    reward_give_or_take: float | None = None


class CampaignMetrics(Noun):
    """Everything `attune metrics` says of one campaign.

    lifts: each arm that may send, against the holdout. contests: what the learner decided against the other arms
        that send, by the goal, replies and revenue.
    cut_short: contacts who count only until a message that a member asked for went to them.
    """

    campaign_id: str
    name: str
    goal: Outcome
    window_days: int
    currency: str
    contacts: int
    cut_short: int = 0
    arms: tuple[ArmLine, ...]
    lifts: tuple[LiftLine, ...]
    contests: tuple[LiftLine, ...] = ()
    engagement: Engagement
    attributed_revenue_cents: int
    incremental_revenue_cents: tuple[int, int, int] | None
    value_model: str
    value_learned_from: int
    computed_at: UtcDatetime


def metrics_of(
    house: House,
    campaign: Campaign,
    now: datetime | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CampaignMetrics:
    """Return a campaign's metrics.

    Args:
        house: the opened workspace.
        campaign: as stored by its last run.
        now: UTC; what happened later is not seen. The house's clock if None.
        since: UTC; only contacts first decided about from then on. Everyone if None.
        until: UTC; only contacts first decided about before then. Everyone if None.

    Raises:
        NothingDecided: no run but dry ones has decided yet.
    """
    gathered = gather(house, campaign, now or house.clock())
    return measure(gathered, since, until)


def measure(
    gathered: Gathered, since: datetime | None = None, until: datetime | None = None
) -> CampaignMetrics:
    """Return the metrics of what was gathered; arguments and errors as for `metrics_of`."""
    goal = gathered.goal
    if not gathered.lines:
        raise NothingDecided(gathered.campaign.id)
    contacts = len(gathered.contact_ids)
    firsts = first_decisions(gathered)
    start, arm = firsts.start, firsts.arm
    meant = np.ones(contacts, dtype=bool)
    if since is not None:
        meant = start >= seconds([since])[0]
    if until is not None:
        meant &= start < seconds([until])[0]
    is_asked = np.array([line.arm is Arm.ASKED for line in gathered.lines])
    ends = asked_since(gathered, is_asked, arm)
    cohort = cohort_of(gathered.signs, start, goal.window_days, ends)
    closed = meant & firsts.closed
    model = gathered.value_model
    own = ~is_asked | (arm == Arm.ASKED.value)[gathered.decided.contact]
    rewards = np.where(own, gathered.rewards.reward_cents, 0.0)
    reward = np.bincount(gathered.decided.contact, rewards, minlength=contacts).astype(float)
    written = np.bincount(gathered.decided.contact, gathered.decided.sent & own, minlength=contacts) > 0
    accounts = account_numbers(gathered.account_ids)
    # Whom a span leaves out is in no arm, so that an arm without anybody in it is not compared.
    compared = np.where(meant | (arm == Arm.HOLDOUT.value), arm, "")
    lifts = lift_lines(gathered, cohort, compared, closed)
    return CampaignMetrics(
        campaign_id=gathered.campaign.id,
        name=gathered.campaign.name,
        goal=goal.outcome,
        window_days=goal.window_days,
        currency=goal.currency,
        contacts=int(meant.sum()),
        cut_short=int((meant & ~np.isnat(ends)).sum()),
        arms=tuple(
            _arm_line(one, meant & (arm == one.value), closed, written, cohort, reward, accounts)
            for one in Arm
            if (meant & (arm == one.value)).any()
        ),
        lifts=lifts,
        contests=contests(gathered, cohort, compared, closed),
        engagement=engagement_of(gathered.signs, gathered.decided, gathered.now, meant),
        attributed_revenue_cents=credited(gathered, meant).total_cents,
        incremental_revenue_cents=_incremental(lifts, arm, closed),
        value_model=model.version,
        value_learned_from=model.followed,
        computed_at=gathered.now,
    )


def asked_since(
    gathered: Gathered, is_asked: NDArray[np.bool_], arm: NDArray[np.object_]
) -> NDArray[np.datetime64]:
    """Return when each contact was first sent what a member asked for, shape (c,); NaT where never, or in no other arm.

    Members write to whom they choose, and never to the holdout: what follows such a message is nobody's arm's.
    """
    until = np.full(len(gathered.contact_ids), np.datetime64("NaT", "s"))
    at = seconds([line.decided_at for line in gathered.lines])
    for row in np.flatnonzero(is_asked & gathered.decided.sent):
        contact = gathered.decided.contact[row]
        if arm[contact] != Arm.ASKED.value and not until[contact] <= at[row]:
            until[contact] = at[row]
    return until


@dataclass(frozen=True)
class Firsts:
    """Each contact's first decision, which its arm and its window count from; one a member asked for only where there
    is no other, as it is of no arm that is compared.

    start: shape (c,), datetime64[s]. arm: shape (c,), an `Arm`'s value. closed: shape (c,), whether the goal's
    window after it is over.
    """

    start: NDArray[np.datetime64]
    arm: NDArray[np.object_]
    closed: NDArray[np.bool_]


def first_decisions(gathered: Gathered) -> Firsts:
    """Return each gathered contact's first decision."""
    lines, contacts = gathered.lines, len(gathered.contact_ids)
    first = np.full(contacts, -1, dtype=np.int64)
    for is_asked in (True, False):
        for row in range(len(lines) - 1, -1, -1):
            if (lines[row].arm is Arm.ASKED) is is_asked:
                first[gathered.decided.contact[row]] = row
    start = seconds([line.decided_at for line in lines])[first] if contacts else seconds([])
    arm = np.array([lines[row].arm.value for row in first.tolist()], dtype=object)
    closed = start + np.timedelta64(gathered.goal.window_days, "D") <= seconds([gathered.now])[0]
    return Firsts(start, arm, closed)


def _arm_line(
    arm: Arm,
    of_arm: NDArray[np.bool_],
    closed: NDArray[np.bool_],
    written: NDArray[np.bool_],
    cohort: Cohort,
    reward: NDArray[np.float64],
    accounts: NDArray[np.int64],
) -> ArmLine:
    done = of_arm & closed
    return ArmLine(
        arm=arm,
        contacts=int(of_arm.sum()),
        written_to=int((of_arm & written).sum()),
        closed_windows=int(done.sum()),
        reached={stage.value: int(cohort.reached[done, column].sum()) for column, stage in enumerate(LADDER)},
        revenue_cents=round(float(cohort.revenue_cents[done].sum())),
        reward_cents_per_contact=round(float(reward[done].mean()), 1) if done.any() else None,
        reward_give_or_take=give_or_take(reward[done], accounts[done]),
    )


def _incremental(
    lifts: Sequence[LiftLine], arm: NDArray[np.object_], closed: NDArray[np.bool_]
) -> tuple[int, int, int] | None:
    """Raw revenue beyond the holdout's, over all of an arm's contacts: estimate, low, high; None untold."""
    for told in lifts:
        if told.what == "revenue" and told.estimate is not None:
            assert told.low is not None and told.high is not None
            count = int((closed & (arm == told.arm.value)).sum())
            return round(told.estimate * count), round(told.low * count), round(told.high * count)
    return None

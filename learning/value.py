"""The value model: what a contact's state is worth in late revenue, from early signs (a surrogate index).

A state is the most telling stage reached (standings last, acts while fresh) and the early signals still fresh.
Its worth is the chance that the goal follows within the horizon times what a goal brings. The chance is a Bayesian
linear regression: documented chances (`learning/worth.py`) are its prior, contacts followed long enough are its
data, so with none it says the prior and with many it says what happened. Refitted as deals close, it revises
earlier rewards.

Sources: Athey, Chetty, Imbens & Kang (2019), NBER 26463 (surrogate index); van Houwelingen (2007), Scand. J.
Statist. 34(1) (landmarking); Robins & Rotnitzky (1992) (inverse probability of censoring weights).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Goal, Outcome
from learning.signs import LADDER, SIGNALS
from learning.worth import PRIOR_CONTACTS, given_worths, goal_level, prior_chances

LEVELS = 1 + len(LADDER)
WIDTH = LEVELS + len(SIGNALS)
"""Columns of a state: one-hot of the level (0 is none, then `LADDER`), then 0/1 a fresh signal."""

SIGNAL_SPREAD = 0.1
"""Prior standard deviation of what one early signal adds to the chance; its prior mean is zero."""
PRIOR_GOALS = 10.0
"""How many goals reached the stated worth weighs as much as, against the amounts of deals."""
MOST_WEIGHT = 20.0
"""Censoring weights are cut here: a little bias for a bounded variance."""

_LEAST_NOISE = 0.002

REVENUE = frozenset({Outcome.WON, Outcome.RENEWED})


@dataclass(frozen=True)
class Followed:
    """n contacts as they stood at a landmark, and what came of them afterwards.

    state: shape (n, WIDTH), 0 or 1, at the landmark; nothing after it may be in it.
    goal_days: shape (n,), > 0, days from the landmark to the goal, inf where not seen.
    followed_days: shape (n,), > 0, days from the landmark to now: what lies beyond is censored.
    amount_cents: shape (n,), what the goal brought, NaN where there is none or it is unknown.
    """

    state: NDArray[np.float64]
    goal_days: NDArray[np.float64]
    followed_days: NDArray[np.float64]
    amount_cents: NDArray[np.float64]


@dataclass(frozen=True)
class ValueModel:
    """Chances of the goal by state, with what one goal brings.

    mean: shape (WIDTH,), chance at each level, then what each signal adds.
    covariance: shape (WIDTH, WIDTH), posterior.
    goal_cents: what one goal brings, cents.
    given_cents: shape (LEVELS,), worths a person fixed, NaN elsewhere.
    level: the goal's level.
    horizon_days: how far the model looks ahead.
    followed: complete cases it learned from; 0 means it says the documented chances.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    goal_cents: float
    given_cents: NDArray[np.float64]
    level: int
    horizon_days: float
    followed: int = 0

    @property
    def version(self) -> str:
        """Names the model and what it learned from."""
        return f"value-1(horizon={self.horizon_days:g}d,followed={self.followed})"

    @property
    def is_goal(self) -> NDArray[np.bool_]:
        """Shape (LEVELS,): levels that are the goal, or beyond it."""
        return prior_chances(LADDER[self.level - 1]) >= 1

    @property
    def order(self) -> NDArray[np.int64]:
        """Shape (LEVELS,): levels from the documented least likely to the likeliest."""
        return np.argsort(prior_chances(LADDER[self.level - 1]), kind="stable")

    @property
    def level_cents(self) -> NDArray[np.float64]:
        """Shape (LEVELS,), cents ≥ 0: worth of each level without signals, never falling along `order`."""
        # Noise must not make a likelier stage worth less than a less likely one, or reaching it would be
        # punished.
        chance = np.where(self.is_goal, 1.0, np.clip(self.mean[:LEVELS], 0, 1))
        chance[self.order] = np.maximum.accumulate(chance[self.order])
        given = self.given_cents
        worth: NDArray[np.float64] = np.where(np.isnan(given), chance * self.goal_cents, given)
        return worth

    @property
    def signal_cents(self) -> NDArray[np.float64]:
        """Shape (len(SIGNALS),), cents: what each fresh signal adds while the goal is not reached."""
        return np.asarray(self.mean[LEVELS:] * self.goal_cents)

    @property
    def cap_cents(self) -> float:
        """The most a state before the goal is worth: the goal."""
        return float(self.level_cents[self.level])

    def expect(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shape (n,), cents: expected late worth of states of shape (n, WIDTH)."""
        level = state[:, :LEVELS] @ self.level_cents
        with_signals = np.clip(level + state[:, LEVELS:] @ self.signal_cents, 0, self.cap_cents)
        has_goal = state[:, :LEVELS][:, self.is_goal].any(axis=1)
        return np.where(has_goal, level, with_signals)

    def spread(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shape (n,), cents: posterior standard deviation of `expect`, the clips left out."""
        variance: NDArray[np.float64] = np.einsum("ij,jk,ik->i", state, self.covariance, state)
        return np.sqrt(variance) * self.goal_cents


def prior_model(goal: Goal, horizon_days: float | None = None) -> ValueModel:
    """Return the model that has seen nothing: documented chances, no worth for early signals.

    Args:
        goal: outcome, worth and what its file fixes.
        horizon_days: how far it looks ahead; the goal's window if None.

    """
    chance = prior_chances(goal.outcome)
    sure = np.clip(chance * (1 - chance), 1e-4, None) / (PRIOR_CONTACTS + 1)
    return ValueModel(
        mean=np.concatenate([chance, np.zeros(len(SIGNALS))]),
        covariance=np.diag(np.concatenate([sure, np.full(len(SIGNALS), SIGNAL_SPREAD**2)])),
        goal_cents=float(goal.worth_cents),
        given_cents=given_worths(goal),
        level=goal_level(goal.outcome),
        horizon_days=float(horizon_days or goal.window_days),
    )


def censoring_weights(
    goal_days: NDArray[np.float64], followed_days: NDArray[np.float64], horizon_days: float
) -> NDArray[np.float64]:
    """Return shape (n,), ≥ 0: 1 / P(followed that long) for complete cases, 0 for those still open.

    A case is complete once the goal was seen or the horizon has passed. Follow-up ends only because today is
    today, so everyone's is known and P(followed ≥ u) is its empirical share. All zero where nobody was
    followed to the horizon: then early goals would have no counterweight.
    """
    until = np.minimum(goal_days, horizon_days)
    complete = followed_days >= until
    if not (followed_days >= horizon_days).any():
        return np.zeros(len(until))
    ordered = np.sort(followed_days)
    share = 1 - np.searchsorted(ordered, until, side="left") / len(ordered)
    weight = np.divide(1.0, share, out=np.zeros(len(until)), where=complete & (share > 0))
    return np.minimum(weight, MOST_WEIGHT)


def fit(prior: ValueModel, seen: Followed) -> ValueModel:
    """Return the model after what was seen; the prior itself where nothing is complete yet.

    Contacts already at the goal say nothing and are left out. Weights are scaled to Kish's effective number of
    complete cases, so that censored ones add no certainty. Each case's noise is that of a yes-or-no outcome at
    the documented chance, by which the prior is measured too: so the two weigh as `PRIOR_CONTACTS` and as many as were
    seen do. How sure the mean is goes by the chances found.
    """
    weight = censoring_weights(seen.goal_days, seen.followed_days, prior.horizon_days)
    weight = weight * ~seen.state[:, :LEVELS][:, prior.is_goal].any(axis=1)
    complete = int(np.count_nonzero(weight))
    if complete == 0:
        return prior
    reached = (seen.goal_days <= np.minimum(prior.horizon_days, seen.followed_days)).astype(float)
    weight = weight * weight.sum() / (weight @ weight)
    precision = np.linalg.inv(prior.covariance)

    def posterior(chance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        scaled = seen.state.T * (weight / np.maximum(chance * (1 - chance), _LEAST_NOISE))
        covariance: NDArray[np.float64] = np.linalg.inv(precision + scaled @ seen.state)
        return covariance @ (precision @ prior.mean + scaled @ reached), covariance

    mean, _ = posterior(np.clip(seen.state @ prior.mean, 0, 1))
    _, covariance = posterior(np.clip(seen.state @ mean, 0, 1))
    won = seen.amount_cents[(reached > 0) & (weight > 0) & np.isfinite(seen.amount_cents)]
    goal_cents = (PRIOR_GOALS * prior.goal_cents + won.sum()) / (PRIOR_GOALS + len(won))
    return ValueModel(
        mean=mean,
        covariance=covariance,
        goal_cents=float(goal_cents),
        given_cents=prior.given_cents,
        level=prior.level,
        horizon_days=prior.horizon_days,
        followed=complete,
    )


@dataclass(frozen=True)
class Revision:
    """Which rewards a refit or a late deal changed: a learner takes `old` back and learns `new`.

    row: shape (r,), int, rows of the decisions.
    old, new: shape (r,), cents; `old` is NaN for a decision that had no reward yet.
    """

    row: NDArray[np.int64]
    old: NDArray[np.float64]
    new: NDArray[np.float64]

    @property
    def change(self) -> NDArray[np.float64]:
        """Shape (r,), cents: what to add to the decision's reward, `new` itself where there was none."""
        return self.new - np.nan_to_num(self.old)


def revised(old: NDArray[np.float64], new: NDArray[np.float64], least_cents: float = 0.5) -> Revision:
    """Compare rewards of the same n decisions, shape (n,), NaN where unknown.

    Args:
        old: cents, as last learned.
        new: cents, as known now.
        least_cents: smaller changes are no change: a refit moves everything a little.

    Raises:
        ValueError: if a reward that was known is unknown now; what was learned cannot be unknown.

    """
    if (np.isfinite(old) & ~np.isfinite(new)).any():
        raise ValueError("a reward that was known is missing now: rewards are revised, never dropped")
    is_new = np.isnan(old) & np.isfinite(new)
    has_moved = np.abs(new - old) >= least_cents
    row = np.flatnonzero(is_new | has_moved)
    return Revision(row, old[row], new[row])

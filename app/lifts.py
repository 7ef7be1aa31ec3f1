"""How arms of a campaign compare: each against the holdout, and the learner against the others that send.

A comparison that cannot be told has no number, and says after how many more contacts it could.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from domain.base import Noun
from domain.campaign import Outcome
from domain.decision import Arm
from learning.cohort import Cohort
from learning.lift import ALPHA, LEAST_ARM, SKEW_RULE, Lift, Telling, lift, revenue_lift
from learning.sequences import radius
from learning.signs import LADDER
from learning.worth import goal_level, prior_chances

if TYPE_CHECKING:
    from app.outcomes import Gathered

SPOKEN = (Arm.LEARNED, Arm.EXPLORE, Arm.USUAL)
"""Arms that may send; each is compared with the holdout."""

_NEXT = {Outcome.MQL: Outcome.SQL, Outcome.SQL: Outcome.OPPORTUNITY}


class LiftLine(Noun):
    """One comparison of two arms, in words and, where it can be told, in numbers.

    `unit` is `share` (of contacts) or `cents` (per contact). holdout_mean: of the arm it is held `against`.
    more_contacts: so many more of all contacts, whatever is done to them, would tell.
    """

    arm: Arm
    against: Arm = Arm.HOLDOUT
    what: str
    unit: str
    telling: Telling
    estimate: float | None
    low: float | None
    high: float | None
    holdout_mean: float | None
    more_contacts: int
    variance_kept: float
    reason: str


def lift_lines(
    gathered: Gathered, cohort: Cohort, arm: NDArray[np.object_], closed: NDArray[np.bool_]
) -> tuple[LiftLine, ...]:
    """Return each sending arm against the holdout, on every rung, from stage to stage and in revenue.

    Args:
        gathered: the campaign's decisions and signs.
        cohort: what became of each contact, shape (c,).
        arm: shape (c,), an `Arm`'s value.
        closed: shape (c,), whether the contact's window is over.

    """
    found: list[LiftLine] = []
    for one in SPOKEN:
        if not (arm == one.value).any():
            continue
        pair = _Pair(gathered, cohort, arm, closed, one, Arm.HOLDOUT)
        found += [pair.reached(stage) for stage in _asked(gathered, cohort)]
        found += [pair.moved(stage) for stage in _NEXT]
        found += pair.revenue()
    return tuple(found)


def contests(
    gathered: Gathered, cohort: Cohort, arm: NDArray[np.object_], closed: NDArray[np.bool_]
) -> tuple[LiftLine, ...]:
    """Return what the learner decided against the other arms that send: by the goal, replies and revenue.

    Arguments as for `lift_lines`.
    """
    if not (arm == Arm.LEARNED.value).any():
        return ()
    told_by = dict.fromkeys((gathered.goal.outcome, Outcome.REPLY))
    found: list[LiftLine] = []
    for other in (Arm.USUAL, Arm.EXPLORE):
        if (arm == other.value).any():
            pair = _Pair(gathered, cohort, arm, closed, Arm.LEARNED, other)
            found += [pair.reached(stage) for stage in told_by if stage in LADDER]
            found += [line for line in pair.revenue() if line.what == "revenue"]
    return tuple(found)


def _asked(gathered: Gathered, cohort: Cohort) -> list[Outcome]:
    """The rungs that are compared: renewals only where they are the goal or were seen.

    They are a customer's: how many contacts would tell of them nobody can say of an audience without any.
    """
    seen = bool(cohort.reached[:, LADDER.index(Outcome.RENEWED)].any())
    is_meant = seen or gathered.goal.outcome is Outcome.RENEWED
    return [stage for stage in LADDER if is_meant or stage is not Outcome.RENEWED]


class _Pair:
    """Two arms of one campaign, compared."""

    def __init__(
        self,
        gathered: Gathered,
        cohort: Cohort,
        arm: NDArray[np.object_],
        closed: NDArray[np.bool_],
        one: Arm,
        against: Arm,
    ) -> None:
        self._cohort, self._closed, self._one, self._against = cohort, closed, one, against
        self._accounts = account_numbers(gathered.account_ids)
        self._treated = arm == one.value
        other = arm == against.value
        self._assigned, self._all = self._treated | other, int((arm != "").sum())
        self._rows = closed & self._assigned
        self._has_other = bool(other.any())

    def reached(self, stage: Outcome) -> LiftLine:
        """How many got to a rung within the window."""
        return self._share(stage.value, stage, self._assigned, _expected(stage))

    def moved(self, stage: Outcome) -> LiftLine:
        """Of those on a rung before, how many got to the next."""
        next_stage, level = _NEXT[stage], goal_level(stage)
        at_stage = self._assigned & (self._cohort.level_before == level)
        expected = float(prior_chances(next_stage)[level])
        return self._share(f"{stage.value} to {next_stage.value}", next_stage, at_stage, expected)

    def revenue(self) -> tuple[LiftLine, LiftLine]:
        """Revenue a contact, with large deals cut to what the others are like, and as it is."""
        rows = self._rows
        told = revenue_lift(
            self._cohort.revenue_cents[rows],
            self._treated[rows],
            covariates=self._cohort.covariates[rows],
            clusters=self._accounts[rows],
            expected_share=_expected(Outcome.WON),
        )
        return (
            self._line("revenue, large deals cut", "cents", told.capped, self._assigned),
            self._line("revenue", "cents", told.raw, self._assigned),
        )

    def _share(self, what: str, stage: Outcome, of: NDArray[np.bool_], expected: float) -> LiftLine:
        rows = self._closed & of
        told = lift(
            self._cohort.reached[rows, LADDER.index(stage)].astype(float),
            self._treated[rows],
            covariates=self._cohort.covariates[rows],
            clusters=self._accounts[rows],
            expected_mean=expected,
        )
        return self._line(what, "share", told, of)

    def _line(self, what: str, unit: str, told: Lift, of: NDArray[np.bool_]) -> LiftLine:
        # So many more that are compared; of all contacts, whatever is done to them, one in so many is.
        per_one = (self._all + 1) / (int(of.sum()) + 1)
        no_other = "no_holdout" if self._against is Arm.HOLDOUT else told.reason
        return LiftLine(
            arm=self._one,
            against=self._against,
            what=what,
            unit=unit,
            telling=told.telling,
            estimate=told.estimate,
            low=told.low,
            high=told.high,
            holdout_mean=told.control_mean,
            more_contacts=math.ceil(told.more_contacts * per_one),
            variance_kept=told.variance_kept,
            reason=told.reason if self._has_other else no_other,
        )


def give_or_take(cents: NDArray[np.float64], accounts: NDArray[np.int64]) -> float | None:
    """Return the half-width in cents of a mean's interval at 95 %, valid whenever one looks.

    None where it would promise too much: of fewer than `LEAST_ARM` accounts, without any spread, or of so few contacts
    that one rare win bends their mean (the rule of `learning.lift`).

    Args:
        cents: shape (c,), one a contact.
        accounts: shape (c,), contacts of one account share a number and may move together.

    """
    if len(cents) < LEAST_ARM or not cents.std() > 0:
        return None
    skewness = float((((cents - cents.mean()) / cents.std()) ** 3).mean())
    if len(np.unique(accounts)) < LEAST_ARM or len(cents) < SKEW_RULE * skewness**2:
        return None
    pull = np.bincount(np.unique(accounts, return_inverse=True)[1], cents - cents.mean())
    units = len(pull)
    spread = float(np.sqrt(pull @ pull / max(units - 1, 1))) * units / len(cents)
    return round(float(radius(units, ALPHA)) * spread, 1)


def _expected(stage: Outcome) -> float:
    """The documented chance that a contact without a stage gets there."""
    return float(prior_chances(stage)[0])


def account_numbers(account_ids: Sequence[str | None]) -> NDArray[np.int64]:
    """Shape (c,): one number an account; a contact without one stands alone."""
    names = [account or f"\x00{i}" for i, account in enumerate(account_ids)]
    return np.asarray(np.unique(np.array(names, dtype=str), return_inverse=True)[1], dtype=np.int64)

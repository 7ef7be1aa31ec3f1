"""Lift: what an arm brought beyond the holdout, told only where the data can show it.

The answer holds at every moment somebody looks (`learning/sequences.py`), is sharpened by what was known
before (CUPED), and is 'cannot tell; about N more contacts' where the interval still covers nothing happening:
then no number is given at all, because a number nobody can stand behind is repeated all the same.

Sources: Deng, Xu, Kohavi & Walker (2013), WSDM (CUPED); Lin (2013), Ann. Appl. Stat. 7(1) (adjustment leaves
the estimate consistent whatever the true form); Kohavi, Deng, Longbotham & Xu (2014), KDD, rule 7 (skewed
outcomes need contacts in proportion to their squared skewness).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from learning.sequences import observations_for, radius

ALPHA = 0.05
LEAST_ARM = 30
"""Fewer contacts in an arm say nothing about its spread."""
SKEW_RULE = 10.0
"""An arm needs this many times the outcome's squared skewness in contacts before an interval is given: for a
yes-or-no outcome about ten expected events. `python -m evals.lift` shows what this guards against."""
LEAST_EFFECT = 0.2
"""The smallest relative effect worth looking for, by which 'N more contacts' is reckoned."""
POWER_QUANTILE = 0.84
"""Standard normal quantile of a power of 80 %."""
CAP_QUANTILE = 0.95
"""Amounts above this quantile of those above zero are cut to it, arms unseen, in capped revenue."""


class Telling(StrEnum):
    """What the data can say."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Lift:
    """What a treated arm brought beyond the control, per contact, in the outcome's unit.

    estimate, low, high: the difference of means with its confidence sequence; None where it cannot be told.
    control_mean: the control's mean, or None with them.
    more_contacts: about how many more contacts would show an effect of `least_effect`; 0 where told.
    variance_kept: in [0, 1], share of the variance left by the covariates (1 - R²); 1 without any.
    reason: in one of a few words why it cannot be told: `too_few`, `nothing_yet`, `too_wide`, or ``.
    """

    telling: Telling
    treated: int
    control: int
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    control_mean: float | None = None
    more_contacts: int = 0
    least_effect: float = 0.0
    variance_kept: float = 1.0
    reason: str = ""

    @property
    def is_told(self) -> bool:
        """Tell whether there is a number."""
        return self.telling is not Telling.CANNOT_TELL


@dataclass(frozen=True)
class Comparison:
    """Two arms, compared: the raw numbers behind a lift, for those who check it. Not for showing.

    estimate: difference of means, adjusted. half_width: of its confidence sequence.
    spread: standard deviation of one contact's contribution to the difference; its standard error is
        spread / sqrt(units). units: independent units, contacts or clusters.
    """

    estimate: float
    half_width: float
    spread: float
    units: int
    variance_kept: float


def adjusted(
    outcomes: NDArray[np.float64], treated: NDArray[np.bool_], covariates: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return outcomes less what pre-period covariates foretold, shape (n,), and the share of variance left.

    The slope is that within arms (an arm's effect must not leak into it); covariates that do not vary are
    left out.

    Args:
        outcomes: shape (n,).
        treated: shape (n,).
        covariates: shape (n, c), known before treatment, finite.

    """
    centred = covariates - covariates.mean(axis=0)
    within_x, within_y = covariates.astype(float), outcomes.astype(float)
    for arm in (treated, ~treated):
        if arm.any():
            within_x = np.where(arm[:, None], within_x - within_x[arm].mean(axis=0), within_x)
            within_y = np.where(arm, within_y - within_y[arm].mean(), within_y)
    before = float(within_y @ within_y)
    slope = np.linalg.lstsq(within_x, within_y, rcond=1e-10)[0]
    left = within_y - within_x @ slope
    kept = float(left @ left) / before if before > 0 else 1.0
    return outcomes - centred @ slope, min(kept, 1.0)


def compare(
    outcomes: NDArray[np.float64],
    treated: NDArray[np.bool_],
    *,
    covariates: NDArray[np.float64] | None = None,
    clusters: NDArray[np.int64] | None = None,
    alpha: float = ALPHA,
) -> Comparison:
    """Return the adjusted difference of means with its confidence sequence, ungated.

    Args:
        outcomes: shape (n,), one a contact, in any unit.
        treated: shape (n,); both arms hold at least two contacts.
        covariates: shape (n, c), known before treatment.
        clusters: shape (n,), contacts of one account share a number and may move together.
        alpha: probability of ever being wrong.

    """
    n, kept = len(outcomes), 1.0
    if covariates is not None and covariates.shape[1]:
        outcomes, kept = adjusted(outcomes, treated, covariates)
    share = treated.mean()
    means = outcomes[treated].mean(), outcomes[~treated].mean()
    # Each contact's pull on the difference: its mean is zero, its variance over n is the estimate's.
    pull = np.where(treated, (outcomes - means[0]) / share, -(outcomes - means[1]) / (1 - share))
    units = n
    if clusters is not None:
        number = np.unique(clusters, return_inverse=True)[1]
        pull = np.bincount(number, pull)
        units = len(pull)
        pull = pull * units / n
    spread = float(np.sqrt(pull @ pull / max(units - 1, 1)))
    half = float(radius(units, alpha)) * spread
    return Comparison(float(means[0] - means[1]), half, spread, units, kept)


def lift(
    outcomes: NDArray[np.float64],
    treated: NDArray[np.bool_],
    *,
    covariates: NDArray[np.float64] | None = None,
    clusters: NDArray[np.int64] | None = None,
    alpha: float = ALPHA,
    least_effect: float | None = None,
    expected_mean: float | None = None,
) -> Lift:
    """Return what the treated arm brought beyond the control, or that it cannot be told yet.

    Args:
        outcomes: shape (n,), of contacts whose window has closed, whatever was done to them (as assigned).
        treated: shape (n,), as assigned.
        covariates: shape (n, c), known before treatment.
        clusters: shape (n,), account numbers.
        alpha: probability of ever giving a wrong interval.
        least_effect: in the outcome's unit, > 0; `LEAST_EFFECT` of the mean if None.
        expected_mean: what a yes-or-no outcome's mean is thought to be, where nothing was seen yet.

    """
    n, count = len(outcomes), int(treated.sum())
    arms = (count, n - count)
    smaller = min(arms)
    mean = abs(float(outcomes.mean())) if n else 0.0
    effect = least_effect or LEAST_EFFECT * mean
    has_spread = n > 0 and float(outcomes.std()) > 0
    if not has_spread or smaller < 2:
        rate = min(max(expected_mean or 1 / (n + 2), 1e-6), 0.5)
        effect = effect or LEAST_EFFECT * rate
        share = count / n if smaller > 0 else 0.9
        spread = math.sqrt(rate * (1 - rate) / (share * (1 - share)))
        more = _more(n, share, spread, effect, SKEW_RULE / rate, alpha)
        return Lift(Telling.CANNOT_TELL, *arms, more_contacts=more, least_effect=effect, reason="nothing_yet")
    needed = max(LEAST_ARM, SKEW_RULE * _skewness(outcomes) ** 2)
    is_enough = smaller >= needed
    # Covariates explain a handful of contacts whole; what they will save is known once there are enough.
    known = covariates if is_enough else None
    found = compare(outcomes, treated, covariates=known, clusters=clusters, alpha=alpha)
    more = _more(n, count / n, found.spread, effect, needed, alpha, n / found.units)
    if not is_enough:
        return Lift(Telling.CANNOT_TELL, *arms, more_contacts=more, least_effect=effect, reason="too_few")
    low, high = found.estimate - found.half_width, found.estimate + found.half_width
    if low > 0 or high < 0:
        telling = Telling.BETTER if low > 0 else Telling.WORSE
    elif effect > 0 and -effect < low and high < effect:
        telling = Telling.ALIKE
    else:
        return Lift(Telling.CANNOT_TELL, *arms, more_contacts=more, least_effect=effect, reason="too_wide")
    return Lift(
        telling,
        *arms,
        estimate=found.estimate,
        low=low,
        high=high,
        control_mean=float(outcomes[~treated].mean()),
        least_effect=effect,
        variance_kept=found.variance_kept,
    )


@dataclass(frozen=True)
class RevenueLift:
    """Lift in revenue, twice: with large deals cut to `cap_cents`, and as it came.

    A few large deals decide a mean. Capped revenue is told sooner and says what a typical deal's worth of
    difference there is; raw revenue is the truth and needs many more contacts. Neither stands alone.
    """

    capped: Lift
    raw: Lift
    cap_cents: float


def revenue_lift(
    revenue_cents: NDArray[np.float64],
    treated: NDArray[np.bool_],
    *,
    covariates: NDArray[np.float64] | None = None,
    clusters: NDArray[np.int64] | None = None,
    alpha: float = ALPHA,
    expected_share: float | None = None,
) -> RevenueLift:
    """Return lift in revenue per contact, cents; arguments as for `lift`, outcomes ≥ 0.

    `expected_share`: how many contacts are thought to bring any, where none has yet.
    """
    paid = revenue_cents[revenue_cents > 0]
    cap = float(np.quantile(paid, CAP_QUANTILE)) if len(paid) else 0.0
    capped = np.minimum(revenue_cents, cap)

    def told(revenue: NDArray[np.float64]) -> Lift:
        return lift(
            revenue,
            treated,
            covariates=covariates,
            clusters=clusters,
            alpha=alpha,
            expected_mean=expected_share,
        )

    return RevenueLift(capped=told(capped), raw=told(revenue_cents), cap_cents=cap)


def before_after(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    treated: NDArray[np.bool_],
    *,
    clusters: NDArray[np.int64] | None = None,
    alpha: float = ALPHA,
) -> Lift:
    """Return the change over time less the holdout's change: what the market did to everyone drops out.

    Args:
        before: shape (n,), the outcome in a period before, one a contact.
        after: shape (n,), the same outcome in an equally long period after.
        treated: shape (n,); the others are the holdout.
        clusters: shape (n,), account numbers.
        alpha: as in `lift`.

    Source: difference in differences; parallel trends hold here by the holdout's random draw.
    """
    effect = LEAST_EFFECT * abs(float(before.mean())) if len(before) else 0.0
    return lift(after - before, treated, clusters=clusters, alpha=alpha, least_effect=effect)


def _more(
    n: int,
    share: float,
    spread: float,
    effect: float,
    needed_in_arm: float,
    alpha: float,
    per_unit: float = 1.0,
) -> int:
    """How many more contacts until both arms are large enough and the interval is as narrow as `effect`."""
    of_arms = needed_in_arm / min(share, 1 - share)
    of_width = (
        observations_for(effect / spread, alpha, POWER_QUANTILE) * per_unit if effect and spread else 0.0
    )
    return max(math.ceil(max(of_arms, of_width)) - n, 1)


def _skewness(x: NDArray[np.float64]) -> float:
    deviation = x - x.mean()
    return float((deviation**3).mean() / (deviation**2).mean() ** 1.5)

"""Who to pass to sales, and which accounts may leave: likelihoods with reasons, or a plain "cannot tell"."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt

from domain.base import CurrencyCode, Noun, UtcDatetime

MOST_WINDOW_DAYS = 3_650
"""Ten years: no history reaches back so far that a longer window could be judged."""


class Skill(Noun):
    """Whether a model can tell cases apart, judged on outcomes later than what it was trained on.

    `auc` with its 95 % interval is the chance that of two cases the one that came true was ranked higher; None
    where too few outcomes were there to judge. `more_outcomes` is how many more would show an AUC of 0.60 if
    there is one; 0 means that more of the same will not help.
    """

    has_skill: bool
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    p_value: float | None = None
    outcomes: NonNegativeInt = 0
    judged: NonNegativeInt = 0
    more_outcomes: NonNegativeInt | None = None


class Reason(Noun):
    """What one signal adds to the log-odds, against the average case; all of them sum to the likelihood."""

    signal: str
    text: str
    log_odds: float


class Lever(Noun):
    """What the likelihood would be if one thing were different now, everything else as it is."""

    text: str
    probability: float = Field(ge=0, le=1)


class Likelihood(Noun):
    """How likely one thing is within the window, and why. `reasons` are the strongest, `rest` is all others'
    log-odds together: `base + sum(reasons) + rest` is the log-odds of `probability`.
    """

    probability: float = Field(ge=0, le=1)
    base: float
    reasons: tuple[Reason, ...] = ()
    rest: float = 0.0
    levers: tuple[Lever, ...] = ()


class Lead(Noun):
    """One MQL who could be passed to sales now."""

    contact_id: str
    name: str
    account_id: str | None = None
    account: str | None = None
    likelihood: Likelihood
    value_cents: int | None = None
    expected_cents: int | None = None
    currency: CurrencyCode = "USD"


class Expected(Noun):
    """How many of those picked will come true: the mean and a 90 % interval, and the same as a share."""

    picked: NonNegativeInt
    mean: float
    low: float
    high: float

    @property
    def precision(self) -> tuple[float, float, float]:
        """Share of those picked: mean, low, high; zeros where nobody was picked."""
        n = max(self.picked, 1)
        return self.mean / n, self.low / n, self.high / n


class HandOffList(Noun):
    """Whom to pass to sales now. Without skill there is no list: `leads` is empty and `text` says why.

    `considered` are MQLs; `shared` counts those besides who were left out, as their address belongs to no one person.
    `calibration_error` is the root-mean-square gap of told and true rates on later cases, without the bins' noise.
    """

    as_of: UtcDatetime
    window_days: int
    capacity: int
    considered: NonNegativeInt
    shared: NonNegativeInt = 0
    skill: Skill
    calibration_error: float | None = None
    model: str = ""
    leads: tuple[Lead, ...] = ()
    cut_probability: float | None = None
    expected: Expected | None = None
    text: str


class AccountRisk(Noun):
    """One customer, and how likely it leaves within the window; `lift` is against the average customer."""

    account_id: str
    name: str
    likelihood: Likelihood
    lift: float
    value_cents: int | None = None
    currency: CurrencyCode = "USD"


class ChurnList(Noun):
    """Accounts at elevated risk. Without skill there is no list: `accounts` is empty and `text` says why.

    `calibration_error` as in `HandOffList`; `average` is the mean likelihood of today's customers.
    """

    as_of: UtcDatetime
    window_days: int
    considered: NonNegativeInt
    skill: Skill
    calibration_error: float | None = None
    model: str = ""
    average: float | None = None
    accounts: tuple[AccountRisk, ...] = ()
    text: str


class Outlook(Noun):
    """What the two models say about one contact, for those who judge the stakes of writing to it.

    None where the model has no skill or does not speak of this contact or its account.
    """

    contact_id: str
    hand_off_probability: float | None = None
    is_picked_for_hand_off: bool = False
    churn_probability: float | None = None
    churn_lift: float | None = None
    churn_reason: str = ""

"""What an outcome costs: messages and models, set against what would not have come without them."""

from __future__ import annotations

import numpy as np

from app.metrics import CampaignMetrics, Firsts
from app.outcomes import Gathered
from domain.base import Noun
from domain.decision import Arm
from learning.lift import Telling


class ExtraCost(Noun):
    """Cost of one outcome of the goal that would not have come anyway, cents; the interval is the lift's, turned over.

    `cents`, `low` and `high` are None where the lift is not told, or is told to be nothing or worse.
    """

    spent_cents: int
    contacts: int
    extra: float | None = None
    cents: int | None = None
    low: int | None = None
    high: int | None = None


class Costs(Noun):
    """All a campaign's costs so far, and of one more outcome.

    `contact_cents`: messages sent, at the price the campaign file gives a message (`goal.contact_cents`).
    `model_cents`: what calls cost at the workspace's prices, in `model_currency`. `unpriced_calls`: calls to
    models, where no price is known of any.
    """

    currency: str
    messages: int
    cents_a_message: float
    contact_cents: int
    model_cents: float
    model_currency: str
    model_calls: int
    extra: ExtraCost

    @property
    def is_unpriced(self) -> bool:
        """Tell whether models were called of which nobody told the price."""
        return self.model_calls > 0 and self.model_cents == 0


def costs_of(
    gathered: Gathered, metrics: CampaignMetrics, firsts: Firsts, model_calls: int, model_currency: str
) -> Costs:
    """Return what was spent, in all and on those contacts the lift is told of."""
    decided, goal = gathered.decided, gathered.goal
    model = decided.cost_cents
    spent = goal.contact_cents * decided.sent + np.where(model_currency == goal.currency, model, 0.0)
    compared = (firsts.arm == Arm.LEARNED.value) & firsts.closed
    until = firsts.start + np.timedelta64(goal.window_days, "D")
    within = compared[decided.contact] & (decided.at <= until[decided.contact])
    return Costs(
        currency=goal.currency,
        messages=int(decided.sent.sum()),
        cents_a_message=goal.contact_cents,
        contact_cents=round(goal.contact_cents * int(decided.sent.sum())),
        model_cents=round(float(model.sum()), 2),
        model_currency=model_currency,
        model_calls=model_calls,
        extra=_extra(metrics, float(spent[within].sum()), int(compared.sum())),
    )


def _extra(metrics: CampaignMetrics, spent: float, contacts: int) -> ExtraCost:
    told = next(
        (one for one in metrics.lifts if one.arm is Arm.LEARNED and one.what == metrics.goal.value), None
    )
    nothing = ExtraCost(spent_cents=round(spent), contacts=contacts)
    if told is None or told.telling is not Telling.BETTER or not contacts:
        return nothing
    assert told.estimate is not None and told.low is not None and told.high is not None
    return ExtraCost(
        spent_cents=round(spent),
        contacts=contacts,
        extra=round(told.estimate * contacts, 1),
        cents=round(spent / (told.estimate * contacts)),
        low=round(spent / (told.high * contacts)),
        high=round(spent / (told.low * contacts)),
    )

"""Why a value is what it is: what each feature and each fit adds, in cents, summing to the value exactly.

Linear inputs add their coefficient times how far the contact is from the reference contact. A pattern depends on
several features; its change from reference to contact is shared out along the straight line between the two
(integrated gradients; Sundararajan, Taly & Yan 2017), which has a closed form (`bends`). The product of rate and
worth is shared out evenly between the two (Shapley value of two players), and so is that of what comes of an action in
units with what a unit is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.bandit.bandit import Bandit
from learning.bandit.basis import PATTERNS
from learning.bandit.belief import Belief

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """One action's value for one contact, taken apart.

    value: cents; = base + unit + features.sum() + dyads.sum(), up to rounding.
    base: cents, the action's value for the reference contact, its cost taken off.
    unit: cents, what it adds that a unit of this contact is worth more (or less); 0 for a learner not in units.
    features: shape (d,), cents. dyads: shape (m,), cents.
    rate, worth: expected response rate, and worth in cents when there is one.
    """

    value: float
    base: float
    features: Floats
    dyads: Floats
    rate: float
    worth: float
    unit: float = 0.0


def explain(
    bandit: Bandit,
    action: int,
    features: Floats,
    dyads: Floats,
    reference: Floats,
    reference_dyads: Floats,
    unit: float | None = None,
    reference_unit: float | None = None,
) -> Explanation:
    """Take the value of one action for one contact apart.

    Args:
        action: index. features: shape (d,). dyads: shape (m,), of this action.
        reference: shape (d,), the contact compared with, such as the audience's mean.
        reference_dyads: shape (m,).
        unit, reference_unit: cents a unit of the two; of a learner in units only.
    """
    own, usual = (
        bandit.cents_of(None if one is None else np.array([one]), 1) for one in (unit, reference_unit)
    )
    of_own, of_usual = 1.0 if own is None else float(own[0]), 1.0 if usual is None else float(usual[0])
    rate, rate_parts, rate_fit = _parts(bandit.acts, action, features, dyads, reference, reference_dyads)
    worth, worth_parts, worth_fit = _parts(bandit.worth, action, features, dyads, reference, reference_dyads)
    d_rate = rate_parts.sum() + rate_fit.sum()
    d_worth = worth_parts.sum() + worth_fit.sum()
    scale = bandit.settings.prior_worth
    loss, loss_parts, loss_fit = 0.0, np.zeros_like(rate_parts), np.zeros_like(rate_fit)
    if bandit.loses:
        loss, loss_parts, loss_fit = _parts(bandit.loss, action, features, dyads, reference, reference_dyads)
    d_loss = loss_parts.sum() + loss_fit.sum()
    middle = scale * ((of_own + of_usual) / 2)
    rate_price = (worth + d_worth / 2) * middle
    worth_price = (rate + d_rate / 2) * middle
    came = (rate + d_rate) * (worth + d_worth) + loss + d_loss
    usually = rate * worth + loss
    return Explanation(
        value=float(came * (scale * of_own) - bandit.costs[action]),
        base=float(usually * (scale * of_usual) - bandit.costs[action]),
        unit=float((of_own - of_usual) * scale * (came + usually) / 2),
        features=rate_parts * rate_price + worth_parts * worth_price + loss_parts * middle,
        dyads=rate_fit * rate_price + worth_fit * worth_price + loss_fit * middle,
        rate=float(rate + d_rate),
        worth=float((worth + d_worth) * (scale * of_own)),
    )


def _parts(
    belief: Belief, action: int, features: Floats, dyads: Floats, reference: Floats, reference_dyads: Floats
) -> tuple[float, Floats, Floats]:
    """Return the target at the reference, what features add (d,), what dyads add (m,)."""
    basis, theta = belief.basis, belief.coefficients_of(action)
    step = (features - reference) * basis.shrink
    linear = theta[1 : 1 + basis.features] * step
    fit = theta[basis.dyad_columns] * (dyads - reference_dyads)
    at_reference = basis.inputs(reference[None])[0]
    start = float(at_reference @ theta) + float(theta[basis.dyad_columns] @ reference_dyads)
    if basis.patterns:
        begin = reference * basis.shrink
        linear = linear + basis.bends.shares(begin, step, theta[basis.blocks == PATTERNS])
    return start, linear, fit

"""Which past outcomes taught a value: how far each one moved it, by the learner's own mathematics.

A row's influence is the value as it is minus what it would be had that row never been learned, at the scales as they
are. For a Gaussian posterior this is exact and needs no refitting: with f the row's inputs, y its target, w its weight,
s the noise, V the joint covariance of all coefficients and phi the inputs asked about,

    phi' V f w (y - f' theta) / s / (1 - w f' V f / s)

(Sherman & Morrison 1950; the case deletion of Cook 1977), where V holds what actions share, so an outcome of one
action teaches the others too. The prior's centre is the mean of all targets and moves with the row; that is
counted in. An action that stands apart teaches and is taught by itself alone; how far its targets scatter is taken as
it is too, so there it is exact but for what one row changes of that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.bandit.bandit import Bandit
from learning.bandit.belief import PRIOR_WEIGHT, Belief

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_LEFT = 1e-3
"""Of what is expected of a row, at least this share must rest on others. A row that all but alone holds up its
direction is set against the common mean instead of what would be expected without it: dividing by next to nothing tells
rounding."""


def remembered(
    bandit: Bandit, actions: Ints, at: NDArray[np.datetime64], weights: Floats | None = None
) -> Floats:
    """Return shape (n,): the weight each row has in what the learner remembers.

    Rows weigh less with age; each action's weights are then scaled to the sum that is remembered of it, so that what
    was let go when the market shifted is let go here too, spread over that action's rows.

    Args:
        bandit: the learner. actions: shape (n,). at: shape (n,), when they were decided.
        weights: shape (n,), with which they were taught; None for ones.
    """
    weights = np.ones(len(actions)) if weights is None else weights
    if bandit.learned_until is not None and len(at):
        age = np.maximum((bandit.learned_until - at) / np.timedelta64(86_400, "s"), 0)
        weights = weights * np.asarray(0.5 ** (age / bandit.settings.half_life_days), dtype=np.float64)
    kept = bandit.acts.sums.counts
    total = np.bincount(actions, weights, minlength=len(kept))
    share = np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)
    return np.asarray(weights * share[actions])


def on_target(
    belief: Belief, inputs: Floats, actions: Ints, targets: Floats, weights: Floats, phi: Floats, action: int
) -> Floats:
    """Return shape (n,): how much each row raised (or lowered) the expected target of `action` at `phi`.

    Args:
        belief: whose sums hold these rows.
        inputs: shape (n, P). actions, targets, weights: shape (n,). phi: shape (P,). action: index.
    """
    if not len(actions):
        return np.zeros(0)
    p, noise = belief.posterior, belief.noises()[actions]
    moved = _moved_by_centre(belief)
    shifts = _centre_without(belief, actions, targets, weights) - belief.mean_target
    theta = belief.coefficients()
    expected = (inputs * theta[actions]).sum(axis=1) + (inputs * moved[actions]).sum(axis=1) * shifts
    h = p.A_inv[action] @ phi
    shared = belief.sharing.from_shared(p.R @ belief.sharing.to_shared(h[None], action)[0])
    towards = -np.einsum("kij,kj->ki", p.A_inv, shared)
    towards[action] += h
    reach = (inputs * towards[actions]).sum(axis=1)
    covariances = belief.covariances()
    own = np.empty(len(actions))
    for k in np.unique(actions):
        of_k = actions == k
        own[of_k] = np.einsum("ni,ni->n", inputs[of_k] @ covariances[k], inputs[of_k])
    left = 1 - weights * own / noise
    alone = targets - p.centre[actions, 0]
    without = np.where(left > LEAST_LEFT, (targets - expected) / np.maximum(left, LEAST_LEFT), alone)
    by_row = reach * weights * without / noise
    return np.asarray(by_row - float(phi @ moved[action]) * shifts)


def on_value(
    bandit: Bandit,
    inputs: Floats,
    actions: Ints,
    rewards: Floats,
    weights: Floats,
    phi: Floats,
    action: int,
    units: Floats | None = None,
    unit: float | None = None,
    acted: NDArray[np.bool_] | None = None,
) -> Floats:
    """Return shape (n,), cents: the value of `action` at `phi` minus what it would be without each row.

    What is expected to be lost is counted in, where a loss was ever seen.

    Args:
        bandit: the learner. inputs: shape (n, P), with the dyads of the action taken.
        actions: shape (n,). rewards: shape (n,), cents, of either sign.
        weights: shape (n,), see `remembered`.
        phi: shape (P,), with the dyads of `action`. action: index.
        units: shape (n,), cents a unit of each row, and `unit`, that of the contact at `phi`: of a learner in units.
        acted: shape (n,), as they were learned with, see `Bandit.learn`.
    """
    cents = bandit.cents_of(units, len(actions))
    at_phi = bandit.cents_of(None if unit is None else np.array([unit]), 1)
    scale = bandit.settings.prior_worth
    measured = (rewards if cents is None else rewards / cents) / scale
    some = measured > 0 if acted is None else (measured > 0) | acted
    on_rate = on_target(bandit.acts, inputs, actions, some.astype(float), weights, phi, action)
    on_worth = np.zeros(len(actions))
    on_worth[some] = on_target(
        bandit.worth, inputs[some], actions[some], np.maximum(measured[some], 0), weights[some], phi, action
    )
    rate = float(phi @ bandit.acts.coefficients_of(action))
    worth = float(phi @ bandit.worth.coefficients_of(action))
    moved = rate * worth - (rate - on_rate) * (worth - on_worth)
    if bandit.loses:
        moved = moved + on_target(bandit.loss, inputs, actions, np.minimum(measured, 0), weights, phi, action)
    return np.asarray(moved * scale * (1.0 if at_phi is None else float(at_phi[0])))


def _moved_by_centre(belief: Belief) -> Floats:
    """Shape (K, P): how coefficients move when the prior's common mean rises by one."""
    p = belief.posterior
    own = -np.einsum("kij,kj->ki", p.A_inv, belief.sums.grams[:, :, 0] / belief.scales.noise)
    evidence = belief.sharing.to_shared(own).sum(axis=0)
    moved = own - np.einsum("kij,kj->ki", p.A_inv, belief.sharing.from_shared(p.R @ evidence))
    moved[:, 0] += 1
    moved[belief.sharing.apart] = 0
    return np.asarray(moved)


def _centre_without(belief: Belief, actions: Ints, targets: Floats, weights: Floats) -> Floats:
    """Shape (n,): the mean target had each row not been seen; those of actions that stand apart are not in it."""
    weights = np.where(np.isin(actions, belief.sharing.apart), 0.0, weights)
    count = belief.seen + PRIOR_WEIGHT
    return np.asarray((belief.mean_target * count - weights * targets) / (count - weights))

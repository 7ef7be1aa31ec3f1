"""Fits the scales of a belief to its sums: the marginal likelihood is climbed (empirical Bayes).

Variances of the intercepts and of dyads, and the noise, go by expectation maximisation. It stays for hundreds of steps
where a variance is much too small, and does not come back from nothing. Variances of features and of patterns go by
MacKay's fixed point, which has the same ends and gets there in a few steps from either side (MacKay 1992, "Bayesian
Interpolation"; Tipping 2001, "Sparse Bayesian Learning and the Relevance Vector Machine").

Actions that stand apart share nothing with the others and have no part in any of this: their scales follow from the
others' (`Belief.own_variances`).

Whether somebody acts is yes or no, and the noise of that is not even: where answers are likely they scatter more. Taken
for even, the surplus looks like coefficients that differ, and the more patterns there are to differ, the more is found
that is not there. How uneven it is follows from where the answers were (`_surplus`), and is taken off first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.bandit.basis import DYADS, FEATURES, INTERCEPT, PATTERNS
from learning.bandit.belief import Belief
from learning.bandit.scales import LEAST, Scales

Floats = NDArray[np.float64]

LEAST_NOISE = 1e-3
"""As a share of the target's variance: noise never falls to nothing, however well the past is explained."""

LIKE_ACTIONS = 2.0
ALIKE_WITHIN = 0.01
"""Means of actions are taken to differ by this share of the target's variance, as so many more actions would show.
A handful of actions tells only vaguely how far actions differ. The likeliest answer is then often "not at all", and who
believes it has no doubt left to resolve and draws all alike for thousands of outcomes. A little prior knowledge keeps
the variance off zero (Chung et al. 2013, "A Nondegenerate Penalized Likelihood Estimator for Variance
Parameters in Multilevel Models"); among dozens of actions it hardly counts."""

PRIOR_COEFFICIENTS = 5.0
"""Where the prior tells how much targets differ, it counts as so many coefficients of each block. A few hundred
outcomes say little about that, and the likeliest reading of them is often wild: all people alike, or each a world
apart."""

LONGEST = float(np.log(20.0))
"""A step of the fixed point goes at most so far, and a leap so much further than the two steps it is judged from, in
logarithms of a variance."""


def fit(belief: Belief, steps: int, answered: Floats | None = None) -> None:
    """Take `steps` steps from the belief's scales towards those that make its sums most likely.

    Where nothing is to be found a variance only creeps towards zero. So after each two steps, every variance that
    keeps going the same way, ever more slowly, leaps to where it is heading (Aitken's delta-squared on logarithms;
    Varadhan & Roland 2008, "Simple and Globally Convergent Methods for Accelerating Any EM Algorithm").

    Args:
        belief: its scales are moved in place.
        steps: how many.
        answered: where the target is yes or no: shape (K, P, P), the grams of the rows with a yes. Else None: noise
            is taken to be even.
    """
    for _ in range(steps // 2):
        start = _logs(belief.scales)
        _advance(belief, answered)
        first = _logs(belief.scales)
        _advance(belief, answered)
        second = _logs(belief.scales)
        _leap(belief, first - start, second - first, second)
    if steps % 2:
        _advance(belief, answered)


def _advance(belief: Belief, answered: Floats | None) -> None:
    found, old = _step(belief, answered), belief.scales
    belief.scales = Scales(old.own, old.shared, old.kin, found.noise) if belief.is_few else found
    belief.forget_posterior()


def _logs(scales: Scales) -> Floats:
    """Shape (3, 4): own, shared, kin."""
    return np.log(np.stack([scales.own, scales.shared, scales.kin]))


def _leap(belief: Belief, step: Floats, next_step: Floats, at: Floats) -> None:
    moving = np.abs(step) > 1e-9
    ratio = np.where(moving, next_step / np.where(moving, step, 1.0), 0.0)
    keeps_going = (ratio > 0) & (ratio < 1)
    further = np.where(keeps_going, next_step * ratio / np.where(keeps_going, 1 - ratio, 1.0), 0.0)
    own, shared, kin = np.maximum(np.exp(at + np.clip(further, -LONGEST, LONGEST)), LEAST)
    belief.scales = Scales(own, shared, kin, belief.scales.noise)
    belief.forget_posterior()


def _step(belief: Belief, answered: Floats | None) -> Scales:
    p, old = belief.posterior, belief.scales
    blocks, actions, some = belief.basis.blocks, max(belief.sharing.members, 1), belief.sharing.together
    sizes = np.maximum(np.bincount(blocks, minlength=4), 1)
    means = belief.coefficients() - p.centre
    AR = p.A_inv @ belief.sharing.fold(p.R)
    correction = np.einsum("kij,kji->ki", AR, p.A_inv)
    variances = np.einsum("kii->ki", p.A_inv) - correction
    square = (means[some] ** 2 + variances[some]).sum(axis=0)
    V = p.S - p.S @ p.R @ p.S
    t = belief.sharing.to_shared(means).sum(axis=0)
    shared = (t**2 + np.diag(V))[: belief.basis.width] / actions
    rest = square - shared
    kin = old.kin.copy()
    if belief.loadings.shape[1] > 1:
        for block in (INTERCEPT, DYADS):
            of_block = np.flatnonzero(blocks == block)
            if len(of_block):
                kin[block] = _kin_step(belief, block, of_block, V, t, rest)
    total_shared = np.bincount(blocks, shared, minlength=4) / sizes
    freedom = np.full(4, float(max(actions - 1, 1)))
    if belief.prior_spread is None:
        rest[blocks == INTERCEPT] += LIKE_ACTIONS * ALIKE_WITHIN * belief._variance()
        freedom[INTERCEPT] += LIKE_ACTIONS
    total_own = np.bincount(blocks, rest, minlength=4) / sizes / freedom
    # Of the mean direction and of all others: squared means, and how much of their prior variance is left.
    doubt = np.diag(V)[: belief.basis.width] / actions
    middle = t[: belief.basis.width] ** 2 / actions
    differing, differing_doubt = (means[some] ** 2).sum(axis=0) - middle, variances[some].sum(axis=0) - doubt
    if answered is not None:
        surplus, of_middle = _surplus(belief, answered, AR)
        middle, differing = middle - of_middle, differing - (surplus - of_middle)
    for block in (FEATURES, PATTERNS):
        of_block = blocks == block
        size = float(of_block.sum())
        if size:
            told_by = middle[of_block].sum(), doubt[of_block].sum()
            total_shared[block] = _fixed_point(old.shared[block], *told_by, size)
            told_by = differing[of_block].sum(), differing_doubt[of_block].sum()
            total_own[block] = _fixed_point(old.own[block], *told_by, size * freedom[block])
    if belief.prior_spread is not None:
        first, fitted = belief.first_scales(), np.isin(np.arange(4), (FEATURES, PATTERNS))
        # Expectation maximisation reckons with all coefficients, the fixed point with those the data tells of.
        of_shared = np.where(fitted, sizes - np.bincount(blocks, doubt, minlength=4) / old.shared, sizes)
        left = np.bincount(blocks, differing_doubt, minlength=4) / old.own
        of_own = np.where(fitted, sizes * freedom - left, sizes * freedom)
        total_shared = _anchored(total_shared, of_shared, first.shared)
        total_own = _anchored(total_own, of_own, first.own)
        kin = _anchored(kin, sizes * (belief.loadings.shape[1] - 1), first.kin)
    return Scales(
        own=np.maximum(total_own, LEAST),
        shared=np.maximum(total_shared, LEAST),
        kin=np.maximum(kin, LEAST),
        noise=_noise(belief, AR, correction, means),
    )


def _anchored(found: Floats, told: Floats, first: Floats) -> Floats:
    """Return variances between those found and those before data; told: of how many coefficients the data tells."""
    told = np.maximum(told, 0.0)
    return np.asarray((told * found + PRIOR_COEFFICIENTS * first) / (told + PRIOR_COEFFICIENTS))


def _surplus(belief: Belief, answered: Floats, AR: Floats) -> tuple[Floats, Floats]:
    """Return by how much noise swells squared posterior means beyond what even noise would, shape (P,) each.

    In all, and of their middle; in squared units of the target. Noise is taken to be as a yes or no at one rate for
    all would show it: a yes is far from that rate where answers are rare, a no is near. Over all rows taught in full
    the surplus is none; it lies where the answers are. A row taught as a part of one scatters less: as w of one it
    brings noise by w squared, and the posterior reckons with w. What is beyond even noise goes through the posterior
    as the data does (the filling of White's sandwich: White 1980, "A Heteroskedasticity-Consistent Covariance Matrix
    Estimator"). What is signal in a yes that is far from the rate is taken for noise too: too much is taken off, little
    where answers are rare (at a rate of 0.3 noise is reckoned as 0.29 for 0.21).

    Args:
        answered: see `fit`.
        AR: shape (K, P, P), A_inv times what sharing corrects.
    """
    p, sums, noise = belief.posterior, belief.sums, belief.scales.noise
    some = belief.sharing.together
    total = max(belief.seen, 1.0)
    rate = float(np.clip(sums.moments[some, 0].sum() / total, 1 / (total + 1), total / (total + 1)))
    seen = (1 - rate) ** 2 * answered + rate**2 * (sums.grams - answered)
    known = np.abs(sums.counts) > 1e-9
    scatter = np.where(known, sums.scatters / np.where(known, sums.counts, 1.0), 1.0)
    excess = (scatter[:, None, None] * seen / (rate * (1 - rate)) - sums.grams) / noise
    alone = p.A_inv @ excess @ p.A_inv
    together = belief.sharing.covariance(alone)
    correction = belief.sharing.fold(p.R @ together @ p.R)
    found = np.einsum("kii->i", alone[some])
    found = found - 2 * np.einsum("kij,kij->i", alone[some], AR[some])
    found = found + np.einsum("kij,kji->i", p.A_inv[some], (correction @ p.A_inv)[some])
    unshared = np.eye(len(together)) - p.S @ p.R
    width = belief.basis.width
    middle = np.einsum("ij,jk,ik->i", unshared[:width], together, unshared[:width], optimize=True)
    return np.asarray(found), np.asarray(middle / max(belief.sharing.members, 1))


def _fixed_point(old: float, squares: float, doubt: float, count: float) -> float:
    """Return the next variance of `count` coefficients: their squared means over how many the data tells of.

    Args:
        old: the variance now. squares: of their posterior means, summed. doubt: their posterior variances, summed.
    """
    told = max(count - doubt / old, 1e-9 * count)
    found = max(squares / told, LEAST)
    return float(old * np.exp(np.clip(np.log(found / old), -LONGEST, LONGEST)))


def _kin_step(
    belief: Belief, block: int, of_block: NDArray[np.int64], V: Floats, t: Floats, rest: Floats
) -> float:
    """Return the block's new kin variance, and take what kin explains out of `rest` in place."""
    scales, Z = belief.scales, belief.loadings
    inner = Z[:, 1:].T @ Z[:, 1:]
    q = len(inner)
    Q = scales.coupling(block, Z)
    reach = np.hstack([np.zeros((q, 1)), np.eye(q) / scales.own[block]])
    reach = reach + np.hstack([np.zeros((q, 1)), inner]) @ Q
    kin = scales.kin[block]
    gain = kin * reach
    left = kin * np.eye(q) - kin**2 * reach[:, 1:] @ inner
    total = 0.0
    for i in of_block:
        at = belief.sharing.places(int(i))
        T = V[np.ix_(at, at)] + np.outer(t[at], t[at])
        second = left + gain @ T @ gain.T
        total += float(np.trace(second))
        rest[i] += float(np.trace(inner @ second)) - 2 * float(np.trace(gain @ T[:, 1:]))
    return total / q / len(of_block)


def _noise(belief: Belief, AR: Floats, correction: Floats, means: Floats) -> float:
    """Expected squared residual a row; traces of covariance times gram follow from the diagonals."""
    p, sums, old, some = belief.posterior, belief.sums, belief.scales, belief.sharing.together
    total = belief.seen
    spread = belief._variance()
    if total <= 0:
        return spread
    own = old.own[belief.basis.blocks]
    theta = (means + p.centre)[some]
    residual = float(
        sums.squares[some].sum()
        - 2 * (theta * sums.moments[some]).sum()
        + np.einsum("ki,kij,kj->", theta, sums.grams[some], theta, optimize=True)
    )
    diagonal = np.einsum("kii->ki", p.A_inv[some])
    alone = (1 - diagonal / own).sum()
    together = np.einsum("kii->", AR[some]) - (correction[some] / own).sum()
    # The prior's share of the noise counts as PRIOR_WEIGHT rows, so that two rows do not make us sure.
    expected = residual + old.noise * float(alone - together) + 10.0 * spread
    return max(expected / (total + 10.0), LEAST_NOISE * spread, LEAST)

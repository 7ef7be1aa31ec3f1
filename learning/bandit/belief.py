"""What is believed about every action at once: a Gaussian posterior that follows from the sums alone.

The coefficients of the K actions are one Gaussian with the prior of `scales`: each action's data speaks about
that action, and through what actions share about the others. Actions that stand apart, such as to do nothing, share
nothing with the others: their rows of Z are zero, and only their own outcomes speak about them. The posterior is
exact; `K` separate inverses and one correction of rank L give it (Woodbury), and one more observation costs O(K P^2),
or O(P^3) of an action that stands apart, whose noise moves with it.

Symbols: A_inv[k] is the inverse of G_k / noise + I / own, for an action by itself; U_k maps an action's
coefficients to what is shared; R corrects for the sharing. Source: Henderson (1950); Lindley & Smith (1972).
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learning.bandit.basis import DYADS, INTERCEPT, PATTERNS, Basis
from learning.bandit.doubt import Alone, Crowd
from learning.bandit.positive import inverse
from learning.bandit.scales import LEAST, Scales
from learning.bandit.sharing import Sharing
from learning.bandit.sums import Sums

Floats = NDArray[np.float64]

BEND_SHARE = 0.01
"""Patterns start with this share of the others' variance: that the world bends has to be shown by data."""

ALIKE = 0.3
"""Where the prior tells how much targets differ: actions in their means by this share of the variance. Whom an action
suits differs more than how good it is."""

FEW_TARGETS = 30.0
"""Targets are few while they sum to no more than so many alike would (Kish's effective number). Where one in five is
worth a hundred times the others, whose action had it looks best for everybody."""

PRIOR_WEIGHT = 10.0
"""The prior mean counts as much as so many observations."""


@dataclass
class Posterior:
    """Everything that follows from sums and scales; made by `Belief.refresh`, moved by `Belief.observe`.

    centre, pulls, own_means: shape (K, P). A_inv: shape (K, P, P). S, R: shape (L, L). evidence: shape (L,).
    """

    centre: Floats
    A_inv: Floats
    pulls: Floats
    own_means: Floats
    S: Floats
    R: Floats
    evidence: Floats


@dataclass
class Before:
    """Coefficients, shape (K, P), what pulled on them, shape (L,), and which actions learned since."""

    theta: Floats
    pull: Floats
    moved: set[int]


class Belief:
    """One target's hierarchical regression over K actions."""

    def __init__(
        self,
        basis: Basis,
        loadings: Floats,
        prior_mean: float,
        tilt: Floats | None = None,
        prior_spread: float | None = None,
        prior_apart: float | None = None,
        spread_while_few: float | None = None,
    ) -> None:
        """Believe nothing yet.

        Args:
            basis: the inputs. loadings: Z, shape (K, 1+q), ones and centred action features; see `kin.loadings_of`.
            prior_mean: expected target before any data; prior_apart: of actions that stand apart, None for the same.
            tilt: shape (m,), prior coefficients of the dyads, or None for zeros.
            prior_spread: standard deviation of a coefficient before data, or None: as wide as the target varies.
            spread_while_few: the same until `FEW_TARGETS` were seen, from then on the prior mean; or None.
        """
        self.basis = basis
        self.sharing = Sharing(basis, loadings)
        self.prior_mean = prior_mean
        self.prior_apart = prior_mean if prior_apart is None else prior_apart
        self.prior_spread = prior_spread
        self._spread_while_few = spread_while_few
        self.tilt = np.zeros(basis.dyads) if tilt is None else tilt
        self.sums = Sums.empty(len(loadings), basis.width)
        self._posterior: Posterior | None = None
        self._alone: Alone | None = None
        self._before: Before | None = None
        self._to_come: tuple[Floats, Floats] | None = None
        self._kept_noises: Floats | None = None
        self._forget_derived()
        self.begin_scales()

    @property
    def loadings(self) -> Floats:
        """Z, shape (K, 1+q)."""
        return self.sharing.loadings

    @loadings.setter
    def loadings(self, loadings: Floats) -> None:
        self.sharing = Sharing(self.basis, loadings)
        self.forget_posterior()

    # What is remembered ------------------------------------------------------------------------------------

    @property
    def mean_target(self) -> float:
        """The mean of what was seen of actions that do not stand apart, with the prior counted in."""
        total = float(self.sums.moments[self.sharing.together, 0].sum()) + PRIOR_WEIGHT * self.prior_mean
        return total / (self.seen + PRIOR_WEIGHT)

    @property
    def seen(self) -> float:
        """How many outcomes are remembered of actions that do not stand apart."""
        return float(self.sums.counts[self.sharing.together].sum())

    def _variance(self) -> float:
        rate = self.prior_mean
        spread = max(abs(rate) * abs(1 - rate), rate**2, LEAST)
        squares = float(self.sums.squares[self.sharing.together].sum()) + PRIOR_WEIGHT * (spread + rate**2)
        return max(squares / (self.seen + PRIOR_WEIGHT) - self.mean_target**2, LEAST)

    def first_scales(self) -> Scales:
        """Return the scales before data: as wide as the target varies, or as the prior tells."""
        noise = self._variance()
        told = self.prior_spread
        if told is None and self._spread_while_few is not None:
            told = self._spread_while_few if self.is_few else self.prior_mean
        start = np.full(4, noise if told is None else told**2)
        start[PATTERNS] *= BEND_SHARE
        if self.prior_spread is None:
            return Scales(start, start.copy(), start.copy(), noise)
        start[DYADS] /= max(self.basis.dyads, 1)
        own = start.copy()
        own[INTERCEPT] *= ALIKE
        return Scales(own, start * max(self.sharing.members, 1), own.copy(), noise)

    @property
    def is_few(self) -> bool:
        """Tell whether so few targets are known that their differences say nothing: scales stay, but for the noise."""
        if self._spread_while_few is None:
            return False
        some = self.sharing.together
        total, squares = float(self.sums.moments[some, 0].sum()), float(self.sums.squares[some].sum())
        alike = total**2 / squares if squares > 0 else 0.0
        return alike < FEW_TARGETS

    def widen(self) -> None:
        """Where targets are few no longer, or again, begin the scales anew: as wide as the prior mean, or narrow."""
        if self._is_narrow != self.is_few:
            self.begin_scales()

    def keep_scales(self, scales: Scales) -> None:
        """Go on with scales that were kept beside the sums as they are now."""
        self.scales = scales
        self._is_narrow = self.is_few
        self.forget_posterior()

    def begin_scales(self) -> None:
        """Put the scales back to where they start from."""
        self.scales = self.first_scales()
        self._is_narrow = self.is_few
        self.forget_posterior()

    @property
    def centre(self) -> Floats:
        """Shape (P,): the prior mean of the coefficients of every action that does not stand apart."""
        centre = np.zeros(self.basis.width)
        centre[0] = self.mean_target
        centre[self.basis.dyad_columns] = self.tilt
        return centre

    @property
    def centres(self) -> Floats:
        """Shape (K, P): the prior mean of every action's coefficients."""
        centres = np.repeat(self.centre[None], len(self.loadings), axis=0)
        centres[self.sharing.apart] = 0
        centres[self.sharing.apart, 0] = self.prior_apart
        return centres

    def own_variances(self) -> Floats:
        """Shape (K, P): prior variances of every action's coefficients, apart from what is shared.

        One that stands apart shares nothing: its coefficients vary as much as all told those of the others do, and the
        mean of its target counts as `PRIOR_WEIGHT` observations do.
        """
        found = np.repeat(self.scales.own[self.basis.blocks][None], len(self.loadings), axis=0)
        if len(self.sharing.apart):
            varies = self.scales.of_one(max(self.sharing.members, 1), has_kin=self.sharing.q > 0)
            found[self.sharing.apart] = varies[self.basis.blocks]
            found[self.sharing.apart, 0] = self.noises()[self.sharing.apart] / PRIOR_WEIGHT
        return found

    def noises(self) -> Floats:
        """Shape (K,): variance of each action's target around its expectation.

        That of one that stands apart is at least the others', and as much as its own targets vary: one large loss is
        not taken for precise because the others never had any.
        """
        if self._kept_noises is not None:
            return self._kept_noises
        noises = np.full(len(self.loadings), self.scales.noise)
        for k in self.sharing.apart.tolist():
            count = float(self.sums.counts[k]) + PRIOR_WEIGHT
            mean = (float(self.sums.moments[k, 0]) + PRIOR_WEIGHT * self.prior_apart) / count
            before = PRIOR_WEIGHT * (self.scales.noise + self.prior_apart**2)
            noises[k] = max(self.scales.noise, (float(self.sums.squares[k]) + before) / count - mean**2)
        return noises

    # The posterior -----------------------------------------------------------------------------------------

    @property
    def posterior(self) -> Posterior:
        """The posterior of the sums as they are."""
        if self._posterior is None:
            self._posterior = self.refresh()
        return self._posterior

    def forget_posterior(self) -> None:
        """The sums were changed: what followed from them is made anew when it is asked for."""
        self._posterior = None
        self._alone = None
        self._before = None
        self._forget_derived()

    def _forget_derived(self) -> None:
        self._theta: Floats | None = None
        self._covariances: Floats | None = None
        self._crowd: Crowd | None = None
        self._ahead: Belief | None = None

    def refresh(self) -> Posterior:
        """Return the posterior from sums and scales, O(K P^3 + L^3)."""
        noises, grams = self.noises(), self.sums.grams
        precisions = grams / noises[:, None, None]
        diagonal = np.arange(self.basis.width)
        precisions[:, diagonal, diagonal] += 1 / self.own_variances()
        A_inv = inverse(precisions)
        pulls = (self.sums.moments - grams @ self.centre) / noises[:, None]
        own_means = np.einsum("kij,kj->ki", A_inv, pulls)
        for k in self.sharing.apart.tolist():
            pulls[k] = (self.sums.moments[k] - grams[k] @ self.centres[k]) / noises[k]
            own_means[k] = A_inv[k] @ pulls[k]
        S = self.sharing.covariance(A_inv)
        Q = self.sharing.coupling(self.scales)
        R = np.linalg.solve(np.eye(len(Q)) + Q @ S, Q)
        evidence = self.sharing.to_shared(own_means).sum(axis=0)
        self._alone = None
        self._before = None
        self._forget_derived()
        return Posterior(self.centres, A_inv, pulls, own_means, S, (R + R.T) / 2, evidence)

    def _of_one_apart(self, action: int) -> tuple[Floats, Floats, Floats]:
        """Return A_inv, pulls and own means of an action that stands apart: its posterior, since it shares nothing."""
        noise, gram = self.noises()[action], self.sums.grams[action]
        (A_inv,) = inverse((gram / noise + np.diag(1 / self.own_variances()[action]))[None])
        pulls = (self.sums.moments[action] - gram @ self.centres[action]) / noise
        return A_inv, pulls, A_inv @ pulls

    def take(
        self,
        inputs: Floats,
        actions: NDArray[np.int64],
        targets: Floats,
        weights: Floats | None = None,
        taught_as: float = 1.0,
    ) -> None:
        """Take rows in (see `Sums.add`). One row of full weight moves the posterior along; more make it anew."""
        self.sums.add(inputs, actions, targets, weights, taught_as)
        if len(actions) == 1 and weights is None and self._posterior is not None:
            self.observe(inputs[0], int(actions[0]), float(targets[0]))
        else:
            self.forget_posterior()

    def observe(self, f: Floats, action: int, target: float) -> None:
        """Move the posterior by one row, shape (P,), that was added to the sums; exact up to rounding."""
        p = self.posterior
        if action in self.sharing.apart:
            p.A_inv[action], p.pulls[action], p.own_means[action] = self._of_one_apart(action)
            self._has_moved(action, np.zeros(len(f)))
            return
        centred = target - float(f @ p.centre[action])
        h = p.A_inv[action] @ f
        g = h / np.sqrt(self.scales.noise + f @ h)
        p.A_inv[action] -= np.outer(g, g)
        p.pulls[action] += centred * f / self.scales.noise
        before = p.own_means[action]
        p.own_means[action] = p.A_inv[action] @ p.pulls[action]
        u = self.sharing.to_shared(g[None], action)[0]
        p.S -= np.outer(u, u)
        Ru = p.R @ u
        p.R += np.outer(Ru, Ru) / (1 - u @ Ru)
        p.evidence += self.sharing.to_shared((p.own_means[action] - before)[None], action)[0]
        self._has_moved(action, g)

    def _has_moved(self, action: int, g: Floats) -> None:
        """What one action's A_inv fell by is g g', but for one that stands apart, which is kept in full."""
        p = self.posterior
        if self._theta is not None:
            self._before = Before(self._theta, self._pull, set())
        if self._before is not None:
            self._before.moved.add(action)
        self._forget_derived()
        if self._alone is not None and not self._alone.observe(action, p.A_inv[action], g):
            self._alone = None

    def coefficients(self) -> Floats:
        """Return shape (K, P): posterior means of every action's coefficients."""
        if self._theta is None:
            p = self.posterior
            pull = p.R @ p.evidence
            before, self._before = self._before, None
            if before is not None and self._alone is not None and 2 * len(before.moved) < len(p.A_inv):
                # What one outcome taught the other actions is little: single precision is enough for it.
                step = self.sharing.from_shared(pull - before.pull)
                theta = before.theta - self._alone.mapped(step.astype(np.float32))
                rows = sorted(before.moved)
                pull_back = self.sharing.from_shared(pull)[rows]
                theta[rows] = (
                    p.centre[rows]
                    + p.own_means[rows]
                    - np.matmul(p.A_inv[rows], pull_back[:, :, None])[:, :, 0]
                )
            else:
                pull_back = self.sharing.from_shared(pull)
                theta = p.centre + p.own_means - np.matmul(p.A_inv, pull_back[:, :, None])[:, :, 0]
            self._theta, self._pull = theta, pull
        return self._theta

    def coefficients_of(self, action: int) -> Floats:
        """Return shape (P,): posterior means of one action's coefficients."""
        if self._theta is not None:
            return np.asarray(self._theta[action])
        p = self.posterior
        pull_back = self.sharing.from_shared(p.R @ p.evidence, action)[0]
        return np.asarray(p.centre[action] + p.own_means[action] - p.A_inv[action] @ pull_back)

    def covariances(self) -> Floats:
        """Return shape (K, P, P): posterior covariance of each action's coefficients."""
        if self._covariances is None:
            self._covariances = self.covariances_of(np.arange(len(self.loadings)))
        return self._covariances

    def covariances_of(self, actions: NDArray[np.int64]) -> Floats:
        """Return those of some actions, shape (len(actions), P, P)."""
        p = self.posterior
        if len(actions) == len(p.A_inv):
            return np.asarray(p.A_inv - (p.A_inv @ self.sharing.fold(p.R)) @ p.A_inv)
        folded = self.sharing.fold(p.R)
        A = p.A_inv[actions]
        return np.asarray(A - (A @ (folded[actions] if len(folded) > 1 else folded)) @ A)

    @property
    def alone(self) -> Alone:
        """What is not known, ready for one contact at a time."""
        posterior = self.posterior
        if self._alone is None:
            self._alone = Alone(self, posterior)
        return self._alone

    def await_rows(self, grams: Floats | None, counts: Floats | None) -> None:
        """Reckon doubt as if rows to come were known already; expectations stay as they are.

        Args:
            grams: shape (K, P, P), sum of their w f f', or None where none are on their way. counts: shape (K,).
        """
        self._to_come = None if grams is None or counts is None else (grams, counts)
        self._ahead = None

    @property
    def ahead(self) -> Belief:
        """As sure as this belief will be once rows on their way are known; of its expectations no use is made."""
        if self._to_come is None:
            return self
        if self._ahead is None:
            one, (grams, counts) = copy(self), self._to_come
            sums = self.sums
            one.sums = replace(sums, grams=sums.grams + grams, counts=sums.counts + counts)
            one._to_come = None
            # How far targets scatter is not known better by what has not come yet.
            one._kept_noises = self.noises() if len(self.sharing.apart) else None
            one.forget_posterior()
            self._ahead = one
        return self._ahead

    def look(self, rows: Floats, *, is_ahead: bool = False) -> tuple[Floats, Floats]:
        """Return expected target and variance, shape (K,) each, for one contact.

        Args:
            rows: shape (K, P), this contact's inputs for every action, or (1, P) where they are the same.
            is_ahead: whether the variance is that of `ahead`.
        """
        theta = self.coefficients()
        means = theta @ rows[0] if len(rows) == 1 else np.einsum("kp,kp->k", rows, theta)
        whose = self.ahead if is_ahead else self
        return means, whose.alone.variances(whose, rows)

    def look_all(
        self, inputs: Floats, dyads: Floats | None, *, is_ahead: bool = False
    ) -> tuple[Floats, Floats]:
        """Return expected targets and variances, shape (n, K) each, for many contacts.

        Args:
            inputs: shape (n, P). dyads: shape (n, K, m), or None. is_ahead: see `look`.
        """
        theta = self.coefficients()
        means = inputs @ theta.T
        if dyads is not None:
            means += np.einsum("nkm,km->nk", dyads, theta[:, self.basis.dyad_columns])
        whose = self.ahead if is_ahead else self
        if whose._crowd is None:
            whose._crowd = Crowd(whose, whose.alone.directions)
        return means, whose._crowd.variances(inputs, dyads)

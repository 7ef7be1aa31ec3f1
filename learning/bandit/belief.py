"""What is believed about every action at once: a Gaussian posterior that follows from the sums alone.

The coefficients of the K actions are one Gaussian with the prior of `scales`: each action's data speaks about
that action, and through what actions share about the others. The posterior is exact; `K` separate inverses and
one correction of rank L give it (Woodbury), and one more observation costs O(K P^2).

Symbols: A_inv[k] is the inverse of G_k / noise + I / own, for an action by itself; U_k maps an action's
coefficients to what is shared; R corrects for the sharing. Source: Henderson (1950); Lindley & Smith (1972).
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.bandit.basis import DYADS, INTERCEPT, PATTERNS, Basis
from learning.bandit.doubt import Alone, Crowd
from learning.bandit.scales import LEAST, Scales
from learning.bandit.sums import Sums

Floats = NDArray[np.float64]

BEND_SHARE = 0.01
"""Patterns start with this share of the others' variance: that the world bends has to be shown by data."""

PRIOR_WEIGHT = 10.0
"""The prior mean counts as much as so many observations."""


@dataclass
class Posterior:
    """Everything that follows from sums and scales; made by `Belief.refresh`, moved by `Belief.observe`."""

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
    ) -> None:
        """Believe nothing yet.

        Args:
            basis: the inputs. loadings: Z, shape (K, 1+q), ones and centred action features.
            prior_mean: expected target before any data.
            tilt: shape (m,), prior coefficients of the dyads, or None for zeros.
            prior_spread: standard deviation of a coefficient before data, or None: as wide as the target varies.
        """
        self.basis = basis
        self.loadings = loadings
        self.prior_mean = prior_mean
        self.prior_spread = prior_spread
        self.tilt = np.zeros(basis.dyads) if tilt is None else tilt
        self.sums = Sums.empty(len(loadings), basis.width)
        self.kin_inputs = np.flatnonzero(np.isin(basis.blocks, (INTERCEPT, DYADS)))
        self._posterior: Posterior | None = None
        self._alone: Alone | None = None
        self._before: Before | None = None
        self._to_come: tuple[Floats, Floats] | None = None
        self._forget_derived()
        self.begin_scales()

    # What is remembered ------------------------------------------------------------------------------------

    @property
    def mean_target(self) -> float:
        """The mean of what was seen, with the prior counted in."""
        total = float(self.sums.moments[:, 0].sum()) + PRIOR_WEIGHT * self.prior_mean
        return total / (float(self.sums.counts.sum()) + PRIOR_WEIGHT)

    def _variance(self) -> float:
        rate = self.prior_mean
        spread = max(abs(rate) * abs(1 - rate), rate**2, LEAST)
        squares = float(self.sums.squares.sum()) + PRIOR_WEIGHT * (spread + rate**2)
        return max(squares / (float(self.sums.counts.sum()) + PRIOR_WEIGHT) - self.mean_target**2, LEAST)

    def begin_scales(self) -> None:
        """Put the scales back to where they start from."""
        noise = self._variance()
        spread = noise if self.prior_spread is None else self.prior_spread**2
        start = np.full(4, spread)
        start[PATTERNS] *= BEND_SHARE
        self.scales = Scales(start, start.copy(), start.copy(), noise)
        self.forget_posterior()

    @property
    def centre(self) -> Floats:
        """Shape (P,): the prior mean of every action's coefficients."""
        centre = np.zeros(self.basis.width)
        centre[0] = self.mean_target
        centre[self.basis.dyad_columns] = self.tilt
        return centre

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
        scales, basis = self.scales, self.basis
        precision = 1 / scales.own[basis.blocks]
        A_inv: Floats = np.asarray(
            np.linalg.inv(self.sums.grams / scales.noise + np.diag(precision)), dtype=np.float64
        )
        centre = self.centre
        pulls = (self.sums.moments - self.sums.grams @ centre) / scales.noise
        own_means = np.einsum("kij,kj->ki", A_inv, pulls)
        S = self._shared_covariance(A_inv)
        Q = self._coupling()
        R = np.linalg.solve(np.eye(len(Q)) + Q @ S, Q)
        evidence = self._to_shared(own_means).sum(axis=0)
        self._alone = None
        self._before = None
        self._forget_derived()
        return Posterior(centre, A_inv, pulls, own_means, S, (R + R.T) / 2, evidence)

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
        centred = target - float(f @ p.centre)
        h = p.A_inv[action] @ f
        g = h / np.sqrt(self.scales.noise + f @ h)
        p.A_inv[action] -= np.outer(g, g)
        p.pulls[action] += centred * f / self.scales.noise
        before = p.own_means[action]
        p.own_means[action] = p.A_inv[action] @ p.pulls[action]
        u = self._to_shared(g[None], action)[0]
        p.S -= np.outer(u, u)
        Ru = p.R @ u
        p.R += np.outer(Ru, Ru) / (1 - u @ Ru)
        p.evidence += self._to_shared((p.own_means[action] - before)[None], action)[0]
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
                step = self._from_shared(pull - before.pull)
                theta = before.theta - self._alone.mapped(step.astype(np.float32))
                rows = sorted(before.moved)
                pull_back = self._from_shared(pull)[rows]
                theta[rows] = (
                    p.centre + p.own_means[rows] - np.matmul(p.A_inv[rows], pull_back[:, :, None])[:, :, 0]
                )
            else:
                pull_back = self._from_shared(pull)
                theta = p.centre + p.own_means - np.matmul(p.A_inv, pull_back[:, :, None])[:, :, 0]
            self._theta, self._pull = theta, pull
        return self._theta

    def coefficients_of(self, action: int) -> Floats:
        """Return shape (P,): posterior means of one action's coefficients."""
        if self._theta is not None:
            return np.asarray(self._theta[action])
        p = self.posterior
        pull_back = self._from_shared(p.R @ p.evidence, action)[0]
        return np.asarray(p.centre + p.own_means[action] - p.A_inv[action] @ pull_back)

    def covariances(self) -> Floats:
        """Return shape (K, P, P): posterior covariance of each action's coefficients."""
        if self._covariances is None:
            self._covariances = self.covariances_of(np.arange(len(self.loadings)))
        return self._covariances

    def covariances_of(self, actions: NDArray[np.int64]) -> Floats:
        """Return those of some actions, shape (len(actions), P, P)."""
        p = self.posterior
        if len(actions) == len(p.A_inv):
            return np.asarray(p.A_inv - (p.A_inv @ self._fold(p.R)) @ p.A_inv)
        folded = self._fold(p.R)
        A = p.A_inv[actions]
        return np.asarray(A - (A @ (folded[actions] if self._q else folded)) @ A)

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

    # What actions share ------------------------------------------------------------------------------------

    @property
    def _q(self) -> int:
        return int(self.loadings.shape[1]) - 1

    def _to_shared(self, h: NDArray[Any], action: int | None = None) -> NDArray[Any]:
        """U_k' h for every action (h of shape (K, P)) or for one (shape (1, P)); shape (., L)."""
        if not self._q:
            return h
        z = self.loadings[:, 1:] if action is None else self.loadings[action : action + 1, 1:]
        kin = h[:, self.kin_inputs]
        return np.hstack([h, (z[:, :, None] * kin[:, None, :]).reshape(len(h), -1)])

    def _from_shared(self, w: Floats, action: int | None = None) -> Floats:
        """U_k w for every action, shape (K, P), or for one, shape (1, P)."""
        width = self.basis.width
        z = self.loadings[:, 1:] if action is None else self.loadings[action : action + 1, 1:]
        back = np.repeat(w[None, :width], len(z), axis=0)
        if self._q:
            back[:, self.kin_inputs] += z @ w[width:].reshape(self._q, -1)
        return back

    def _fold(self, R: Floats) -> Floats:
        """U_k R U_k' for every action; shape (K, P, P), or (1, P, P) where actions have no features."""
        width = self.basis.width
        if not self._q:
            return R[None]
        kin, z = self.kin_inputs, self.loadings[:, 1:]
        q, kin_width = self._q, len(kin)
        folded = np.repeat(R[None, :width, :width], len(z), axis=0)
        cross = np.einsum("kj,ijc->kic", z, R[:width, width:].reshape(width, q, kin_width), optimize=True)
        folded[:, :, kin] += cross
        folded[:, kin, :] += cross.transpose(0, 2, 1)
        inner = R[width:, width:].reshape(q, kin_width, q, kin_width)
        folded[:, kin[:, None], kin[None, :]] += np.einsum("kj,jcle,kl->kce", z, inner, z, optimize=True)
        return folded

    def _shared_covariance(self, A_inv: Floats) -> Floats:
        """S, the sum over actions of U_k' A_inv[k] U_k; shape (L, L)."""
        plain = A_inv.sum(axis=0)
        if not self._q:
            return np.asarray(plain)
        z, kin, width = self.loadings[:, 1:], self.kin_inputs, self.basis.width
        cross = np.einsum("kj,kic->ijc", z, A_inv[:, :, kin], optimize=True).reshape(width, -1)
        inner = np.einsum("kj,kce,kl->jcle", z, A_inv[:, kin[:, None], kin[None, :]], z, optimize=True)
        side = inner.shape[0] * inner.shape[1]
        return np.block([[plain, cross], [cross.T, inner.reshape(side, side)]])

    def _coupling(self) -> Floats:
        """Q over everything shared; shape (L, L)."""
        width, q, kin = self.basis.width, self._q, self.kin_inputs
        Q = np.zeros((width + q * len(kin),) * 2)
        for block in range(4):
            of_block = np.flatnonzero(self.basis.blocks == block)
            if block not in (INTERCEPT, DYADS) or not q:
                Q[of_block, of_block] = self.scales.coupling(block, self.loadings[:, :1])[0, 0]
                continue
            small = self.scales.coupling(block, self.loadings)
            for i in of_block:
                at = self.places(int(i))
                Q[np.ix_(at, at)] = small
        return Q

    def places(self, input_: int) -> NDArray[np.int64]:
        """Where one kin input's 1 + q shared directions stand among the L."""
        position = int(np.searchsorted(self.kin_inputs, input_))
        steps = self.basis.width + position + np.arange(self._q) * len(self.kin_inputs)
        return np.concatenate([[input_], steps]).astype(np.int64)

"""What is not known of each action, kept ready in single precision: for one contact, and for a whole audience.

An action of which few outcomes are known is the prior less what they told, in a few directions (Woodbury 1950); one of
which much is known is a full matrix. Which is which is found by a Cholesky factor with pivoting of what was
learned, in units of the prior. Both are exact to single precision.

Symbols as in `belief`: A = D - w w', with D the diagonal of prior variances and w of shape (P, r).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.blas import strmm
from scipy.linalg.lapack import dpstrf

from learning.bandit.scoring import Singles, blocks, factors, variances

if TYPE_CHECKING:
    from learning.bandit.belief import Belief, Posterior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW = 0.2
"""Directions are few where they are at most this share of the inputs: two short maps then cost less than a full one."""

RANK_TOLERANCE = 1e-7
"""What is known of an input, in units of its prior, is nothing below this."""

SUREST = 1_000.0
"""Where more was learned than so many times the prior, single precision would lose what is left of it."""

NOTHING_SHARED = 1e-9
"""Where the variances of what is shared and of an action's own differ by less than this share, nothing is shared."""

ROOM = 8
"""Columns kept free, so that outcomes can be learned one by one."""

CACHED_FLOATS = 200_000
"""So many numbers stay in a processor's cache."""

MOST_COLUMNS = 1_500
"""So many directions are looked at in one product, so that they stay in a processor's cache."""


def told(gram: Floats, own: Floats, noise: float) -> Floats | None:
    """Return w, shape (P, r), with A = D - w w', or None where r is not few.

    Args:
        gram: shape (P, P), the action's sums. own: shape (P,), D's diagonal. noise: of the target.
    """
    root = np.sqrt(own)
    known = gram * (root[:, None] * (root / noise))
    if not 0 <= np.trace(known) <= SUREST:
        return None
    factor, order, rank, info = dpstrf(known, tol=RANK_TOLERANCE, lower=1)
    if info < 0 or rank > FEW * len(own):
        return None
    F = np.zeros((len(own), rank))
    F[order - 1] = np.tril(factor)[:, :rank]
    inner = np.linalg.cholesky(np.eye(rank) + F.T @ F)
    return np.asarray(root[:, None] * solve_triangular(inner, F.T, lower=True).T)


class Directions:
    """What outcomes told of every action, split into those with few directions and the others.

    few, many: which actions. W: shape (len(few), r, P), single precision, w' of the few, padded with zeros.
    ranks: shape (len(few),), directions in use. shares_nothing: whether actions teach each other nothing.
    """

    def __init__(self, belief: Belief) -> None:
        """Look at the sums of `belief`, at its scales."""
        sums, own = belief.sums, belief.scales.own[belief.basis.blocks]
        width = len(own)
        found = {}
        # One that stands apart has variances of its own, and is kept in full.
        for k in np.setdiff1d(np.flatnonzero(sums.counts <= FEW * width), belief.sharing.apart).tolist():
            w = told(sums.grams[k], own, belief.scales.noise)
            if w is not None:
                found[k] = w
        self.own = own
        self.shares_nothing = belief.loadings.shape[1] == 1 and belief.scales.share_nothing(NOTHING_SHARED)
        self.few = np.array(sorted(found), dtype=np.int64)
        self.many = np.setdiff1d(np.arange(len(sums.counts)), self.few)
        self.ranks = np.array([found[k].shape[1] for k in self.few.tolist()], dtype=np.int64)
        room = int(self.ranks.max(initial=0)) + ROOM
        self.W: Singles = np.zeros((len(self.few), room, width), dtype=np.float32)
        for place, k in enumerate(self.few.tolist()):
            self.W[place, : self.ranks[place]] = found[k].T

    def add(self, action: int, g: Floats) -> bool:
        """Take in that A of one of the few fell by g g'; tell whether there was room for it."""
        place = int(np.searchsorted(self.few, action))
        rank = int(self.ranks[place])
        if rank == self.W.shape[1]:
            return False
        self.W[place, rank] = g
        self.ranks[place] += 1
        return True


class Alone:
    """Doubt about one contact at a time; moves with every outcome."""

    def __init__(self, belief: Belief, posterior: Posterior) -> None:
        """Make ready; one pass over the posterior."""
        self.directions = Directions(belief)
        self.own = self.directions.own.astype(np.float32)
        self.A: Singles = posterior.A_inv[self.directions.many].astype(np.float32)
        self.half: Singles | None = None
        self.inner: Inner | None = None
        self.has_moved = False

    def observe(self, action: int, A: Floats, g: Floats) -> bool:
        """Follow `Belief.observe`: A, shape (P, P), of one action fell by g g'; tell whether that was possible."""
        self.half = self.inner = None
        self.has_moved = True
        many = self.directions.many
        place = int(np.searchsorted(many, action))
        if place < len(many) and many[place] == action:
            self.A[place] = A
            return True
        return self.directions.add(action, g)

    def variances(self, belief: Belief, rows: Floats) -> Floats:
        """Return shape (K,): f' C_k f for this contact's inputs, shape (K, P), or (1, P) where all are the same."""
        f = rows.astype(np.float32)
        if len(f) == 1 and not (belief.sharing.q or self.has_moved or len(self.directions.many)):
            if self.inner is None:
                self.inner = Inner(self.directions, belief.posterior.R)
            return self.inner.variances(f[0])
        h = self.mapped(f)
        found = h @ f[0] if len(f) == 1 else np.einsum("kp,kp->k", h, f)
        if not self.directions.shares_nothing:
            u = belief.sharing.to_shared(h)
            half = self._half(belief.posterior.R)
            found -= 2 * np.einsum("kl,kl->k", strmm(1.0, half, u.T, lower=1, trans_a=1).T, u)
        return np.asarray(np.maximum(found, 0), dtype=np.float64)

    def mapped(self, f: Singles) -> Singles:
        """Return A_k f for every action, shape (K, P), from what each is given, shape (K, P) or (1, P)."""
        few, many, W = self.directions.few, self.directions.many, self.directions.W
        h = np.empty((len(few) + len(many), f.shape[1]), dtype=np.float32)
        if len(many):
            h[many] = np.matmul(self.A, _of(f, many)[:, :, None])[:, :, 0]
        # Few enough at a time for what is read twice to stay in a processor's cache.
        step = max(1, CACHED_FLOATS // (W.shape[1] * W.shape[2]))
        for start in range(0, len(few), step):
            some = few[start : start + step]
            w, own = W[start : start + step], _of(f, some)
            g = np.matmul(w, own[:, :, None])
            h[some] = own * self.own - np.matmul(g.transpose(0, 2, 1), w)[:, 0]
        return h

    def _half(self, R: Floats) -> Singles:
        """Return what makes R together with its transpose, in its lower half."""
        if self.half is None:
            half: Singles = R.astype(np.float32)
            half[np.diag_indices(len(half))] /= 2
            self.half = half.T
        return self.half


class Inner:
    """Doubt about one contact whose inputs are the same for every action, where all actions have few directions.

    With A = D - w w' and what is shared taken off, f' C f is f' D f - g'g less (D f)' R (D f) - 2 g'w'R D f + g' M g,
    where g = w' f and M = w' R w: two products with w', however many inputs are shared.
    """

    def __init__(self, directions: Directions, R: Floats) -> None:
        """Make ready: O(K r P^2), once for every posterior."""
        ranks = directions.ranks
        self.own = directions.own.astype(np.float32)
        starts = np.cumsum(ranks) - ranks
        self.W: Singles = np.ascontiguousarray(
            np.concatenate([w[:rank] for w, rank in zip(directions.W, ranks, strict=True)])
        )
        self.R: Singles = R.astype(np.float32)
        most = max(int(ranks.max(initial=0)), 1)
        self.M: Singles = np.zeros((len(ranks), most, most), dtype=np.float32)
        self.places = np.flatnonzero(np.arange(most) < ranks[:, None])
        through = self.W @ self.R
        for k, (start, rank) in enumerate(zip(starts.tolist(), ranks.tolist(), strict=True)):
            rows = slice(start, start + rank)
            self.M[k, :rank, :rank] = through[rows] @ self.W[rows].T

    def variances(self, f: Singles) -> Floats:
        """Return shape (K,), for inputs of shape (P,)."""
        h = self.own * f
        pulled = self.R @ h
        g = np.zeros((2, self.M.shape[0] * self.M.shape[1]), dtype=np.float32)
        g[0, self.places] = self.W @ f
        g[1, self.places] = self.W @ pulled
        own, shared = g.reshape(2, *self.M.shape[:2])
        turned = np.matmul(self.M, own[:, :, None])[:, :, 0]
        told = np.einsum("kr,kr->k", own, own - 2 * shared + turned)
        found = float(h @ f) - float(h @ pulled) - told
        return np.asarray(np.maximum(found, 0), dtype=np.float64)


def _of(f: Singles, actions: Ints) -> Singles:
    return f if len(f) == 1 else f[actions]


class Crowd:
    """Doubt about many contacts at once, as the posterior is now."""

    def __init__(self, belief: Belief, directions: Directions) -> None:
        """Make ready.

        Where actions have features or inputs of their own, all are looked at in full.
        """
        self.belief = belief
        is_plain = belief.loadings.shape[1] == 1 and not belief.basis.dyads
        self.few = directions.few if is_plain else directions.few[:0]
        self.many = np.setdiff1d(np.arange(len(belief.loadings)), self.few)
        self.roots = factors(belief.covariances_of(self.many)) if len(self.many) else []
        if len(self.few):
            self._prepare(directions)

    def _prepare(self, directions: Directions) -> None:
        """For f' C_k f = f' C_0 f + (w_k' f) (Y_k f), where C_0 is what is not known of an action never tried."""
        D, R = directions.own, self.belief.posterior.R
        self.own: Singles | None = None
        if directions.shares_nothing:
            # C_0 = D, and Y_k = -w_k'.
            self.own = D.astype(np.float32)
        else:
            self.new = factors((np.diag(D) - R * D[:, None] * D)[None])
        used = [W[:rank].astype(np.float64) for W, rank in zip(directions.W, directions.ranks, strict=True)]
        self.pieces: list[tuple[Ints, Ints, Singles]] = []
        at = 0
        while at < len(used):
            upto, columns = at, 0
            while upto < len(used) and (upto == at or columns + len(used[upto]) <= MOST_COLUMNS):
                columns += len(used[upto])
                upto += 1
            if columns:
                self.pieces.append(self._piece(at, used[at:upto], R, D))
            at = upto

    def _piece(self, at: int, used: list[Floats], R: Floats, D: Floats) -> tuple[Ints, Ints, Singles]:
        """Places among the few that know something, where each one's directions start, and all maps.

        Maps have shape (P, r) where nothing is shared, else (P, 2 r).
        """
        stacked = np.vstack(used)
        known = [place for place, w in enumerate(used) if len(w)]
        sizes = np.array([len(w) for w in used], dtype=np.int64)
        ends = np.cumsum(sizes)
        if self.own is None:
            through = stacked @ R
            Y = 2 * through * D
            for w, end in zip(used, ends.tolist(), strict=True):
                own = slice(end - len(w), end)
                Y[own] -= w + (through[own] @ w.T) @ w
            stacked = np.vstack([stacked, Y])
        maps = np.ascontiguousarray(stacked.T.astype(np.float32))
        return np.array(known, dtype=np.int64) + at, (ends - sizes)[known], maps

    def variances(self, inputs: Floats, dyads: Floats | None) -> Floats:
        """Return f' C_k f, shape (n, K), at least 0; see `scoring.variances`."""
        columns = self.belief.basis.dyad_columns
        if not len(self.few):
            return variances(inputs, dyads, self.roots, columns)
        found = np.empty((len(inputs), len(self.belief.loadings)))
        if len(self.many):
            found[:, self.many] = variances(inputs, dyads, self.roots, columns)
        for rows in blocks(*inputs.shape):
            found[rows, self.few] = self._of_few(inputs[rows])
        return found

    def _of_few(self, inputs: Floats) -> Floats:
        f = inputs.astype(np.float32)
        start = (
            variances(inputs, None, self.new, slice(0)) if self.own is None else ((f * f) @ self.own)[:, None]
        )
        found = np.repeat(start.astype(np.float64), len(self.few), axis=1)
        for places, starts, maps in self.pieces:
            mapped = f @ maps
            if self.own is None:
                half = mapped.shape[1] // 2
                found[:, places] += np.add.reduceat(mapped[:, :half] * mapped[:, half:], starts, axis=1)
            else:
                np.multiply(mapped, mapped, out=mapped)
                found[:, places] -= np.add.reduceat(mapped, starts, axis=1)
        return np.maximum(found, 0)

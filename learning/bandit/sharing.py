"""What actions share, as linear maps: U_k takes what is shared, L numbers, to the coefficients of action k.

The first P of the L are shared by all alike; the others belong to what actions are like (`kin`), for the intercept and
the dyads alone. An action that stands apart shares nothing: its row of Z is zero, and so is its U_k.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.bandit.basis import Basis
from learning.bandit.scales import KIN_BLOCKS, Scales

Floats = NDArray[np.float64]


class Sharing:
    """The maps of one belief.

    loadings: Z, shape (K, 1+q). q: numbers an action's kin are known by. together, apart: which actions share, and
    which stand apart. members: how many share. kin_inputs: which of the P inputs kin share.
    """

    def __init__(self, basis: Basis, loadings: Floats) -> None:
        """Prepare the maps of `loadings`, see `kin.loadings_of`."""
        self.basis, self.loadings = basis, loadings
        self.q = int(loadings.shape[1]) - 1
        shares = loadings[:, 0] != 0
        self.apart: NDArray[np.int64] = np.flatnonzero(~shares)
        self.together: slice | NDArray[np.int64] = np.flatnonzero(shares) if len(self.apart) else slice(None)
        self.members = len(loadings) - len(self.apart)
        self.kin_inputs = np.flatnonzero(KIN_BLOCKS[basis.blocks])

    def to_shared(self, h: NDArray[Any], action: int | None = None) -> NDArray[Any]:
        """U_k' h for every action (h of shape (K, P)) or for one (shape (1, P)); shape (., L)."""
        Z = self._of(action)
        if len(self.apart):
            h = h * Z[:, :1].astype(h.dtype)
        if not self.q:
            return h
        kin = h[:, self.kin_inputs]
        return np.hstack([h, (Z[:, 1:, None] * kin[:, None, :]).reshape(len(h), -1)])

    def from_shared(self, w: Floats, action: int | None = None) -> Floats:
        """U_k w for every action, shape (K, P), or for one, shape (1, P)."""
        width, Z = self.basis.width, self._of(action)
        back = np.repeat(w[None, :width], len(Z), axis=0)
        if len(self.apart):
            back *= Z[:, :1]
        if self.q:
            back[:, self.kin_inputs] += Z[:, 1:] @ w[width:].reshape(self.q, -1)
        return back

    def fold(self, R: Floats) -> Floats:
        """U_k R U_k' for every action; shape (K, P, P), or (1, P, P) where it is the same for all."""
        width = self.basis.width
        if not self.q:
            return R * self.loadings[:, :, None] if len(self.apart) else R[None]
        kin, z = self.kin_inputs, self.loadings[:, 1:]
        q, kin_width = self.q, len(kin)
        folded = np.repeat(R[None, :width, :width], len(z), axis=0)
        folded[self.apart] = 0
        cross = np.einsum("kj,ijc->kic", z, R[:width, width:].reshape(width, q, kin_width), optimize=True)
        folded[:, :, kin] += cross
        folded[:, kin, :] += cross.transpose(0, 2, 1)
        inner = R[width:, width:].reshape(q, kin_width, q, kin_width)
        folded[:, kin[:, None], kin[None, :]] += np.einsum("kj,jcle,kl->kce", z, inner, z, optimize=True)
        return folded

    def covariance(self, A_inv: Floats) -> Floats:
        """S, the sum over actions of U_k' A_inv[k] U_k; shape (L, L)."""
        plain = A_inv[self.together].sum(axis=0)
        if not self.q:
            return np.asarray(plain)
        z, kin, width = self.loadings[:, 1:], self.kin_inputs, self.basis.width
        cross = np.einsum("kj,kic->ijc", z, A_inv[:, :, kin], optimize=True).reshape(width, -1)
        inner = np.einsum("kj,kce,kl->jcle", z, A_inv[:, kin[:, None], kin[None, :]], z, optimize=True)
        side = inner.shape[0] * inner.shape[1]
        return np.block([[plain, cross], [cross.T, inner.reshape(side, side)]])

    def coupling(self, scales: Scales) -> Floats:
        """Q over everything shared; shape (L, L)."""
        width, q, kin = self.basis.width, self.q, self.kin_inputs
        Q = np.zeros((width + q * len(kin),) * 2)
        for block in range(4):
            of_block = np.flatnonzero(self.basis.blocks == block)
            if not (KIN_BLOCKS[block] and q):
                Q[of_block, of_block] = scales.coupling(block, self.loadings[:, :1])[0, 0]
                continue
            small = scales.coupling(block, self.loadings)
            for i in of_block:
                at = self.places(int(i))
                Q[np.ix_(at, at)] = small
        return Q

    def places(self, input_: int) -> NDArray[np.int64]:
        """Where one kin input's 1 + q shared directions stand among the L."""
        position = int(np.searchsorted(self.kin_inputs, input_))
        steps = self.basis.width + position + np.arange(self.q) * len(self.kin_inputs)
        return np.concatenate([[input_], steps]).astype(np.int64)

    def _of(self, action: int | None) -> Floats:
        return self.loadings if action is None else self.loadings[action : action + 1]

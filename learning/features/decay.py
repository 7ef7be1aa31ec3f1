"""Decayed sums that do not depend on how a stream was cut into batches.

A sum S(t) = sum_i 2^(-(t - t_i) / h) is kept as A = sum_i 2^((t_i - E) / h) at an anchor E, and S(t) is
A * 2^((E - t) / h) whenever it is asked for: adding an event is one addition, whatever came before or
after it (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, 2009, ICDE).

Anchors are multiples of the longest half-life, which every half-life divides, so moving the anchor
multiplies by a whole power of two: exact in floating point. An event is added at the first anchor after
it and all before it, and its weight's fraction does not depend on the anchor. So two states that took
the same events in the same order are equal bit for bit, wherever the batches were cut. In another order
each sum differs by rounding only, at most about n * 2^-24 of itself after n events (float32).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.features.acts import HALF_LIFE_DAYS

MICROSECONDS_A_DAY = 86_400_000_000
STEP = max(HALF_LIFE_DAYS) * MICROSECONDS_A_DAY
"""Anchors are multiples of this many microseconds since 1970."""

_LEAST_EXPONENT = -100
"""Weights below 2^-100 of the anchor's are nothing: they could only slow the arithmetic down."""


def weights(at: NDArray[np.int64], anchor: int, half_life_days: int) -> NDArray[np.float32]:
    """Return 2^((at - anchor) / half-life), shape (n,), in (0, 1] for `at` up to the anchor.

    Args:
        at: shape (n,), microseconds since 1970.
        anchor: a multiple of `STEP`.
        half_life_days: one of `HALF_LIFE_DAYS`.
    """
    half_life = half_life_days * MICROSECONDS_A_DAY
    whole, rest = np.divmod(at - anchor, half_life)
    fraction = np.exp2(rest / half_life).astype(np.float32)
    weight = np.ldexp(fraction, np.clip(whole, _LEAST_EXPONENT, None).astype(np.int32))
    return np.where(whole <= _LEAST_EXPONENT, np.float32(0), weight)


def factor(anchor: int, at: int, half_life_days: int) -> float:
    """Return what turns a sum kept at `anchor` into its value at `at`."""
    return float(2.0 ** max((anchor - at) / (half_life_days * MICROSECONDS_A_DAY), -1000.0))

"""Made-up cases whose true probabilities are known."""

from __future__ import annotations

import numpy as np

from learning.likelihood.calibration import sigmoid
from learning.likelihood.table import Floats, Table

START = np.datetime64("2026-01-05", "s")
DAY = np.timedelta64(86_400, "s")


def cases(
    seed: int, n: int = 1_500, *, strength: float = 1.0, base: float = -1.0
) -> tuple[Table, Floats, Floats]:
    """Return cases over 200 days, their outcomes and their true log-odds.

    `x0` raises the odds, `word` "a" does too, `x1` is noise with gaps.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    x[rng.random(n) < 0.2, 1] = np.nan
    words = rng.choice(np.array(["a", "b", "rare", ""]), p=[0.4, 0.4, 0.005, 0.195], size=(n, 1))
    logits = base + strength * (x[:, 0] + 0.8 * (words[:, 0] == "a"))
    outcomes = (rng.random(n) < sigmoid(logits)).astype(float)
    at = START + (np.sort(rng.random(n)) * 200 * 86_400).astype("timedelta64[s]")
    who = np.arange(n).astype(np.str_)
    return Table(("x0", "x1"), ("word",), x, words.astype(np.str_), at, at + 10 * DAY, who), outcomes, logits

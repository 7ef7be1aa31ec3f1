"""Intervals for a mean over decisions that come in clusters: one contact appears in many decisions.

Terms are added up within each contact first; contacts are independent, decisions are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from learning.replay.evidence import Array

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Between `low` and `high`, cents a decision, at `level`; `method` says how it was made."""

    low: float
    high: float
    level: float
    method: str

    def __contains__(self, value: float) -> bool:
        """Tell whether a value lies within."""
        return self.low <= value <= self.high


def centred_sums(terms: Array, clusters: NDArray[np.int64]) -> Array:
    """Shape (G,): each cluster's sum of terms less their overall mean, times G / n.

    The overall mean is a ratio of two sums (of terms and of decisions) over clusters, so these are its
    linearised influence values; their mean is zero.
    """
    counts = np.bincount(clusters)
    sums = np.bincount(clusters, weights=terms - terms.mean())
    return np.asarray(sums * (len(counts) / len(terms)), dtype=np.float64)


def standard_error(terms: Array, clusters: NDArray[np.int64]) -> float:
    """Cluster-robust standard error of the mean of `terms`; infinite for fewer than two clusters."""
    z = centred_sums(terms, clusters)
    g = len(z)
    return float(np.sqrt((z @ z) / (g * (g - 1)))) if g > 1 else float("inf")


def student(terms: Array, clusters: NDArray[np.int64], level: float = LEVEL) -> Interval:
    """Asymptotic interval with Student's quantile, G - 1 degrees of freedom."""
    mean, error = float(terms.mean()), standard_error(terms, clusters)
    reach = _quantile(level, int(clusters.max())) * error
    return Interval(mean - reach, mean + reach, level, "Student")


def skew_corrected(terms: Array, clusters: NDArray[np.int64], level: float = LEVEL) -> Interval:
    """Studentised interval corrected for skewness: what a bootstrap-t finds, without drawing.

    Rewards are rare and long-tailed, so a mean that saw no large one looks both low and certain; the
    correction reaches further up. Second-order accurate, O(n), no seed.

    Source: Hall (1992), On the removal of skewness by transformation, J. R. Statist. Soc. B 54(1), g_1.
    """
    z = centred_sums(terms, clusters)
    g = len(z)
    error = standard_error(terms, clusters)
    skewness = float((z**3).mean() / (z @ z / g) ** 1.5) if 0 < error < float("inf") else 0.0
    low, high = hall(float(terms.mean()), error, skewness / g**0.5, g - 1, level)
    return Interval(low, high, level, "skew-corrected")


def hall(mean: float, error: float, skew: float, degrees: int, level: float) -> tuple[float, float]:
    """Lower and upper end for a mean with a standard error and a skewness of its own (third cumulant / error^3)."""
    if not 0 < error < float("inf"):
        return mean - error, mean + error
    t = _quantile(level, degrees)
    return mean - error * _untransformed(t, skew), mean - error * _untransformed(-t, skew)


def _untransformed(x: float, s: float) -> float:
    """Solve t + s t^2 / 3 + s^2 t^3 / 27 + s / 6 = x for t; s is skewness over the root of G."""
    if abs(s) < 1e-9:
        return x
    return float(3 / s * (np.cbrt(1 + s * (x - s / 6)) - 1))


def empirical_likelihood(terms: Array, clusters: NDArray[np.int64], level: float = LEVEL) -> Interval:
    """Means that some reweighting of the contacts makes likely enough; its shape follows the data's.

    Calibrated by F(1, G - 1) rather than chi-square for small G.

    Source: Owen (1988), Biometrika 75(2); for logged decisions Karampatziakis, Langford & Mineiro (2020),
    Empirical likelihood for contextual bandits, NeurIPS.
    """
    mean = float(terms.mean())
    z = centred_sums(terms, clusters)
    g = len(z)
    error = standard_error(terms, clusters)
    if not 0 < error < float("inf"):
        return Interval(mean - error, mean + error, level, "empirical likelihood")
    critical = float(stats.f.ppf(level, 1, g - 1))

    def excess(shift: float) -> float:
        return _log_ratio(z - shift) - critical

    # The hull of the data bounds every mean that can be reached; the ratio grows without end towards it.
    low = optimize.brentq(excess, float(z.min()) * (1 - 1e-9), 0.0, xtol=1e-6 * error)
    high = optimize.brentq(excess, 0.0, float(z.max()) * (1 - 1e-9), xtol=1e-6 * error)
    return Interval(mean + low, mean + high, level, "empirical likelihood")


def _log_ratio(z: Array) -> float:
    """-2 log of the empirical likelihood ratio that the mean of `z` is zero."""
    least, most = float(z.min()), float(z.max())
    if least >= 0 or most <= 0:
        return 1e12
    n = len(z)
    low, high = (1 / n - 1) / most, (1 / n - 1) / least
    tilt = optimize.brentq(lambda t: float((z / (1 + t * z)).sum()), low, high)
    return float(2 * special.log1p(tilt * z).sum())


def empirical_bernstein(
    terms: Array, clusters: NDArray[np.int64], reach: float, level: float = LEVEL
) -> Interval:
    """Interval that holds at any n where each contact's sum of terms spans at most `reach`; wide.

    Source: Maurer & Pontil (2009), Empirical Bernstein bounds and sample variance penalization, COLT.
    """
    z = centred_sums(terms, clusters)
    g, mean = len(z), float(terms.mean())
    if g < 2:
        return Interval(-float("inf"), float("inf"), level, "empirical Bernstein")
    odds = np.log(4 / (1 - level))  # two sides, each at (1 - level) / 2
    far = float(np.sqrt(2 * z.var(ddof=1) * odds / g) + 7 * reach * odds / (3 * (g - 1)))
    return Interval(mean - far, mean + far, level, "empirical Bernstein")


def _quantile(level: float, degrees: int) -> float:
    return float(stats.t.ppf(0.5 + level / 2, max(degrees, 1)))

"""Overlap: how much of a log speaks about a candidate at all.

Source: Kish (1965), Survey Sampling; Owen (2013), Monte Carlo theory, methods and examples, section 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.replay.evidence import Evidence


@dataclass(frozen=True)
class Overlap:
    """How far a candidate's choices are covered by what was logged.

    decisions: n.
    contacts: G, distinct clusters.
    max_weight: largest importance weight.
    mean_weight: one in expectation; far from it means overlap is poor or propensities are wrong.
    ess_expected: n over the mean of sum_k c_k^2 / p_k: Kish's number as the logged probabilities promise it. Where
        it is far below `ess_kish`, the candidate's large weights were too rare to be seen.
    ess_kish: decisions an even-weighted sample of the same precision would have.
    ess_owen: the same for estimating a variance, (sum w^2)^2 / sum w^4.
    ess_contacts: Kish's number with the weights of one contact added up first.
    rewarded: decisions with a reward above zero that the candidate might have taken.
    ess_rewarded: Kish's number over those, weighted by what they add.
    unsupported: share of the candidate's mass on actions the log gave no probability, in [0, 1].
    """

    decisions: int
    contacts: int
    max_weight: float
    mean_weight: float
    ess_expected: float
    ess_kish: float
    ess_owen: float
    ess_contacts: float
    rewarded: int
    ess_rewarded: float
    unsupported: float


def kish(weights: NDArray[Any]) -> float:
    """(sum w)^2 / sum w^2: n for even weights, 1 where one weight is all; 0 without any."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def expected_square(evidence: Evidence) -> float:
    """Mean of the squared weight over draws that could have come: mean over decisions of sum_k c_k^2 / p_k, >= 0."""
    p = np.where(evidence.logged > 0, evidence.logged, 1.0)
    return float((evidence.candidate**2 / p).sum(axis=1).mean())


def unsupported_mass(evidence: Evidence) -> float:
    """Share of the candidate's mass, over all decisions, on actions with logged probability zero."""
    if not len(evidence):
        return 0.0
    return float(np.where(evidence.logged > 0, 0.0, evidence.candidate).sum() / len(evidence))


def overlap_of(evidence: Evidence) -> Overlap:
    """Measure the overlap of a log and a candidate."""
    w = evidence.weights
    contacts = int(evidence.clusters.max()) + 1 if len(w) else 0
    by_contact = np.bincount(evidence.clusters, weights=w, minlength=contacts)
    # What a message costs in any case, or what it harmed, is no success that could be told apart.
    adds = w * np.maximum(evidence.rewards, 0)
    return Overlap(
        decisions=len(w),
        contacts=contacts,
        max_weight=float(w.max(initial=0.0)),
        mean_weight=float(w.mean()) if len(w) else 0.0,
        ess_expected=len(w) / expected_square(evidence) if len(w) else 0.0,
        ess_kish=kish(w),
        ess_owen=kish(np.square(w)),
        ess_contacts=kish(by_contact),
        rewarded=int(np.count_nonzero(adds)),
        ess_rewarded=kish(adds),
        unsupported=unsupported_mass(evidence),
    )

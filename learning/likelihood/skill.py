"""Whether a ranking can tell cases apart at all, and how many outcomes it would take to know.

The area under the ROC curve (AUC) is compared within time blocks only, so a changed base rate is never taken
for skill. Its variance is DeLong's, with rows of one entity summed before squaring (Obuchowski 1997, "Nonparametric
analysis of clustered ROC curve data", Biometrics 53(2)); with one row an entity it is DeLong's exactly (DeLong,
DeLong & Clarke-Pearson 1988, Biometrics 44(3)), by midranks as in Sun & Xu 2014 (IEEE Signal Proc. Letters 21(11)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from domain.leads import Skill
from learning.likelihood.table import Floats, Ints

LEVEL = 0.95
SMALLEST_SKILL = 0.60
"""The AUC below which a ranking is not worth acting on; what the power gate counts outcomes for."""
LEAST_OUTCOMES = 10
"""Fewer of either outcome among judged cases say nothing, whatever the ranking."""
_POWER = 0.8


@dataclass(frozen=True)
class Area:
    """An AUC with its two-sided interval."""

    value: float
    low: float
    high: float


def area(
    scores: Floats, outcomes: Floats, entities: NDArray[np.str_] | None = None, blocks: Ints | None = None
) -> Area | None:
    """Return the AUC within blocks with its 95 % interval, or None where no block holds both outcomes.

    Args:
        scores: shape (n,), higher means likelier.
        outcomes: shape (n,), 0 or 1.
        entities: shape (n,); rows of one entity are dependent. None: every row is its own.
        blocks: shape (n,), int; only cases of one block are compared. None: all are comparable.
    """
    blocks = np.zeros(len(scores), dtype=np.int64) if blocks is None else blocks
    influence: Floats = np.zeros(len(scores))
    weights, values = [], []
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        won, lost = rows[outcomes[rows] == 1], rows[outcomes[rows] == 0]
        if not len(won) or not len(lost):
            continue
        m, n = len(won), len(lost)
        both = rankdata(scores[np.concatenate([won, lost])])
        v10 = (both[:m] - rankdata(scores[won])) / n
        v01 = 1 - (both[m:] - rankdata(scores[lost])) / m
        value, weight = float(v10.mean()), m * n / (m + n)
        influence[won] = weight * (v10 - value) / m * math.sqrt(m / max(m - 1, 1))
        influence[lost] = weight * (v01 - value) / n * math.sqrt(n / max(n - 1, 1))
        values.append(value)
        weights.append(weight)
    if not weights:
        return None
    theta = float(np.average(values, weights=weights))
    if entities is not None:
        _, whose = np.unique(entities, return_inverse=True)
        influence = np.bincount(whose, weights=influence).astype(np.float64)
    error = math.sqrt(float((influence**2).sum())) / sum(weights)
    half = float(norm.ppf(0.5 + LEVEL / 2)) * error
    return Area(theta, max(theta - half, 0.0), min(theta + half, 1.0))


def chance(
    scores: Floats,
    outcomes: Floats,
    entities: NDArray[np.str_],
    blocks: Ints,
    seed: int,
    rounds: int = 999,
) -> float:
    """Return how often shuffled outcomes rank at least as well: a one-sided permutation p-value in (0, 1].

    Whole entities are shuffled within their block, so that the repeated outcomes of one stay together.
    """
    rng = np.random.default_rng(seed)
    places, sums = [], []
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        rows = rows[np.argsort(entities[rows], kind="stable")]
        won = outcomes[rows] == 1
        m, n = int(won.sum()), int((~won).sum())
        if m and n:
            _, starts = np.unique(entities[rows], return_index=True)
            places.append((won, np.split(np.arange(len(rows)), starts[1:])))
            # Weight m n / (m + n) times AUC (rank sum / m n): linear in the rank sum.
            sums.append(rankdata(scores[rows]) / (m + n))
    if not places:
        return 1.0
    seen = sum(float(ranks[won].sum()) for (won, _), ranks in zip(places, sums, strict=True))
    reached = 0
    for _ in range(rounds):
        drawn = 0.0
        for (won, groups), ranks in zip(places, sums, strict=True):
            dealt = rng.permutation(len(groups))
            each_alone = len(groups) == len(won)
            order = dealt if each_alone else np.concatenate([groups[i] for i in dealt])
            drawn += float(ranks[won[order]].sum())
        reached += drawn >= seen - 1e-12
    return (1 + reached) / (1 + rounds)


def outcomes_needed(share: float, auc: float = SMALLEST_SKILL) -> int:
    """Return how many positive outcomes show an AUC above 0.5 with 80 % power at the 95 % level.

    Args:
        share: share of positives among cases, in (0, 1).
        auc: the AUC to be shown.

    Source: variance by Hanley & McNeil 1982, "The meaning and use of the area under a ROC curve", Radiology 143(1).
    """
    z = float(norm.ppf(0.5 + LEVEL / 2) + norm.ppf(_POWER))
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    odds = (1 - share) / share
    # Var(AUC) m = (Q1 - A^2) / odds + (Q2 - A^2), without the term of order 1 / m.
    per_m = (q1 - auc**2) / odds + (q2 - auc**2)
    return max(LEAST_OUTCOMES, math.ceil(z**2 * per_m / (auc - 0.5) ** 2))


def judge_skill(
    scores: Floats, outcomes: Floats, entities: NDArray[np.str_], blocks: Ints, seed: int, *, known: int
) -> Skill:
    """Decide whether out-of-time scores tell cases apart: the interval clear of 0.5, and no chance finding.

    Args:
        scores: shape (n,), each made by a model that saw only what was settled before the case's block.
        outcomes: shape (n,), 0 or 1.
        entities: shape (n,).
        blocks: shape (n,), int.
        seed: of the permutation check.
        known: entities with a positive outcome in all, judged or not.
    """
    share = float(outcomes.mean()) if len(outcomes) else 0.0
    # A case is seen many times: what counts is how many different entities came true, or did not.
    positives = len(np.unique(entities[outcomes == 1]))
    fewest = min(positives, len(np.unique(entities[outcomes == 0])))
    found = area(scores, outcomes, entities, blocks) if len(outcomes) else None
    if found is None or fewest < LEAST_OUTCOMES:
        more = outcomes_needed(share if 0 < share < 1 else 0.1) - known
        return Skill(has_skill=False, outcomes=known, judged=len(outcomes), more_outcomes=max(more, 1))
    p_value = chance(scores, outcomes, entities, blocks, seed)
    has_skill = found.low > 0.5 and p_value <= (1 - LEVEL) / 2
    more_outcomes = None
    if not has_skill:
        # Only later blocks are judged, so more are needed in all than in what is judged.
        judged_share = positives / max(known, 1)
        needed = math.ceil(outcomes_needed(share) / max(judged_share, 0.05))
        more_outcomes = max(needed - known, 0)
    return Skill(
        has_skill=has_skill,
        auc=found.value,
        auc_low=found.low,
        auc_high=found.high,
        p_value=p_value,
        outcomes=known,
        judged=len(outcomes),
        more_outcomes=more_outcomes,
    )

"""A cohort: each contact from its first decision on, what stood before and what came within the window.

Contacts count as assigned at their first decision, whatever was sent later: that is what keeps arms comparable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.signs import ACTS, FIRST_STAGE, LADDER, LOST, SIGNALS, Signs, stage_code

LOOK_BACK_DAYS = 90
"""How far back acts count as covariates."""
_DAY = np.timedelta64(86_400, "s")


@dataclass(frozen=True)
class Cohort:
    """c contacts.

    reached: shape (c, len(LADDER)), bool: did the act, or got to a standing not held before, in the window.
    level_before: shape (c,), int, furthest standing at the start, 0 is none.
    revenue_cents: shape (c,), ≥ 0, known amounts of deals won in the window, in the contact's share.
    covariates: shape (c, len(SIGNALS) + 1), log counts of signals in `LOOK_BACK_DAYS` before, and the level.
    """

    reached: NDArray[np.bool_]
    level_before: NDArray[np.int64]
    revenue_cents: NDArray[np.float64]
    covariates: NDArray[np.float64]


def cohort_of(
    signs: Signs,
    start: NDArray[np.datetime64],
    window_days: float,
    until: NDArray[np.datetime64] | None = None,
) -> Cohort:
    """Return what came of each contact.

    Args:
        signs: of contacts numbered 0 … c - 1.
        start: shape (c,), datetime64[s], each contact's first decision.
        window_days: how long after it an outcome counts.
        until: shape (c,), datetime64[s], when a contact's window ends early; NaT, or None for everybody: it does not.

    """
    c = len(start)
    since = start[signs.contact]
    is_before = signs.at <= since
    is_within = ~is_before & (signs.at <= since + np.timedelta64(round(window_days * 86_400), "s"))
    if until is not None:
        end = until[signs.contact]
        is_within &= np.isnat(end) | (signs.at <= end)
    is_stage = (signs.code >= FIRST_STAGE) & (signs.code < LOST)
    level = np.where(is_stage, signs.code - FIRST_STAGE + 1, 0)
    is_act = np.isin(signs.code, [stage_code(act) for act in ACTS])
    level_before = np.zeros(c, dtype=np.int64)
    stood = is_before & ~is_act
    np.maximum.at(level_before, signs.contact[stood], level[stood])
    reached = np.zeros((c, len(LADDER)), dtype=bool)
    rows = is_within & is_stage
    reached[signs.contact[rows], level[rows] - 1] = True
    # An act can be done again and a purchase made again; any other stage is reached once.
    again = level_before[:, None] >= np.arange(1, len(LADDER) + 1)
    again[:, [LADDER.index(act) for act in ACTS]] = False
    bought = np.zeros_like(reached)
    deals = rows & signs.closes
    bought[signs.contact[deals], level[deals] - 1] = True
    paid = deals & np.isfinite(signs.amount_cents)
    revenue = np.bincount(
        signs.contact[paid], signs.amount_cents[paid] * signs.scale[paid], minlength=c
    ).astype(float)
    lately = is_before & (since - signs.at < LOOK_BACK_DAYS * _DAY) & (signs.code < FIRST_STAGE)
    counts = np.zeros((c, len(SIGNALS)))
    np.add.at(counts, (signs.contact[lately], signs.code[lately]), 1)
    return Cohort(
        reached=(reached & ~again) | bought,
        level_before=level_before,
        revenue_cents=revenue,
        covariates=np.column_stack([np.log1p(counts), level_before]),
    )

"""Attribution: which earlier decisions an outcome is credited to, and in which parts.

One explainable rule by default: every touch in the window before the outcome has a part, halved for each
quarter of the window it lies further back. Parts of one outcome sum to one, or to zero where no touch lies in
its window: then nobody here gets credit. An account's deal is first shared over its people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.people import BuyingRoleKind

HALVINGS = 4.0
"""Half-lives in a window: the oldest touch that counts weighs a sixteenth of one just before the outcome."""

ROLE_WEIGHTS: dict[BuyingRoleKind, float] = {
    BuyingRoleKind.CHAMPION: 2.0,
    BuyingRoleKind.DECISION_MAKER: 2.0,
    BuyingRoleKind.ECONOMIC_BUYER: 2.0,
    BuyingRoleKind.INFLUENCER: 1.0,
    BuyingRoleKind.USER: 1.0,
    BuyingRoleKind.OTHER: 1.0,
    BuyingRoleKind.BLOCKER: 0.5,
}
"""A person's weight in an account's deal, by part; touched but without a known part: `TOUCHED_WEIGHT`.
House defaults: those who decide or carry a purchase count double."""
TOUCHED_WEIGHT = 1.0

ENDS_SHARE = 0.4
"""By position, the first and the last touch have this share each; those between them part the rest evenly. Where there
is nothing between, both have half. The marketing tools' usual numbers (40 – 20 – 40), a convention without a proof."""


class Rule(StrEnum):
    """How an outcome is parted among the touches before it."""

    TIME_DECAY = "time_decay"
    LAST = "last"
    LINEAR = "linear"
    POSITION = "position"


@dataclass(frozen=True)
class Parts:
    """e pairs of an outcome and a touch.

    outcome: shape (e,), int, row of the outcome.
    touch: shape (e,), int, row of the touch.
    share: shape (e,), in (0, 1]; sums to one over each outcome that is in it.
    """

    outcome: NDArray[np.int64]
    touch: NDArray[np.int64]
    share: NDArray[np.float64]

    def of(self, outcomes: NDArray[np.int64], touches: NDArray[np.int64]) -> Parts:
        """Return the same pairs with rows as they are called in a larger whole; shapes (m,), (n,)."""
        return Parts(outcomes[self.outcome], touches[self.touch], self.share)

    @classmethod
    def joined(cls, *some: Parts) -> Parts:
        """Return all pairs of several."""
        return cls(**{name: np.concatenate([vars(one)[name] for one in some]) for name in vars(some[0])})

    def credit(self, worth: NDArray[np.float64], touches: int) -> NDArray[np.float64]:
        """Return shape (touches,): each touch's sum of shares × worth, `worth` of shape (outcomes,)."""
        return np.bincount(self.touch, self.share * worth[self.outcome], minlength=touches).astype(float)


def parts_of(
    outcome_contact: NDArray[np.int64],
    outcome_at: NDArray[np.datetime64],
    touch_contact: NDArray[np.int64],
    touch_at: NDArray[np.datetime64],
    window_days: float | NDArray[np.float64],
    rule: Rule = Rule.TIME_DECAY,
) -> Parts:
    """Part m outcomes among n touches of the same contact, strictly before them and within the window.

    Args:
        outcome_contact: shape (m,), int ≥ 0.
        outcome_at: shape (m,), datetime64[s], UTC.
        touch_contact: shape (n,), int ≥ 0.
        touch_at: shape (n,), datetime64[s], UTC.
        window_days: days > 0 a touch counts for, one for all or shape (m,), one an outcome.
        rule: how to part.

    """
    order = np.lexsort((touch_at, touch_contact))
    contact, at = touch_contact[order], _seconds(touch_at[order])
    outcome_second = _seconds(outcome_at)
    window = np.broadcast_to(np.asarray(window_days, dtype=float) * 86_400, outcome_second.shape)
    both = np.concatenate([at, outcome_second, outcome_second - window.astype(np.int64)])
    origin = both.min(initial=0)
    # One sorted key a touch, so that each outcome's touches are one slice of it.
    stride = int(both.max(initial=0) - origin) + 2
    key = contact * stride + (at - origin)
    base = outcome_contact * stride - origin
    last = np.searchsorted(key, base + outcome_second, side="left")
    first = np.searchsorted(key, base + outcome_second - window.astype(np.int64), side="left")
    if rule is Rule.LAST:
        first = np.maximum(first, last - 1)
    count = last - first
    outcome = np.repeat(np.arange(len(outcome_second)), count)
    slot = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count) + np.repeat(first, count)
    weight = np.ones(len(slot))
    if rule is Rule.TIME_DECAY:
        weight = 0.5 ** (HALVINGS * (outcome_second[outcome] - at[slot]) / window[outcome])
    elif rule is Rule.POSITION:
        between = np.maximum(count - 2, 0)[outcome]
        is_end = (slot == first[outcome]) | (slot == last[outcome] - 1)
        weight = np.where(is_end, ENDS_SHARE, (1 - 2 * ENDS_SHARE) / np.maximum(between, 1))
    total = np.bincount(outcome, weight, minlength=len(outcome_second))
    return Parts(outcome, order[slot], weight / total[outcome])


def people_shares(deal: NDArray[np.int64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share each deal over its people: shape (p,), sums to one over each deal.

    Args:
        deal: shape (p,), int ≥ 0, the deal each (deal, person) pair is about.
        weight: shape (p,), > 0, the person's weight in it, see `ROLE_WEIGHTS`.

    """
    if len(deal) == 0:
        return np.zeros(0)
    return weight / np.bincount(deal, weight)[deal]


def _seconds(at: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return at.astype("datetime64[s]").astype(np.int64)

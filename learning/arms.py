"""Arms: who is decided for how, by stable hash, so that what worked can be told from what would have happened.

Two holdouts (of everything, and of one campaign) get nothing. Of the rest, one share is drawn at random, one
follows the usual practice, and the others are the learner's. The same contact stays in the same arm in every
run, and changing one share moves nobody between the other arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.decision import Arm
from learning.holdout import is_held_out, position

GLOBAL_SALT = "holdout:*"
"""No campaign can have this id, so the global holdout is independent of every campaign's."""


@dataclass(frozen=True)
class Shares:
    """How an audience is parted.

    holdout: of one campaign, in [0, 0.5]: get nothing of it.
    global_holdout: in [0, 0.5]: get nothing of any campaign.
    explore: in [0, 1], of those not held out: drawn without looking at what is believed.
    usual: in [0, 1 - explore], of those not held out: the team's usual practice.

    Raises:
        ValueError: where shares lie outside these ranges.
    """

    holdout: float = 0.1
    global_holdout: float = 0.0
    explore: float = 0.0
    usual: float = 0.0

    def __post_init__(self) -> None:
        held = all(0 <= share <= 0.5 for share in (self.holdout, self.global_holdout))
        parted = self.explore >= 0 and self.usual >= 0 and self.explore + self.usual <= 1
        if not (held and parted):
            raise ValueError(
                f"{self} cannot be parted: holdouts lie in [0, 0.5], explore and usual sum to at most 1"
            )


def arm_of(campaign_id: str, contact_id: str, shares: Shares) -> Arm:
    """Return the contact's arm in a campaign."""
    if position(GLOBAL_SALT, contact_id) < shares.global_holdout:
        return Arm.HOLDOUT
    if is_held_out(campaign_id, contact_id, shares.holdout):
        return Arm.HOLDOUT
    place = position(f"arm:{campaign_id}", contact_id)
    if place < shares.explore:
        return Arm.EXPLORE
    # From the other end: a larger explore share takes from the learner, never from the usual practice.
    return Arm.USUAL if place >= 1 - shares.usual else Arm.LEARNED


def arms_of(campaign_id: str, contact_ids: Sequence[str], shares: Shares) -> tuple[Arm, ...]:
    """Return the arms of many contacts, in their order."""
    return tuple(arm_of(campaign_id, contact_id, shares) for contact_id in contact_ids)

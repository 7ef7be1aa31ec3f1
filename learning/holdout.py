"""The holdout: contacts who get nothing, so that there is something to compare with.

Membership is a stable hash, not a draw: the same contact is held out of the same campaign in every
run, on every machine, and adding contacts moves nobody.
"""

from __future__ import annotations

import hashlib


def position(salt: str, contact_id: str) -> float:
    """Return where a contact stands in [0, 1), the same for ever for one salt."""
    digest = hashlib.sha256(f"{salt}\x1f{contact_id}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def is_held_out(campaign_id: str, contact_id: str, share: float) -> bool:
    """Tell whether this contact belongs to the campaign's holdout of `share` (in [0, 0.5])."""
    return position(f"holdout:{campaign_id}", contact_id) < share

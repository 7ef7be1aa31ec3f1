"""Several equal proposals decided together: low stakes only, all with the same content, each bound to its own hash.

A batch is no other way past a rule: every item goes through `app.reviews.review`, alone, and its own result is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from app.reviews import review
from domain.base import Noun, Sha256
from domain.errors import AttuneError
from domain.review import Review, ReviewAct
from domain.review_queue import QueueLine

if TYPE_CHECKING:
    from app.carry import Carrier
    from app.wiring import House

MOST_ITEMS = 50


class BatchItem(Noun):
    """One proposal, and the hash of what was shown of it."""

    proposal_id: str
    message_sha256: Sha256


class BatchResult(Noun):
    """What became of one item."""

    proposal_id: str
    who: str
    is_done: bool
    words: str


async def decide_together(
    house: House,
    carrier: Carrier,
    items: Sequence[BatchItem],
    *,
    act: ReviewAct,
    reviewer: str,
    reason: str,
    at: datetime,
) -> tuple[BatchResult, ...]:
    """Approve or reject equal low-stakes proposals, one after the other; return what became of each.

    What does not belong is left alone and told: high or ordinary stakes, a finding, other content than the first.

    Raises:
        ValueError: for any other act, or more than `MOST_ITEMS` items.
    """
    if act not in {ReviewAct.APPROVE, ReviewAct.REJECT} or len(items) > MOST_ITEMS:
        raise ValueError(f"a batch approves or rejects at most {MOST_ITEMS} proposals")
    results: list[BatchResult] = []
    like: QueueLine | None = None
    for item in items:
        try:
            line = house.review_queue.line(item.proposal_id)
        except AttuneError as problem:
            results.append(_told(item, item.proposal_id, False, str(problem)))
            continue
        if wrong := _does_not_belong(line, like):
            results.append(_told(item, line.contact_name, False, wrong))
            continue
        like = like or line
        given = Review(
            proposal_id=item.proposal_id,
            act=act,
            reviewer=reviewer,
            message_sha256=item.message_sha256,
            reason=reason,
            at=at,
        )
        try:
            done = await review(house, given, carrier)
        except AttuneError as problem:
            results.append(_told(item, line.contact_name, False, str(problem)))
        else:
            results.append(_told(item, line.contact_name, True, done.outcome.value))
    return tuple(results)


def _does_not_belong(line: QueueLine, like: QueueLine | None) -> str | None:
    if not line.is_for_batches:
        return (
            f"Its stakes are {line.level.value}; look at it alone."
            if line.is_clean
            else "The checks found something; look at it alone."
        )
    if like is not None and (line.campaign_id, line.asset_id) != (like.campaign_id, like.asset_id):
        return (
            f"It offers {line.asset_title!r}, the first one {like.asset_title!r}; decide equal ones together."
        )
    return None


def _told(item: BatchItem, who: str, is_done: bool, words: str) -> BatchResult:
    return BatchResult(proposal_id=item.proposal_id, who=who, is_done=is_done, words=words)

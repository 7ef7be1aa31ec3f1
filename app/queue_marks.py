"""Putting a proposal off and giving it to somebody: marks on the queue, each told to the audit chain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import ReviewRejected
from memory.crm.statements import sharing, writing

if TYPE_CHECKING:
    from app.wiring import House


def expires_at(house: House, asked_at: datetime) -> datetime:
    """When a proposal closes by itself if nobody decides."""
    return asked_at + timedelta(days=house.rules.stakes.proposal_days)


def snooze(house: House, proposal_id: str, until: datetime | None, by: str) -> None:
    """Put a waiting proposal off until then, or back into the queue with None.

    Raises:
        NotFound: there is no such proposal.
        ReviewRejected: it does not wait any more, or would have closed by itself before then.
    """
    if until is not None:
        ends = expires_at(house, house.review_queue.line(proposal_id).created_at)
        if until >= ends:
            raise ReviewRejected(
                f"It closes by itself on {ends:%-d %b at %H:%M} UTC if nobody decides; put it off until before that."
            )
        if until <= house.clock():
            raise ReviewRejected("That time has passed. Nothing was changed.")
    told = until.isoformat() if until else None
    with writing(house.engine) as connection, sharing(connection):
        house.review_queue.snooze(proposal_id, until)
        house.audit.append_in(connection, "queue", proposal_id, {"act": "snooze", "until": told, "by": by})


def assign(house: House, proposal_id: str, assignee: str | None, by: str) -> None:
    """Give a waiting proposal to a member, or to nobody with None.

    Raises:
        NotFound: there is no such proposal or member.
        ReviewRejected: it does not wait any more, or the member has left or may not review.
    """
    if assignee is not None:
        from domain.staff import Act
        from policies.rights import may

        member = house.staff.member(assignee)
        if not member.is_active or not may(member.role, Act.REVIEW):
            raise ReviewRejected(f"{member.name} does not review here. Nothing was changed.")
    with writing(house.engine) as connection, sharing(connection):
        house.review_queue.assign(proposal_id, assignee)
        house.audit.append_in(connection, "queue", proposal_id, {"act": "assign", "to": assignee, "by": by})

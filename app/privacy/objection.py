"""An objection (GDPR Art. 21): nothing is sent, and nothing is scored or learned from this person any more.

The stop is one row that everything asks: sending and audiences (`policies/suppression.py`), hand-off and churn
(`LeadReader.objectors`), features and teaching (`FeatureReader`, `app/teaching.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, update

from app.deliver import mark
from app.kept_lists import drop_lists
from app.privacy.requests import answered, member, register
from domain.message import OutboxStatus
from domain.people import Consent, ConsentBasis, Suppression, SuppressionReason
from domain.review import ProposalStatus
from domain.rights import PrivacyRequest, RequestKind
from memory.crm import codec
from memory.crm.statements import CONSENTS, OUTBOX, PROPOSALS, SUPPRESSIONS, insert_new, writing

if TYPE_CHECKING:
    from app.wiring import House
    from domain.people import Contact

SOURCE = "attune privacy object"
_STOPPABLE = (OutboxStatus.PENDING.value, OutboxStatus.APPROVED.value, OutboxStatus.HELD.value)


def object_to(house: House, contact: Contact, wording: str = "", by: str = "") -> tuple[PrivacyRequest, int]:
    """Stop all messages, profiling and scoring of a contact; return the request and how many messages were stopped.

    Args:
        house: the workspace.
        contact: who objects.
        wording: what the person said, kept with the withdrawn consent as its wording.
        by: the member who recorded it.
    """
    request = register(house, contact.id, RequestKind.OBJECTION)
    with writing(house.engine) as connection:
        _stop(house, connection, contact, wording)
        stopped = withdraw_open(house, connection, (contact.id,), "the person objected (C-13)")
        house.audit.append_in(
            connection,
            "privacy",
            request.id,
            {"act": "objection", "person": request.person_hash, "messages_stopped": len(stopped)}
            | member(by),
        )
    for entry_id in stopped:
        mark(house, house.outbox.get(entry_id))
    # The features' file holds sums of what this person did; it is built anew without them.
    house.workspace.features.unlink(missing_ok=True)
    drop_lists(house)
    return answered(house, request, f"stopped; {len(stopped)} messages withdrawn", by), len(stopped)


def stop_meanwhile(house: House, contact: Contact) -> int:
    """Stop all messages of somebody who asked to be erased, until that is done; return how many were on their way."""
    with writing(house.engine) as connection:
        _stop(house, connection, contact, "")
        stopped = withdraw_open(house, connection, (contact.id,), "the person asked to be erased (C-14)")
    for entry_id in stopped:
        mark(house, house.outbox.get(entry_id))
    return len(stopped)


def withdraw_open(house: House, connection: Connection, contact_ids: tuple[str, ...], why: str) -> list[str]:
    """Withdraw what waits, is approved or is held, with its proposal; what is being sent this moment is not held up."""
    now = house.clock()
    moved = connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.contact_id.in_(contact_ids), OUTBOX.c.status.in_(_STOPPABLE))
        .values(status=OutboxStatus.WITHDRAWN.value, detail=why, updated_at=now)
        .returning(OUTBOX.c.id)
    )
    ids = list(moved.scalars())
    connection.execute(
        update(PROPOSALS)
        .where(PROPOSALS.c.outbox_id.in_(ids), PROPOSALS.c.status == ProposalStatus.WAITING.value)
        .values(status=ProposalStatus.EXPIRED.value, decided_at=now)
    )
    return ids


def _stop(house: House, connection: Connection, contact: Contact, wording: str) -> None:
    now = house.clock()
    stop = Suppression(
        # Who has no address is stopped under the contact's own id, so that one found later is stopped too.
        address=contact.email or contact.id,
        channel="all",
        reason=SuppressionReason.OBJECTION,
        source=SOURCE,
        since=now,
        contact_id=contact.id,
    )
    no = Consent(
        contact_id=contact.id,
        basis=ConsentBasis.EXPRESS,
        is_granted=False,
        recorded_at=now,
        source=SOURCE,
        wording=wording or None,
        proof="attune privacy object",
    )
    insert_new(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    insert_new(connection, CONSENTS, [codec.consent_row(no)])

"""What people ask for under their rights, with the day by which it is due (C-14)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from domain.errors import NotFound
from domain.message import Finding
from domain.rights import PrivacyRequest, RequestKind
from policies.deadlines import Asked, alarm, due_at

if TYPE_CHECKING:
    from app.wiring import House


def register(
    house: House, person_id: str, kind: RequestKind, received_at: datetime | None = None
) -> PrivacyRequest:
    """Note that a person asked for something; one of the same kind that is still open is returned instead.

    Args:
        house: the workspace.
        person_id: a contact's id, or the address of someone who is no contact; an address is not stored.
        kind: what is asked for.
        received_at: when it was asked, for the deadline; now if None.
    """
    received = received_at or house.clock()
    person = house.erased.person_hash(person_id)
    asked = Asked(contact_id=person_id, kind=kind, asked_at=received, country=_country(house, person_id))
    digest = hashlib.sha256(f"{person}:{kind.value}:{received.isoformat()}".encode()).hexdigest()
    request = PrivacyRequest(
        id=f"q_{digest[:10]}",
        kind=kind,
        contact_id=None if "@" in person_id else person_id,
        person_hash=person,
        received_at=received,
        due_at=due_at(asked, house.rules.deadlines),
    )
    told = {"act": "asked", "kind": kind.value, "person": person}
    return house.privacy_requests.open(
        request, lambda connection: house.audit.append_in(connection, "privacy", request.id, told)
    )


def answered(house: House, request: PrivacyRequest, outcome: str, by: str = "") -> PrivacyRequest:
    """Mark a request answered, and tell the audit; `by` is the member who did it."""
    told = {"act": "answered", "kind": request.kind.value} | member(by)
    return house.privacy_requests.close(
        request.id,
        outcome,
        house.clock(),
        lambda connection: house.audit.append_in(connection, "privacy", request.id, told),
    )


def member(by: str) -> dict[str, str]:
    """What the audit's line says of who did it; nothing where it was done on the command line."""
    return {"by": by} if by else {}


def pressing(house: House) -> list[tuple[PrivacyRequest, Finding]]:
    """Return open requests that are overdue or soon will be, with the alarm of each; the nearest deadline first."""
    now, rules = house.clock(), house.rules.deadlines
    waiting = house.privacy_requests.listed(only_open=True, limit=1_000)
    found = ((request, alarm(request, now, rules)) for request in waiting)
    return [(request, said) for request, said in found if said is not None]


def _country(house: House, person_id: str) -> str | None:
    """Where the contact is, for the deadline; None where that, or the contact, is not known."""
    try:
        return house.crm.contact(person_id).country
    except NotFound:
        return None
